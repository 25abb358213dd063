/* The asynchronous file operations: results, errors, fs_type, path, new_path's effect, ptr and statbuf, as they are in
 * the callback. The path given to the call was copied: it is overwritten before the loop runs. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_t req;
static int calls;
static uv_fs_type type_seen;
static ssize_t result_seen;
static char dir[256];
static char path_a[300], path_b[300];

static void on_fs(uv_fs_t* r) {
    CHECK(r == &req);
    CHECK(r->loop == &loop);
    CHECK_EQ(r->type, UV_FS);
    /* It is no longer among the loop's requests. */
    CHECK_EQ(loop.active_reqs.count, 0);
    type_seen = r->fs_type;
    result_seen = r->result;
    calls++;
}

static char* in_dir(char* out, const char* name) {
    snprintf(out, 300, "%s/%s", dir, name);
    return out;
}

/* Runs what was just started; the request stays filled in for the caller. */
static void finish(int rc, uv_fs_type type, ssize_t result) {
    CHECK_EQ(rc, 0);
    CHECK_EQ(loop.active_reqs.count, 1);
    memset(path_a, '#', sizeof path_a - 1);
    memset(path_b, '#', sizeof path_b - 1);
    calls = 0;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(type_seen, type);
    if (result_seen != result) {
        FAIL("operation %d gave %lld, not %lld", (int)type, (long long)result_seen, (long long)result);
    }
}

static void clean(void) {
    uv_fs_req_cleanup(&req);
    CHECK(req.path == NULL);
    CHECK(req.ptr == NULL);
}

#define RUN(call, type, result)       \
    do {                              \
        finish((call), type, result); \
        clean();                      \
    } while (0)

#define A(name) in_dir(path_a, name)
#define B(name) in_dir(path_b, name)

