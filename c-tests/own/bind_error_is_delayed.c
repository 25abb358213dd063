/* EADDRINUSE from bind is kept and given by uv_listen, or by connect_cb; the handle stays closable. */
#include "check.h"

static uv_loop_t loop;
static int connects;

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    UNUSED(status);
    FAIL("no connection can come");
}

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_EADDRINUSE);
    connects++;
}

int main(void) {
    uv_tcp_t first, second, third;
    uv_connect_t req;
    struct sockaddr_in addr;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    addr = loopback(tcp_listen(&loop, &first, 4, on_connection));
    CHECK_OK(uv_tcp_init(&loop, &second));
    CHECK_OK(uv_tcp_bind(&second, (struct sockaddr*)&addr, 0));
    CHECK_EQ(uv_listen((uv_stream_t*)&second, 4, on_connection), UV_EADDRINUSE);
    CHECK_OK(uv_tcp_init(&loop, &third));
    CHECK_OK(uv_tcp_bind(&third, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_tcp_connect(&req, &third, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(connects, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(connects, 1);
    finish_loop(&loop);
    return 0;
}
