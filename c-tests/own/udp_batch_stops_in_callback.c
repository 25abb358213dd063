/* UV_UDP_RECVMMSG: parts of one buffer, then the buffer itself, once; no further callback when one of them stopped the
 * handle, and the next start begins with what the kernel still has. */
#include "check.h"

enum { COUNT = 10, PART = 65536 };

static uv_loop_t loop;
static uv_udp_t receiver;
static char buffer[4 * PART];
static int parts, frees, nothings, stop_at;

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    CHECK_EQ(size, PART);
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_recv(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    if (flags == UV_UDP_MMSG_CHUNK) {
        CHECK(addr != NULL);
        CHECK_EQ(nread, 1);
        CHECK_EQ(buf->len, PART);
        CHECK_EQ((buf->base - buffer) % PART, 0);
        parts++;
        if (parts == stop_at) CHECK_OK(uv_udp_recv_stop(handle));
        return;
    }
    CHECK_EQ(nread, 0);
    CHECK(addr == NULL);
    CHECK(buf->base == buffer);
    CHECK_EQ(buf->len, sizeof buffer);
    if (flags == UV_UDP_MMSG_FREE) {
        frees++;
    } else {
        CHECK_EQ(flags, 0);
        nothings++;
    }
}

int main(void) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    int sender = socket(AF_INET, SOCK_DGRAM, 0);
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init_ex(&loop, &receiver, UV_UDP_RECVMMSG));
    CHECK_EQ(uv_udp_using_recvmmsg(&receiver), 1);
    CHECK_OK(uv_udp_bind(&receiver, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&receiver, (struct sockaddr*)&addr, &len));
    for (int i = 0; i < COUNT; i++) CHECK_EQ(sendto(sender, "x", 1, 0, (struct sockaddr*)&addr, sizeof addr), 1);

    stop_at = 2;
    CHECK_OK(uv_udp_recv_start(&receiver, on_alloc, on_recv));
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    /* Two more were in the batch. */
    CHECK_EQ(parts, 2);
    CHECK_EQ(frees, 0);

    CHECK_OK(uv_udp_recv_start(&receiver, on_alloc, on_recv));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(parts, 2 + COUNT - 4);
    CHECK_EQ(frees, 2);
    CHECK_EQ(nothings, 1);
    close(sender);
    finish_loop(&loop);
    return 0;
}
