/* Turns of a loop with an active idle handle, with `listen=1` beside a listening socket to which nobody connects. */
#include "bench.h"

static uv_loop_t loop;
static uv_idle_t idle;
static uv_tcp_t listener;

static void on_connection(uv_stream_t* stream, int status) {
    UNUSED(stream);
    FAIL("a connection: %d", status);
}

static void on_idle(uv_idle_t* handle) {
    if (window_count(1, 1024)) return;
    uv_close((uv_handle_t*)handle, NULL);
    if (number("listen", 0) != 0) uv_close((uv_handle_t*)&listener, NULL);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    CHECK_OK(uv_loop_init(&loop));
    if (number("listen", 0) != 0) {
        struct sockaddr_in address;
        CHECK_OK(uv_tcp_init(&loop, &listener));
        CHECK_OK(uv_ip4_addr("127.0.0.1", 0, &address));
        CHECK_OK(uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0));
        CHECK_OK(uv_listen((uv_stream_t*)&listener, 16, on_connection));
    }
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    window_prepare();
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    window_report();
    end_loop(&loop);
    return 0;
}
