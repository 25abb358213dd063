/* A write's callback closes the stream, and a shutdown waits for that write: it is cancelled before the phase is over, and
 * before close_cb. */
#include "check.h"

static uv_shutdown_t shutdown_req;
static uv_check_t check;
static char order[8];

static void note(char what) { order[strlen(order)] = what; }

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    note('C');
}

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    note('c');
}

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    note('w');
    uv_close((uv_handle_t*)req->handle, on_close);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ECANCELED);
    note('s');
}

int main(void) {
    uv_loop_t loop;
    uv_pipe_t pipe_;
    uv_write_t write_req;
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    int peer = pipe_handle(&loop, &pipe_);
    CHECK_OK(uv_write(&write_req, (uv_stream_t*)&pipe_, &buf, 1, on_write));
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&pipe_, on_shutdown));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(order, "wsCc");
    close(peer);
    finish_loop(&loop);
    return 0;
}
