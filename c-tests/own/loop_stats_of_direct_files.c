/* The counters say that no read or write waits for a disk on the loop's own thread: what goes past the cache rides the ring, or goes
 * to the pool outside uv_run(UV_RUN_DEFAULT) and where the file system has no such thing; what has to be on the disk when it is done
 * (O_SYNC, O_DSYNC) goes to the pool. */
/* not on libuv: it has no such counters */
/* not on mergerfs: it copies what is written to a place that is not aligned */
#include "check.h"

#include <sys/vfs.h>
#include <uvring.h>

enum { TIMES = 50, BLOCK = 4096 };

static uv_loop_t loop;
static uv_fs_t fs_req;
static char* block;
static char path[300];
static uv_file file;
static int left, writing;

static void on_fs(uv_fs_t* req);

static void again(void) {
    uv_buf_t buf = uv_buf_init(block, BLOCK);
    if (writing) {
        CHECK_OK(uv_fs_write(&loop, &fs_req, file, &buf, 1, 0, on_fs));
    } else {
        CHECK_OK(uv_fs_read(&loop, &fs_req, file, &buf, 1, 0, on_fs));
    }
}

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, BLOCK);
    uv_fs_req_cleanup(req);
    if (--left > 0) again();
}

static uvring_loop_stats_t stats(void) {
    uvring_loop_stats_t found = {.size = sizeof found};
    CHECK_OK(uvring_loop_stats(&loop, &found));
    return found;
}

/* Does one thing TIMES in callbacks, after once outside of uv_run. */
static void run(int flags, int writes, int mode, int rides) {
    uvring_loop_stats_t before = stats(), after;
    file = open(path, O_RDWR | O_CLOEXEC | flags);
    CHECK_GE(file, 0);
    left = TIMES + 1;
    writing = writes;
    again();
    while (uv_run(&loop, mode) != 0) continue;
    CHECK_EQ(left, 0);
    close(file);
    after = stats();
    CHECK_EQ(after.files_inline, before.files_inline);
    if (after.driver != UVRING_DRIVER_RING) rides = 0;
    CHECK_EQ(after.files_ring - before.files_ring, rides ? TIMES : 0);
    CHECK_EQ(after.files_pool - before.files_pool, rides ? 1 : TIMES + 1);
}

int main(void) {
    struct statfs about;
    int rides;
    watchdog(50);
    CHECK_EQ(posix_memalign((void**)&block, BLOCK, BLOCK), 0);
    memset(block, 'x', BLOCK);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0600);
    if (file < 0 && errno == EINVAL) SKIP("this file system has no O_DIRECT");
    CHECK_EQ(pwrite(file, block, BLOCK, 0), BLOCK);
    CHECK_EQ(fstatfs(file, &about), 0);
    close(file);
    rides = about.f_type == 0xef53 || about.f_type == 0x58465342;
    if (!rides) SKIP("what this file system can do is not known");
    CHECK_OK(uv_loop_init(&loop));
    /* The pool has to learn about the mount once. */
    CHECK_OK(uv_fs_stat(&loop, &fs_req, path, uv_fs_req_cleanup));
    uv_run(&loop, UV_RUN_DEFAULT);
    run(O_DIRECT, 0, UV_RUN_DEFAULT, 1);
    run(O_DIRECT, 0, UV_RUN_ONCE, 0);
    run(O_DIRECT, 1, UV_RUN_DEFAULT, 1);
    run(O_DIRECT, 1, UV_RUN_ONCE, 0);
    run(O_DSYNC, 1, UV_RUN_DEFAULT, 0);
    run(O_SYNC | O_DIRECT, 1, UV_RUN_DEFAULT, 0);
    free(block);
    finish_loop(&loop);
    return 0;
}
