/* While a pipe connects it does so once: a second attempt gives UV_EALREADY, and the first is called back. A pipe that was bound, or whose
 * first attempt failed, is readable and writable once it is connected. */
/* not on libuv: it forgets the first attempt; and a pipe that has a descriptor already stays neither readable nor writable */
#include "check.h"

static uv_loop_t loop;
static uv_pipe_t server;
static int connected, failed;

static void on_connection(uv_stream_t* stream, int status) {
    UNUSED(stream);
    CHECK_OK(status);
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_OK(status);
    CHECK(uv_is_readable(req->handle) && uv_is_writable(req->handle));
    connected++;
    uv_close((uv_handle_t*)req->handle, NULL);
}

static void on_failure(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ENOENT);
    failed++;
}

int main(void) {
    uv_pipe_t pipe, bound, again;
    uv_connect_t first, second, other, third;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_pipe_init(&loop, &server, 0));
    CHECK_OK(uv_pipe_bind(&server, "server"));
    CHECK_OK(uv_listen((uv_stream_t*)&server, 8, on_connection));

    CHECK_OK(uv_pipe_init(&loop, &pipe, 0));
    CHECK_OK(uv_pipe_connect2(&first, &pipe, "server", 6, 0, on_connect));
    CHECK_EQ(uv_pipe_connect2(&second, &pipe, "server", 6, 0, on_connect), UV_EALREADY);
    CHECK_OK(uv_pipe_init(&loop, &bound, 0));
    CHECK_OK(uv_pipe_bind(&bound, "client"));
    CHECK_OK(uv_pipe_connect2(&other, &bound, "server", 6, 0, on_connect));
    while (connected < 2) uv_run(&loop, UV_RUN_ONCE);

    CHECK_OK(uv_pipe_init(&loop, &again, 0));
    uv_pipe_connect(&third, &again, "nobody", on_failure);
    while (failed < 1) uv_run(&loop, UV_RUN_ONCE);
    uv_pipe_connect(&third, &again, "server", on_connect);
    while (connected < 3) uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t*)&server, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(connected, 3);
    finish_loop(&loop);
    return 0;
}
