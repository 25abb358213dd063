/* A watcher that is stopped and started again while it looks: what it was started with first is not called any more, what it was
 * started with last sees the changes. The same in its own callback. */
/* not on libuv: the look that was under way goes on for the handle that is active again, and an assertion ends the process */
#include "check.h"

enum { INTERVAL_MS = 10, ROUNDS = 5 };

static uv_loop_t loop;
static uv_fs_poll_t watcher;
static char path[300];
static int fd, rounds;

static void wrong(uv_fs_poll_t* w, int status, const uv_stat_t* before, const uv_stat_t* after) {
    FAIL("stopped, but called: %p %d %p %p", (void*)w, status, (const void*)before, (const void*)after);
}

static void on_change(uv_fs_poll_t* w, int status, const uv_stat_t* before, const uv_stat_t* after);

static void start_again(void) {
    CHECK_OK(uv_fs_poll_start(&watcher, wrong, path, INTERVAL_MS));
    CHECK_OK(uv_fs_poll_stop(&watcher));
    CHECK_OK(uv_fs_poll_start(&watcher, wrong, "/", INTERVAL_MS));
    CHECK_OK(uv_fs_poll_stop(&watcher));
    CHECK_OK(uv_fs_poll_start(&watcher, on_change, path, INTERVAL_MS));
    sleep_ms(100);
    CHECK_EQ(write(fd, "x", 1), 1);
}

static void on_change(uv_fs_poll_t* w, int status, const uv_stat_t* before, const uv_stat_t* after) {
    CHECK_EQ(status, 0);
    CHECK_EQ(before->st_size, rounds);
    CHECK_EQ(after->st_size, ++rounds);
    CHECK_OK(uv_fs_poll_stop(w));
    if (rounds == ROUNDS) {
        uv_close((uv_handle_t*)w, NULL);
    } else {
        start_again();
    }
}

int main(void) {
    watchdog(20);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_poll_init(&loop, &watcher));
    start_again();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(rounds, ROUNDS);
    close(fd);
    finish_loop(&loop);
    return 0;
}
