/* A stream is closed while several writes and a shutdown wait: all end with UV_ECANCELED before close_cb, and after that
 * the loop does not touch the handle any more. */
#include "check.h"

static uv_pipe_t* pipe_;
static uv_write_t requests[3];
static uv_shutdown_t shutdown_req;
static char data[1 << 20];
static int ended, turns;

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, UV_ECANCELED);
    CHECK_EQ(req - requests, ended++);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ECANCELED);
    CHECK_EQ(ended++, 3);
}

static void on_close(uv_handle_t* handle) {
    CHECK_EQ(ended++, 4);
    memset(handle, 0xcd, sizeof *pipe_);
    free(handle);
}

/* Keeps the loop turning. */
static void on_idle(uv_idle_t* handle) {
    if (++turns == 4) CHECK_OK(uv_idle_stop(handle));
}

int main(void) {
    uv_loop_t loop;
    uv_idle_t idle;
    uv_buf_t buf = uv_buf_init(data, sizeof data);
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    pipe_ = malloc(sizeof *pipe_);
    int peer = pipe_handle(&loop, pipe_);
    for (int i = 0; i < 3; i++) CHECK_OK(uv_write(&requests[i], (uv_stream_t*)pipe_, &buf, 1, on_write));
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)pipe_, on_shutdown));
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_close((uv_handle_t*)pipe_, on_close);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(ended, 5);
    close(peer);
    finish_loop(&loop);
    return 0;
}