static int open_file(const char* name, int flags) {
    calls = 0;
    CHECK_OK(uv_fs_open(&loop, &req, A(name), flags, 0600, on_fs));
    memset(path_a, '#', sizeof path_a - 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
    clean();
    CHECK_GE(result_seen, 0);
    return (int)result_seen;
}

static void check_stat(const char* name, int64_t size) {
    struct stat st;
    char path[300];
    CHECK_EQ(lstat(in_dir(path, name), &st), 0);
    CHECK(req.ptr == &req.statbuf);
    CHECK_EQ(req.statbuf.st_ino, st.st_ino);
    CHECK_EQ(req.statbuf.st_dev, st.st_dev);
    CHECK_EQ(req.statbuf.st_mode, st.st_mode);
    CHECK_EQ(req.statbuf.st_size, size);
    CHECK_EQ(req.statbuf.st_mtim.tv_sec, st.st_mtim.tv_sec);
    CHECK_EQ(req.statbuf.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
    CHECK_EQ(req.statbuf.st_atim.tv_sec, st.st_atim.tv_sec);
    CHECK_EQ(req.statbuf.st_flags, 0);
    CHECK_EQ(req.statbuf.st_gen, 0);
}

static void test_files(void) {
    char text[32] = "";
    uv_buf_t out = uv_buf_init((char*)"0123456789", 10);
    uv_buf_t in = uv_buf_init(text, 20);
    uv_buf_t many[3] = {uv_buf_init(text, 3), uv_buf_init(text + 3, 0), uv_buf_init(text + 3, 20)};
    char path[300];
    int fd = open_file("a", UV_FS_O_RDWR | UV_FS_O_CREAT);
    CHECK_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    int exclusive = UV_FS_O_RDWR | UV_FS_O_CREAT | UV_FS_O_EXCL;
    RUN(uv_fs_open(&loop, &req, A("a"), exclusive, 0600, on_fs), UV_FS_OPEN, UV_EEXIST);
    RUN(uv_fs_open(&loop, &req, A("none"), UV_FS_O_RDONLY, 0, on_fs), UV_FS_OPEN, UV_ENOENT);
    RUN(uv_fs_open(&loop, &req, A("a/b"), UV_FS_O_RDONLY, 0, on_fs), UV_FS_OPEN, UV_ENOTDIR);
    RUN(uv_fs_write(&loop, &req, fd, &out, 1, -1, on_fs), UV_FS_WRITE, 10);
    RUN(uv_fs_write(&loop, &req, fd, &out, 1, 5, on_fs), UV_FS_WRITE, 10);
    RUN(uv_fs_fsync(&loop, &req, fd, on_fs), UV_FS_FSYNC, 0);
    RUN(uv_fs_fdatasync(&loop, &req, fd, on_fs), UV_FS_FDATASYNC, 0);
    finish(uv_fs_fstat(&loop, &req, fd, on_fs), UV_FS_FSTAT, 0);
    check_stat("a", 15);
    clean();
    RUN(uv_fs_read(&loop, &req, fd, &in, 1, 0, on_fs), UV_FS_READ, 15);
    CHECK_EQ(memcmp(text, "012340123456789", 15), 0);
    memset(text, 0, sizeof text);
    RUN(uv_fs_read(&loop, &req, fd, many, 3, 1, on_fs), UV_FS_READ, 14);
    CHECK_EQ(memcmp(text, "12340123456789", 14), 0);
    RUN(uv_fs_read(&loop, &req, fd, &in, 1, 15, on_fs), UV_FS_READ, 0);
    RUN(uv_fs_ftruncate(&loop, &req, fd, 4, on_fs), UV_FS_FTRUNCATE, 0);
    finish(uv_fs_stat(&loop, &req, A("a"), on_fs), UV_FS_STAT, 0);
    CHECK_STR(req.path, in_dir(path, "a"));
    check_stat("a", 4);
    clean();
    RUN(uv_fs_close(&loop, &req, fd, on_fs), UV_FS_CLOSE, 0);
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    RUN(uv_fs_close(&loop, &req, fd, on_fs), UV_FS_CLOSE, UV_EBADF);
    RUN(uv_fs_read(&loop, &req, fd, &in, 1, 0, on_fs), UV_FS_READ, UV_EBADF);
    RUN(uv_fs_write(&loop, &req, fd, &out, 1, 0, on_fs), UV_FS_WRITE, UV_EBADF);
    RUN(uv_fs_fstat(&loop, &req, fd, on_fs), UV_FS_FSTAT, UV_EBADF);
    RUN(uv_fs_fsync(&loop, &req, fd, on_fs), UV_FS_FSYNC, UV_EBADF);
    RUN(uv_fs_ftruncate(&loop, &req, fd, 0, on_fs), UV_FS_FTRUNCATE, UV_EBADF);
    fd = open_file("a", UV_FS_O_RDONLY);
    RUN(uv_fs_write(&loop, &req, fd, &out, 1, 0, on_fs), UV_FS_WRITE, UV_EBADF);
    RUN(uv_fs_close(&loop, &req, fd, on_fs), UV_FS_CLOSE, 0);
    fd = open_file(".", UV_FS_O_RDONLY);
    RUN(uv_fs_read(&loop, &req, fd, &in, 1, 0, on_fs), UV_FS_READ, UV_EISDIR);
    RUN(uv_fs_close(&loop, &req, fd, on_fs), UV_FS_CLOSE, 0);
}

static void test_names(void) {
    char path[300];
    RUN(uv_fs_mkdir(&loop, &req, A("d"), 0700, on_fs), UV_FS_MKDIR, 0);
    RUN(uv_fs_mkdir(&loop, &req, A("d"), 0700, on_fs), UV_FS_MKDIR, UV_EEXIST);
    RUN(uv_fs_mkdir(&loop, &req, A("no/d"), 0700, on_fs), UV_FS_MKDIR, UV_ENOENT);
    RUN(uv_fs_link(&loop, &req, A("a"), B("l"), on_fs), UV_FS_LINK, 0);
    RUN(uv_fs_link(&loop, &req, A("a"), B("l"), on_fs), UV_FS_LINK, UV_EEXIST);
    RUN(uv_fs_link(&loop, &req, A("none"), B("m"), on_fs), UV_FS_LINK, UV_ENOENT);
    RUN(uv_fs_symlink(&loop, &req, A("a"), B("s"), 0, on_fs), UV_FS_SYMLINK, 0);
    RUN(uv_fs_symlink(&loop, &req, A("a"), B("s"), 0, on_fs), UV_FS_SYMLINK, UV_EEXIST);
    finish(uv_fs_lstat(&loop, &req, A("s"), on_fs), UV_FS_LSTAT, 0);
    CHECK(S_ISLNK(req.statbuf.st_mode));
    check_stat("s", (int64_t)strlen(in_dir(path, "a")));
    clean();
    finish(uv_fs_stat(&loop, &req, A("s"), on_fs), UV_FS_STAT, 0);
    CHECK(S_ISREG(req.statbuf.st_mode));
    CHECK_EQ(req.statbuf.st_nlink, 2);
    clean();
    RUN(uv_fs_rename(&loop, &req, A("l"), B("r"), on_fs), UV_FS_RENAME, 0);
    CHECK_EQ(access(in_dir(path, "r"), F_OK), 0);
    RUN(uv_fs_rename(&loop, &req, A("l"), B("r"), on_fs), UV_FS_RENAME, UV_ENOENT);
    RUN(uv_fs_rename(&loop, &req, A("r"), B("d"), on_fs), UV_FS_RENAME, UV_EISDIR);
    RUN(uv_fs_unlink(&loop, &req, A("d"), on_fs), UV_FS_UNLINK, UV_EISDIR);
    RUN(uv_fs_unlink(&loop, &req, A("r"), on_fs), UV_FS_UNLINK, 0);
    RUN(uv_fs_unlink(&loop, &req, A("a"), on_fs), UV_FS_UNLINK, 0);
    RUN(uv_fs_unlink(&loop, &req, A("a"), on_fs), UV_FS_UNLINK, UV_ENOENT);
    finish(uv_fs_stat(&loop, &req, A("s"), on_fs), UV_FS_STAT, UV_ENOENT);
    CHECK(req.ptr == NULL);
    CHECK_STR(req.path, in_dir(path, "s"));
    clean();
    RUN(uv_fs_unlink(&loop, &req, A("s"), on_fs), UV_FS_UNLINK, 0);
}

int main(void) {
    watchdog(10);
    snprintf(dir, sizeof dir, "%s", temp_dir());
    CHECK_OK(uv_loop_init(&loop));
    test_files();
    test_names();
    /* A call that cannot be started says so itself. */
    CHECK_EQ(uv_fs_read(&loop, &req, 0, NULL, 0, 0, on_fs), UV_EINVAL);
    CHECK_EQ(uv_fs_write(&loop, &req, 0, NULL, 0, 0, on_fs), UV_EINVAL);
    CHECK_EQ(loop.active_reqs.count, 0);
    finish_loop(&loop);
    return 0;
}
