/* uv_close right after uv_tcp_connect, before any turn and after one: exactly one connect_cb before close_cb, cancelled
 * or with its own result, and the listener sees the end of whatever reached it. */
#include "check.h"

static uv_loop_t loop;
static int connects, closes;

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK(status == 0 || status == UV_ECANCELED);
    CHECK_EQ(closes, 0);
    connects++;
}

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    closes++;
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int turns = 0; turns < 3; turns++) {
        uv_tcp_t tcp;
        uv_connect_t req;
        struct sockaddr_in addr;
        int listener = listen_plain(4);
        int fd;
        char byte;
        addr = loopback(socket_port(listener));
        connects = closes = 0;
        CHECK_OK(uv_tcp_init(&loop, &tcp));
        CHECK_OK(uv_tcp_connect(&req, &tcp, (struct sockaddr*)&addr, on_connect));
        for (int i = 0; i < turns; i++) uv_run(&loop, UV_RUN_NOWAIT);
        uv_close((uv_handle_t*)&tcp, on_close);
        CHECK_EQ(closes, 0);
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        CHECK_GE(fd, 0);
        set_receive_timeout(fd, 3000);
        CHECK_EQ(recv(fd, &byte, 1, 0), 0);
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(connects, 1);
        CHECK_EQ(closes, 1);
        CHECK_EQ(loop.active_reqs.count, 0);
        close(fd);
        close(listener);
    }
    finish_loop(&loop);
    return 0;
}
