/* B12: a synchronous uv_fs_* call (no callback) does not read its loop argument: NULL and a pointer to inaccessible
 * memory serve as well. Results, ptr, path and statbuf are there until uv_fs_req_cleanup. */
#include "check.h"

static uv_loop_t* loop;
static char dir[256];
static char name_a[300], name_b[300], name_c[300], name_d[300];

static void check_sizes(const char* path, uint64_t size) {
    uv_fs_t req;
    struct stat st;
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(uv_fs_stat(loop, &req, path, NULL), 0);
    CHECK_EQ(req.result, 0);
    CHECK_EQ(req.fs_type, UV_FS_STAT);
    CHECK(req.ptr == &req.statbuf);
    CHECK(uv_fs_get_statbuf(&req) == &req.statbuf);
    CHECK(uv_fs_get_ptr(&req) == &req.statbuf);
    CHECK_STR(req.path, path);
    CHECK_EQ(req.statbuf.st_size, size);
    CHECK_EQ(req.statbuf.st_ino, st.st_ino);
    CHECK_EQ(req.statbuf.st_dev, st.st_dev);
    CHECK_EQ(req.statbuf.st_mode, st.st_mode);
    CHECK_EQ(req.statbuf.st_nlink, st.st_nlink);
    CHECK_EQ(req.statbuf.st_uid, st.st_uid);
    CHECK_EQ(req.statbuf.st_gid, st.st_gid);
    CHECK_EQ(req.statbuf.st_blksize, st.st_blksize);
    CHECK_EQ(req.statbuf.st_blocks, st.st_blocks);
    CHECK_EQ(req.statbuf.st_mtim.tv_sec, st.st_mtim.tv_sec);
    CHECK_EQ(req.statbuf.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
    CHECK_EQ(req.statbuf.st_ctim.tv_nsec, st.st_ctim.tv_nsec);
    uv_fs_req_cleanup(&req);
    CHECK(req.ptr == NULL);
    CHECK(req.path == NULL);
}

static void all_calls(void) {
    uv_fs_t req;
    char data[64];
    uv_buf_t bufs[2];
    uv_file file;

    file = uv_fs_open(loop, &req, name_a, UV_FS_O_RDWR | UV_FS_O_CREAT | UV_FS_O_EXCL, 0640, NULL);
    CHECK_GE(file, 0);
    CHECK_EQ(req.result, file);
    CHECK_EQ(uv_fs_get_result(&req), file);
    CHECK_EQ(uv_fs_get_type(&req), UV_FS_OPEN);
    CHECK_STR(uv_fs_get_path(&req), name_a);
    CHECK_EQ(fcntl(file, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_open(loop, &req, name_a, UV_FS_O_RDWR | UV_FS_O_CREAT | UV_FS_O_EXCL, 0640, NULL), UV_EEXIST);
    CHECK_EQ(req.result, UV_EEXIST);
    CHECK_EQ(uv_fs_get_system_error(&req), EEXIST);
    uv_fs_req_cleanup(&req);

    bufs[0] = uv_buf_init((char*)"hello, ", 7);
    bufs[1] = uv_buf_init((char*)"world", 5);
    CHECK_EQ(uv_fs_write(loop, &req, file, bufs, 2, -1, NULL), 12);
    CHECK_EQ(req.result, 12);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_write(loop, &req, file, bufs, 1, 20, NULL), 7);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_fsync(loop, &req, file, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_fdatasync(loop, &req, file, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_fstat(loop, &req, file, NULL), 0);
    CHECK_EQ(req.statbuf.st_size, 27);
    CHECK(req.ptr == &req.statbuf);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_ftruncate(loop, &req, file, 12, NULL), 0);
    uv_fs_req_cleanup(&req);
    bufs[0] = uv_buf_init(data, 6);
    bufs[1] = uv_buf_init(data + 6, 50);
    CHECK_EQ(uv_fs_read(loop, &req, file, bufs, 2, 0, NULL), 12);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(memcmp(data, "hello, world", 12), 0);
    CHECK_EQ(uv_fs_read(loop, &req, file, bufs, 2, -1, NULL), 0);
    uv_fs_req_cleanup(&req);
    check_sizes(name_a, 12);
    CHECK_EQ(uv_fs_close(loop, &req, file, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_close(loop, &req, file, NULL), UV_EBADF);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_read(loop, &req, file, bufs, 1, 0, NULL), UV_EBADF);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_fstat(loop, &req, file, NULL), UV_EBADF);
    uv_fs_req_cleanup(&req);

    CHECK_EQ(uv_fs_link(loop, &req, name_a, name_b, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_link(loop, &req, name_a, name_b, NULL), UV_EEXIST);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_symlink(loop, &req, name_a, name_c, 0, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_symlink(loop, &req, name_a, name_c, 0, NULL), UV_EEXIST);
    uv_fs_req_cleanup(&req);
    check_sizes(name_c, 12);
    CHECK_EQ(uv_fs_lstat(loop, &req, name_c, NULL), 0);
    CHECK(S_ISLNK(req.statbuf.st_mode));
    CHECK_EQ(req.statbuf.st_size, strlen(name_a));
    CHECK_EQ(req.fs_type, UV_FS_LSTAT);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_rename(loop, &req, name_b, name_d, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_rename(loop, &req, name_b, name_d, NULL), UV_ENOENT);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_mkdir(loop, &req, name_b, 0700, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_mkdir(loop, &req, name_b, 0700, NULL), UV_EEXIST);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_unlink(loop, &req, name_b, NULL), UV_EISDIR);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(rmdir(name_b), 0);
    CHECK_EQ(uv_fs_unlink(loop, &req, name_c, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_unlink(loop, &req, name_d, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_unlink(loop, &req, name_a, NULL), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_unlink(loop, &req, name_a, NULL), UV_ENOENT);
    CHECK_EQ(req.result, UV_ENOENT);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_stat(loop, &req, name_a, NULL), UV_ENOENT);
    CHECK(req.ptr == NULL);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_open(loop, &req, name_a, UV_FS_O_RDONLY, 0, NULL), UV_ENOENT);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(uv_fs_open(loop, &req, dir, UV_FS_O_RDWR, 0, NULL), UV_EISDIR);
    uv_fs_req_cleanup(&req);
    /* Cleaning twice is harmless. */
    uv_fs_req_cleanup(&req);
}

int main(void) {
    void* poison;
    watchdog(10);
    snprintf(dir, sizeof dir, "%s", temp_dir());
    snprintf(name_a, sizeof name_a, "%s/a", dir);
    snprintf(name_b, sizeof name_b, "%s/b", dir);
    snprintf(name_c, sizeof name_c, "%s/c", dir);
    snprintf(name_d, sizeof name_d, "%s/d", dir);
    loop = NULL;
    all_calls();
    poison = mmap(NULL, sizeof(uv_loop_t) + 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(poison != MAP_FAILED);
    loop = poison;
    all_calls();
    return 0;
}
