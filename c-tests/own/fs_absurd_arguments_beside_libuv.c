/* Every uv_fs_* function with no request, no path, absurd descriptors, buffers, flags, modes and offsets: what it returns, what the
 * request has, and what was done to the files, is what libuv gives. */
/* not on aarch64: real libuv is not there */
/* not on asan-ring: real libuv is loaded before the sanitizer */
/* not on asan-epoll: real libuv is loaded before the sanitizer */
/* not on mergerfs: its many processes and folders take minutes there */
#include "fs_arguments.h"

static const char* path_at(size_t i) {
    const char* const all[] = {"", "a/b", long_path, long_name, "loop", "d", "a", "l", "dangling", "a/", NULL};
    return all[i];
}

enum { PATHS = 11 };

static const char* path_name(size_t i) {
    const char* path = path_at(i);
    return path == NULL ? "NULL" : i == 2 ? "a long path" : i == 3 ? "a long name" : path;
}

static void at_path(size_t i) {
    const char* p = path_at(i);
    const char* n = path_name(i);
    BOTH(uv_fs_open(L, R, p, O_RDONLY, 0, C), "open %s", n);
    BOTH(uv_fs_open(L, R, p, O_RDWR | O_CREAT, 0600, C), "create %s", n);
    BOTH(uv_fs_unlink(L, R, p, C), "unlink %s", n);
    BOTH(uv_fs_mkdir(L, R, p, 0700, C), "mkdir %s", n);
    BOTH(uv_fs_rmdir(L, R, p, C), "rmdir %s", n);
    BOTH(uv_fs_stat(L, R, p, C), "stat %s", n);
    BOTH(uv_fs_lstat(L, R, p, C), "lstat %s", n);
    BOTH(uv_fs_access(L, R, p, R_OK | X_OK, C), "access %s", n);
    BOTH(uv_fs_chmod(L, R, p, 0711, C), "chmod %s", n);
    BOTH(uv_fs_chown(L, R, p, 7, 8, C), "chown %s", n);
    BOTH(uv_fs_lchown(L, R, p, 7, 8, C), "lchown %s", n);
    BOTH(uv_fs_utime(L, R, p, 1e9, 1.1e9, C), "utime %s", n);
    BOTH(uv_fs_lutime(L, R, p, 1e9, 1.1e9, C), "lutime %s", n);
    BOTH(uv_fs_scandir(L, R, p, 0, C), "scandir %s", n);
    BOTH(uv_fs_opendir(L, R, p, C), "opendir %s", n);
    BOTH(uv_fs_readlink(L, R, p, C), "readlink %s", n);
    BOTH(uv_fs_realpath(L, R, p, C), "realpath %s", n);
    BOTH(uv_fs_statfs(L, R, p, C), "statfs %s", n);
    BOTH(uv_fs_mkdtemp(L, R, p, C), "mkdtemp %s", n);
    BOTH(uv_fs_mkstemp(L, R, p, C), "mkstemp %s", n);
    BOTH(uv_fs_link(L, R, p, "b", C), "link %s", n);
    BOTH(uv_fs_link(L, R, "a", p, C), "link to %s", n);
    BOTH(uv_fs_symlink(L, R, p, "b", -1, C), "symlink %s", n);
    BOTH(uv_fs_symlink(L, R, "a", p, 3, C), "symlink at %s", n);
    BOTH(uv_fs_rename(L, R, p, "b", C), "rename %s", n);
    BOTH(uv_fs_rename(L, R, "a", p, C), "rename to %s", n);
    BOTH(uv_fs_copyfile(L, R, p, "b", 0, C), "copyfile %s", n);
    BOTH(uv_fs_copyfile(L, R, "a", p, 0, C), "copyfile to %s", n);
}

static void paths(void) {
    for (size_t i = 0; i + 1 < PATHS; i++) {
        BATCH at_path(i);
    }
    /* Much of this ends libuv. */
    at_path(PATHS - 1);
}

