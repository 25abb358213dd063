/* What the thread pool does for a file request begins while the callback that made the request still runs. */
#include "check.h"

static uv_fs_t req;
static char path[300];
static int done;

static void on_made(uv_fs_t* made) {
    CHECK_EQ(made->result, 0);
    uv_fs_req_cleanup(made);
    done++;
}

static void on_timer(uv_timer_t* timer) {
    struct stat found;
    CHECK_OK(uv_fs_mkdir(timer->loop, &req, path, 0700, on_made));
    /* Where nothing else could run meanwhile, there is nothing to wait for. */
    if (uv_available_parallelism() > 1) {
        while (stat(path, &found) != 0) sleep_ms(1);
    }
    CHECK_EQ(done, 0);
    uv_close((uv_handle_t*)timer, NULL);
}

int main(void) {
    uv_loop_t loop;
    uv_timer_t timer;
    watchdog(10);
    snprintf(path, sizeof path, "%s/made", temp_dir());
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 1);
    finish_loop(&loop);
    return 0;
}
