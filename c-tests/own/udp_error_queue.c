/* With UV_UDP_LINUX_RECVERR a datagram that nobody took comes back: first the socket's error, then, flagged, each datagram
 * with its error, what it held and who reported it; then nothing. Nothing is taken while nobody receives, and stopping in
 * a callback leaves the rest. */
#include "check.h"

enum { COUNT = 3 };

static uv_loop_t loop;
static uv_udp_t handle;
static char buffer[65536];
static int allocs, errors, reports, nothings, stop_at;

static void on_alloc(uv_handle_t* h, size_t size, uv_buf_t* buf) {
    CHECK(h == (uv_handle_t*)&handle);
    CHECK_EQ(size, 65536);
    *buf = uv_buf_init(buffer, sizeof buffer);
    allocs++;
}

static void on_recv(uv_udp_t* h, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    CHECK(buf->base == buffer);
    if (flags & UV_UDP_LINUX_RECVERR) {
        /* libuv 1.53.0 gives the error as an unsigned number. */
        CHECK_EQ((int)nread, UV_ECONNREFUSED);
        CHECK_EQ(buffer[0], 'x');
        CHECK(addr != NULL && addr->sa_family == AF_INET);
        CHECK_EQ(((const struct sockaddr_in*)addr)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
        if (++reports == stop_at) CHECK_OK(uv_udp_recv_stop(h));
    } else if (nread == 0) {
        CHECK(addr == NULL);
        nothings++;
    } else {
        CHECK_EQ(nread, UV_ECONNREFUSED);
        errors++;
    }
}

static void turns(void) {
    for (int i = 0; i < 5; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(2);
    }
}

int main(void) {
    struct sockaddr_in nobody = loopback(0), any;
    socklen_t len = sizeof nobody;
    uv_buf_t buf = uv_buf_init("x", 1);
    int closed = socket(AF_INET, SOCK_DGRAM, 0);
    watchdog(10);
    /* A port that was free a moment ago. */
    CHECK_EQ(bind(closed, (struct sockaddr*)&nobody, len), 0);
    CHECK_EQ(getsockname(closed, (struct sockaddr*)&nobody, &len), 0);
    close(closed);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &handle));
    CHECK_OK(uv_ip4_addr("0.0.0.0", 0, &any));
    CHECK_OK(uv_udp_bind(&handle, (struct sockaddr*)&any, UV_UDP_LINUX_RECVERR));
    for (int i = 0; i < COUNT; i++) {
        /* A send may meet the error of the one before. */
        while (uv_udp_try_send(&handle, &buf, 1, (struct sockaddr*)&nobody) != 1) {}
        sleep_ms(2);
    }
    turns();
    CHECK_EQ(allocs, 0);

    stop_at = 1;
    CHECK_OK(uv_udp_recv_start(&handle, on_alloc, on_recv));
    turns();
    CHECK_EQ(errors, 1);
    CHECK_EQ(reports, 1);
    CHECK_EQ(allocs, 2);

    CHECK_OK(uv_udp_recv_start(&handle, on_alloc, on_recv));
    turns();
    /* The kernel makes the next report the socket's error again. */
    CHECK_LE(errors, 2);
    CHECK_EQ(reports, COUNT);
    CHECK_EQ(allocs, errors + reports + nothings);
    finish_loop(&loop);
    return 0;
}
