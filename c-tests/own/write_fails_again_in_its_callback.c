/* Writes to a peer that has gone, each from the callback of one before: all fail before the check phase of the same turn,
 * none waits for the next poll phase. */
#include "check.h"

static uv_pipe_t pipe_;
static uv_write_t requests[4];
static int failed, failed_at_check, turns;
static uv_buf_t buf;

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_EPIPE);
    failed++;
    /* Two are begun at first, so the queue is not empty here. */
    if (failed <= 2) CHECK_OK(uv_write(&requests[1 + failed], (uv_stream_t*)&pipe_, &buf, 1, on_write));
}

static void on_prepare(uv_prepare_t* handle) {
    UNUSED(handle);
    if (turns > 0) return;
    CHECK_OK(uv_write(&requests[0], (uv_stream_t*)&pipe_, &buf, 1, on_write));
    CHECK_OK(uv_write(&requests[1], (uv_stream_t*)&pipe_, &buf, 1, on_write));
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    if (turns++ == 0) failed_at_check = failed;
}

int main(void) {
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_check_t check;
    watchdog(10);
    buf = uv_buf_init((char*)"hello", 5);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    close(pipe_handle(&loop, &pipe_));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(failed_at_check, 4);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&pipe_), 0);
    finish_loop(&loop);
    return 0;
}