static void descriptors(void) {
    static const char* const names[] = {"-1", "the least", "the most", "closed", "a folder", "O_PATH", "a pipe", "a file"};
    uv_buf_t buf = uv_buf_init((char*)(char[8]){0}, 8);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char* n = names[i];
#define FD ((const int[]){-1, INT32_MIN, INT32_MAX, FD_CLOSED, fd_folder, fd_path, fd_in, fd_file}[i])
        BOTH(uv_fs_close(L, R, FD, C), "close %s", n);
        BOTH(uv_fs_read(L, R, FD, &buf, 1, 0, C), "read %s", n);
        BOTH(uv_fs_read(L, R, FD, &buf, 1, -1, C), "read on %s", n);
        BOTH(uv_fs_write(L, R, FD, &buf, 1, 0, C), "write %s", n);
        BOTH(uv_fs_write(L, R, FD, &buf, 1, -1, C), "write on %s", n);
        BOTH(uv_fs_fsync(L, R, FD, C), "fsync %s", n);
        BOTH(uv_fs_fdatasync(L, R, FD, C), "fdatasync %s", n);
        BOTH(uv_fs_fstat(L, R, FD, C), "fstat %s", n);
        BOTH(uv_fs_ftruncate(L, R, FD, 3, C), "ftruncate %s", n);
        BOTH(uv_fs_fchmod(L, R, FD, 0711, C), "fchmod %s", n);
        BOTH(uv_fs_fchown(L, R, FD, 7, 8, C), "fchown %s", n);
        BOTH(uv_fs_futime(L, R, FD, 1e9, 1.1e9, C), "futime %s", n);
        BOTH(uv_fs_sendfile(L, R, FD, fd_file, 0, 4, C), "sendfile to %s", n);
        BOTH(uv_fs_sendfile(L, R, fd_file, FD, 0, 4, C), "sendfile from %s", n);
    }
}

static char text[4096];
static uv_buf_t many[3000];

static void absurd_lengths(void) {
    static const size_t lengths[] = {0, 1, 5, 100, 0x7ffff000, 0x7ffff001, (size_t)1 << 32, (size_t)1 << 62, (size_t)1 << 63, SIZE_MAX};
    BOTH(uv_fs_read(L, R, fd_file, NULL, 1, 0, C), "read into nothing");
    BOTH(uv_fs_write(L, R, fd_file, NULL, 1, 0, C), "write nothing");
    BOTH(uv_fs_read(L, R, FD_CLOSED, NULL, 0, 0, C), "read into nothing from nothing");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uv_buf_t none = {NULL, lengths[i]};
        uv_buf_t one = {text, lengths[i]};
        uv_buf_t two[] = {{text, 2}, {text + 2, lengths[i]}, {text + 2, 3}};
        uv_buf_t last[] = {{text, lengths[i]}, {text, 2}};
        BOTH(uv_fs_read(L, R, fd_file, &none, 1, 0, C), "read into NULL, %zx", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_in, &none, 1, -1, C), "read a pipe into NULL, %zx", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_file, &one, 1, 2, C), "read %zx", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_in, &one, 1, -1, C), "read a pipe, %zx", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_file, two, 3, 0, C), "read 2, %zx and 3", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_in, two, 3, -1, C), "read a pipe, 2, %zx and 3", lengths[i]);
        BOTH(uv_fs_read(L, R, fd_file, last, 2, 0, C), "read %zx and 2", lengths[i]);
        BOTH(uv_fs_write(L, R, fd_file, &none, 1, 0, C), "write NULL, %zx", lengths[i]);
        if (lengths[i] <= 100 || lengths[i] > 0x7ffff000) {
            BOTH(uv_fs_write(L, R, fd_file, &one, 1, 2, C), "write %zx", lengths[i]);
            BOTH(uv_fs_write(L, R, fd_file, two, 3, 2, C), "write 2, %zx and 3", lengths[i]);
        }
    }
}

