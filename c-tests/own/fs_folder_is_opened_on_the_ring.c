/* Opening a folder (O_DIRECTORY) changes nothing and rides the ring like any other open; making a file without a name (O_TMPFILE,
 * which contains the bit of O_DIRECTORY) changes the file system and goes to the pool. */
/* not on libuv: it has no counters */
#include "check.h"
#include <uvring.h>

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req;
static uvring_loop_stats_t before;
static int step;

static uvring_loop_stats_t stats(void) {
    uvring_loop_stats_t now;
    now.size = sizeof now;
    CHECK_OK(uvring_loop_stats(&loop, &now));
    return now;
}

static void next(uv_fs_t* r) {
    uvring_loop_stats_t now = stats();
    if (r != NULL) {
        /* Not every file system knows O_TMPFILE. */
        if (step == 1) CHECK_OK(r->result);
        if (r->result >= 0) close((int)r->result);
        uv_fs_req_cleanup(r);
    }
    switch (step++) {
    case 0:
        before = now;
        CHECK_OK(uv_fs_open(&loop, &req, ".", UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0, next));
        break;
    case 1:
        CHECK_EQ(now.files_ring - before.files_ring, 1);
        CHECK_EQ(now.files_pool - before.files_pool, 0);
        before = now;
        CHECK_OK(uv_fs_open(&loop, &req, ".", UV_FS_O_RDWR | O_TMPFILE, 0600, next));
        break;
    case 2:
        /* With one processor a kernel worker does better than a thread. */
        if (uv_available_parallelism() > 1) CHECK_EQ(now.files_pool - before.files_pool, 1);
        break;
    }
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    next(NULL);
}

int main(void) {
    watchdog(10);
    if (strcmp(getenv("UVRING_TEST_DRIVER"), "ring") != 0) SKIP("the ring is switched off");
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(step, 3);
    finish_loop(&loop);
    return 0;
}
