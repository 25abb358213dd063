/* uv_tcp_close_reset sends a reset instead of an end, at once; it is refused with UV_EINVAL once uv_shutdown was
 * asked for, and the handle stays open then. */
#include "check.h"

static uv_loop_t loop;
static int closes;

static void on_close(uv_handle_t* handle) { UNUSED(handle); closes++; }
static void on_shutdown(uv_shutdown_t* req, int status) { UNUSED(req); CHECK(status == 0 || status == UV_ECANCELED); }

int main(void) {
    uv_tcp_t tcp;
    uv_shutdown_t req;
    char byte;
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_OK(uv_tcp_close_reset(&tcp, on_close));
    CHECK(uv_is_closing((uv_handle_t*)&tcp));
    set_receive_timeout(peer, 3000);
    CHECK_EQ(recv(peer, &byte, 1, 0), -1);
    CHECK_EQ(errno, ECONNRESET);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(closes, 1);
    close(peer);

    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_shutdown(&req, (uv_stream_t*)&tcp, on_shutdown));
    CHECK_EQ(uv_tcp_close_reset(&tcp, on_close), UV_EINVAL);
    CHECK(!uv_is_closing((uv_handle_t*)&tcp));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(recv(peer, &byte, 1, 0), 0);
    uv_close((uv_handle_t*)&tcp, on_close);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(closes, 2);
    close(peer);
    finish_loop(&loop);
    return 0;
}