static void absurd_offsets(void) {
    static const int64_t offsets[] = {0, -1, -2, INT64_MIN, 4, 10, 100, INT64_MAX, INT64_MAX - 100, (int64_t)1 << 45};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        for (unsigned n = 1; n < 3; n++) {
            BOTH(uv_fs_read(L, R, fd_file, many, n, offsets[i], C), "read %u at %lld", n, (long long)offsets[i]);
            BOTH(uv_fs_write(L, R, fd_file, many, n, offsets[i], C), "write %u at %lld", n, (long long)offsets[i]);
            BOTH(uv_fs_read(L, R, fd_in, many, n, offsets[i], C), "read %u of a pipe at %lld", n, (long long)offsets[i]);
            BOTH(uv_fs_write(L, R, fd_out, many, n, offsets[i], C), "write %u to a pipe at %lld", n, (long long)offsets[i]);
        }
        BOTH(uv_fs_ftruncate(L, R, fd_file, offsets[i], C), "ftruncate %lld", (long long)offsets[i]);
    }
}

static void many_buffers(void) {
    static const unsigned counts[] = {0, 1, 2, 4, 5, 1023, 1024, 1025, 2049, 3000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        BOTH(uv_fs_write(L, R, fd_file, many, counts[i], -1, C), "write %u buffers", counts[i]);
        BOTH((ftruncate(fd_file, 5000), uv_fs_read(L, R, fd_file, many, counts[i], 0, C)), "read %u buffers", counts[i]);
        BOTH(uv_fs_write(L, R, fd_out, many, counts[i], -1, C), "write %u buffers to a pipe", counts[i]);
    }
}

static void opens(void) {
    static const int flags[] = {-1, 3, O_WRONLY, O_TMPFILE, O_TMPFILE | O_RDWR, O_PATH, O_PATH | O_CREAT, O_PATH | O_RDWR, O_CREAT | O_DIRECTORY,
                                O_DIRECTORY, O_DIRECTORY | O_RDWR, O_EXCL, O_CREAT | O_EXCL, O_NOFOLLOW, O_NOFOLLOW | O_PATH, O_TRUNC, O_TRUNC | O_RDWR,
                                O_APPEND | O_RDWR, O_NONBLOCK, O_NONBLOCK | O_WRONLY, 0x40000000, INT32_MIN, O_CREAT | O_TRUNC | O_WRONLY, O_DIRECT};
    static const char* const paths[] = {"a", "d", "dangling"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) {
            BOTH(uv_fs_open(L, R, paths[k], flags[i], 0640, C), "open %s with %x", paths[k], (unsigned)flags[i]);
        }
        /* A FIFO opened without waiting. */
        if (flags[i] & O_NONBLOCK) BOTH(uv_fs_open(L, R, "f", flags[i], 0, C), "open a FIFO with %x", (unsigned)flags[i]);
    }
}

static void modes(void) {
    static const int modes[] = {-1, 0, 07777, 0170000, 0177777, 0x10000, INT32_MIN};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        BOTH(uv_fs_open(L, R, "b", O_CREAT | O_RDWR, modes[i], C), "create with mode %x", (unsigned)modes[i]);
        BOTH(uv_fs_mkdir(L, R, "b", modes[i], C), "mkdir with mode %x", (unsigned)modes[i]);
        BOTH(uv_fs_chmod(L, R, "a", modes[i], C), "chmod to %x", (unsigned)modes[i]);
        BOTH(uv_fs_fchmod(L, R, fd_folder, modes[i], C), "fchmod to %x", (unsigned)modes[i]);
        BOTH(uv_fs_access(L, R, "a", modes[i], C), "access %x", (unsigned)modes[i]);
        BOTH(uv_fs_copyfile(L, R, "a", "b", modes[i], C), "copyfile with %x", (unsigned)modes[i]);
        BOTH(uv_fs_scandir(L, R, "d", modes[i], C), "scandir with %x", (unsigned)modes[i]);
    }
    for (int mode = 0; mode < 10; mode++) {
        BOTH(uv_fs_access(L, R, "a", mode, C), "access to a file, %d", mode);
        BOTH(uv_fs_access(L, R, "d", mode, C), "access to a folder, %d", mode);
    }
    for (unsigned id = 0; id < 3; id++) {
        BOTH(uv_fs_chown(L, R, "l", id - 1, 5, C), "chown %d", (int)id - 1);
        BOTH(uv_fs_lchown(L, R, "l", 5, id - 1, C), "lchown %d", (int)id - 1);
        BOTH(uv_fs_fchown(L, R, fd_file, id - 1, id - 1, C), "fchown %d", (int)id - 1);
    }
}

