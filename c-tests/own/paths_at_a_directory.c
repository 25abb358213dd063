/* The calls with `at` in their names do what those without do, from the directory that a descriptor names: with a callback and without. */
/* not on libuv: libuv has no such functions */
#include "check.h"

#include <uvring.h>

static uv_loop_t loop;
static uv_fs_cb callback;
static int calls;

static void on_done(uv_fs_t* req) {
    UNUSED(req);
    calls++;
}

/* The result of a call, whichever way it was made. */
static long result_of(uv_fs_t* req, int returned) {
    long result;
    if (callback != NULL) {
        CHECK_EQ(returned, 0);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(calls, 1);
        calls = 0;
    } else {
        CHECK_EQ(returned, req->result);
    }
    result = (long)req->result;
    uv_fs_req_cleanup(req);
    return result;
}

static void all_calls(int dir, const char* path_of_dir) {
    uv_fs_t req;
    struct stat st;
    char path[500];
    long fd;
    memset(&req, 0xff, sizeof req);
    CHECK_EQ(result_of(&req, uvring_fs_mkdirat(&loop, &req, dir, "sub", 0700, callback)), 0);
    CHECK_EQ(result_of(&req, uvring_fs_mkdirat(&loop, &req, dir, "sub", 0700, callback)), UV_EEXIST);
    fd = result_of(&req, uvring_fs_openat(&loop, &req, dir, "file", O_CREAT | O_RDWR, 0600, callback));
    CHECK_GE(fd, 0);
    CHECK_EQ(write((int)fd, "12345", 5), 5);
    close((int)fd);
    fd = result_of(&req, uvring_fs_openat(&loop, &req, dir, "file", O_RDONLY, 0, callback));
    CHECK_GE(fd, 0);
    CHECK_EQ(fcntl((int)fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close((int)fd);
    CHECK_EQ(result_of(&req, uvring_fs_symlinkat(&loop, &req, "file", dir, "soft", callback)), 0);
    for (unsigned flags = 0; flags <= UVRING_STAT_NOFOLLOW; flags++) {
        int returned = uvring_fs_statat(&loop, &req, dir, "soft", flags, callback);
        if (callback != NULL) CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(returned, 0);
        CHECK_EQ(req.result, 0);
        CHECK_EQ(fstatat(dir, "soft", &st, flags == 0 ? 0 : AT_SYMLINK_NOFOLLOW), 0);
        CHECK_EQ(((uv_stat_t*)req.ptr)->st_ino, st.st_ino);
        CHECK_EQ(((uv_stat_t*)req.ptr)->st_mode, st.st_mode);
        uv_fs_req_cleanup(&req);
        calls = 0;
    }
    CHECK_EQ(uvring_fs_statat(&loop, &req, dir, "soft", 2, callback), UV_EINVAL);
    CHECK_EQ(result_of(&req, uvring_fs_linkat(&loop, &req, dir, "file", dir, "sub/hard", 0, callback)), 0);
    CHECK_EQ(result_of(&req, uvring_fs_linkat(&loop, &req, dir, "soft", dir, "sub/same", AT_SYMLINK_FOLLOW, callback)), 0);
    CHECK_EQ(fstatat(dir, "sub/same", &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_EQ(st.st_nlink, 3);
    CHECK_EQ(result_of(&req, uvring_fs_renameat(&loop, &req, dir, "file", dir, "sub/hard", 1 /* RENAME_NOREPLACE */, callback)),
             UV_EEXIST);
    CHECK_EQ(result_of(&req, uvring_fs_renameat(&loop, &req, dir, "file", dir, "other", 0, callback)), 0);
    CHECK_EQ(result_of(&req, uvring_fs_unlinkat(&loop, &req, dir, "sub", 0, callback)), UV_EISDIR);
    for (const char* const* name = (const char* const[]){"sub/same", "sub/hard", "other", "soft", NULL}; *name != NULL; name++) {
        CHECK_EQ(result_of(&req, uvring_fs_unlinkat(&loop, &req, dir, *name, 0, callback)), 0);
    }
    CHECK_EQ(result_of(&req, uvring_fs_unlinkat(&loop, &req, dir, "sub", AT_REMOVEDIR, callback)), 0);
    /* Where a path is absolute the directory means nothing. */
    snprintf(path, sizeof path, "%s/absolute", path_of_dir);
    CHECK_EQ(result_of(&req, uvring_fs_mkdirat(&loop, &req, -1, path, 0700, callback)), 0);
    CHECK_EQ(result_of(&req, uvring_fs_unlinkat(&loop, &req, dir, "absolute", AT_REMOVEDIR, callback)), 0);
    CHECK_EQ(result_of(&req, uvring_fs_mkdirat(&loop, &req, -1, "relative", 0700, callback)), UV_EBADF);
    CHECK_EQ(result_of(&req, uvring_fs_mkdirat(&loop, &req, UVRING_CWD, "here", 0700, callback)), 0);
    CHECK_EQ(rmdir("here"), 0);
}

int main(void) {
    const char* path;
    int dir;
    watchdog(20);
    path = temp_dir();
    dir = open(path, O_RDONLY | O_DIRECTORY);
    CHECK_GE(dir, 0);
    CHECK_OK(uv_loop_init(&loop));
    all_calls(dir, path);
    callback = on_done;
    all_calls(dir, path);
    all_calls(dir, path);
    CHECK_OK(uv_loop_close(&loop));
    close(dir);
    return 0;
}
