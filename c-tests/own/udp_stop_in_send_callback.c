/* A UDP handle that stops receiving in the callback of its only send is inactive from then on. */
#include "check.h"

static int done;

static void on_recv(uv_udp_t* handle, ssize_t n, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(handle);
    UNUSED(n);
    UNUSED(buf);
    UNUSED(addr);
    UNUSED(flags);
}

static void on_send(uv_udp_send_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)req->handle), 1);
    CHECK_OK(uv_udp_recv_stop(req->handle));
    CHECK_EQ(uv_is_active((uv_handle_t*)req->handle), 0);
    CHECK_EQ(uv_loop_alive(req->handle->loop), 0);
    done++;
}

int main(void) {
    uv_loop_t loop;
    uv_udp_t udp;
    uv_udp_send_t req;
    struct sockaddr_in addr = loopback(0);
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    int len = sizeof addr;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    CHECK_OK(uv_udp_recv_start(&udp, lend_slab, on_recv));
    CHECK_OK(uv_udp_send(&req, &udp, &buf, 1, (struct sockaddr*)&addr, on_send));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(done, 1);
    finish_loop(&loop);
    return 0;
}