static void without_a_request(void) {
    uv_buf_t buf = uv_buf_init(text, 4);
    uv_dir_t dir;
    memset(&dir, 0, sizeof dir);
#define NONE(call) BOTH((R = NULL, call), "%s", #call)
    NONE(uv_fs_open(L, R, "a", 0, 0, C));
    NONE(uv_fs_close(L, R, fd_file, C));
    NONE(uv_fs_read(L, R, fd_file, &buf, 1, 0, C));
    NONE(uv_fs_read(L, R, fd_file, NULL, 0, 0, C));
    NONE(uv_fs_write(L, R, fd_file, &buf, 1, 0, C));
    NONE(uv_fs_fsync(L, R, fd_file, C));
    NONE(uv_fs_fdatasync(L, R, fd_file, C));
    NONE(uv_fs_ftruncate(L, R, fd_file, 0, C));
    NONE(uv_fs_fstat(L, R, fd_file, C));
    NONE(uv_fs_fchmod(L, R, fd_file, 0, C));
    NONE(uv_fs_fchown(L, R, fd_file, 0, 0, C));
    NONE(uv_fs_futime(L, R, fd_file, 0, 0, C));
    NONE(uv_fs_sendfile(L, R, fd_file, fd_in, 0, 4, C));
    NONE(uv_fs_unlink(L, R, "a", C));
    NONE(uv_fs_mkdir(L, R, "b", 0, C));
    NONE(uv_fs_rmdir(L, R, "d", C));
    NONE(uv_fs_stat(L, R, "a", C));
    NONE(uv_fs_lstat(L, R, NULL, C));
    NONE(uv_fs_access(L, R, "a", 0, C));
    NONE(uv_fs_chmod(L, R, "a", 0, C));
    NONE(uv_fs_chown(L, R, "a", 0, 0, C));
    NONE(uv_fs_lchown(L, R, "a", 0, 0, C));
    NONE(uv_fs_utime(L, R, "a", 0, 0, C));
    NONE(uv_fs_lutime(L, R, "a", 0, 0, C));
    NONE(uv_fs_scandir(L, R, "d", 0, C));
    NONE(uv_fs_opendir(L, R, "d", C));
    NONE(uv_fs_readdir(L, R, &dir, C));
    NONE(uv_fs_closedir(L, R, &dir, C));
    NONE(uv_fs_readlink(L, R, "l", C));
    NONE(uv_fs_realpath(L, R, "l", C));
    NONE(uv_fs_statfs(L, R, "a", C));
    NONE(uv_fs_mkdtemp(L, R, "tXXXXXX", C));
    NONE(uv_fs_mkstemp(L, R, "tXXXXXX", C));
    NONE(uv_fs_link(L, R, "a", "b", C));
    NONE(uv_fs_symlink(L, R, "a", "b", 0, C));
    NONE(uv_fs_rename(L, R, "a", "b", C));
    NONE(uv_fs_copyfile(L, R, "a", "b", 0, C));
    NONE((uv_fs_req_cleanup(R), 0));
    NONE((C = on_fs, uv_fs_close(NULL, R, fd_file, C)));
    BOTH((L = NULL, uv_fs_stat(L, R, "a", C)), "no loop");
    BOTH((C = NULL, uv_fs_stat(L, R, "a", C)), "no callback");
    BOTH(uv_fs_readdir(L, R, NULL, C), "no folder to read");
    BOTH(uv_fs_readdir(L, R, &dir, C), "an empty folder to read");
    BOTH(uv_fs_closedir(L, R, NULL, C), "no folder to close");
    BOTH((memset(R, 0, sizeof *R), uv_fs_req_cleanup(R), 0), "a request of zeros");
}

static void cases(void) {
    make_paths();
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) many[i] = uv_buf_init(text + i, 1);
    paths();
    BATCH descriptors();
    BATCH absurd_lengths();
    BATCH absurd_offsets();
    BATCH many_buffers();
    BATCH opens();
    BATCH modes();
    without_a_request();
}

int main(int argc, char** argv) {
    /* Some ten thousand small files: that is half a minute on a busy disk. */
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    return beside_libuv(argc, argv, cases);
}
