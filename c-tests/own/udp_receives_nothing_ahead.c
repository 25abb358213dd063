/* UDP: alloc_cb comes only when a datagram is there and is answered by recv_cb; the suggestion is 65536; after
 * uv_udp_recv_stop, inside the callback or outside, the next datagram is the program's own to receive. */
#include "check.h"

static uv_loop_t loop;
static uv_udp_t udp;
static char slab[65536];
static int outstanding, received, stop_inside, sent;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    CHECK_EQ(suggested, 65536);
    CHECK_EQ(outstanding, 0);
    outstanding = 1;
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_receive(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr,
                       unsigned flags) {
    CHECK_EQ(outstanding, 1);
    outstanding = 0;
    CHECK(buf->base == slab);
    CHECK_EQ(flags, 0);
    if (nread == 0 && addr == NULL) return;
    CHECK_EQ(nread, 1);
    CHECK(addr != NULL);
    CHECK_EQ(slab[0], 'a' + received);
    received++;
    if (stop_inside) CHECK_OK(uv_udp_recv_stop(handle));
}

static void on_send(uv_udp_send_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    sent++;
}

static void settle(void) {
    for (int i = 0; i < 4; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

int main(void) {
    struct sockaddr_in addr = loopback(0);
    struct sockaddr_in peer_addr = loopback(0);
    uv_udp_send_t req;
    uv_buf_t buf = uv_buf_init((char*)"answer", 6);
    char data[16];
    int len = sizeof addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    watchdog(10);
    CHECK_EQ(bind(fd, (struct sockaddr*)&peer_addr, sizeof peer_addr), 0);
    peer_addr = loopback(socket_port(fd));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    CHECK_OK(uv_udp_recv_start(&udp, on_alloc, on_receive));
    settle();
    CHECK_EQ(connect(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    for (int i = 0; i < 3; i++) send_all(fd, &"abc"[i], 1);
    while (received < 3) uv_run(&loop, UV_RUN_ONCE);

    stop_inside = 1;
    for (int i = 0; i < 3; i++) send_all(fd, &"def"[i], 1);
    while (received < 4) uv_run(&loop, UV_RUN_ONCE);
    settle();
    CHECK_EQ(received, 4);
    CHECK_EQ(recv(handle_fd(&udp), data, sizeof data, 0), 1);
    CHECK_EQ(data[0], 'e');
    CHECK_EQ(recv(handle_fd(&udp), data, sizeof data, 0), 1);
    CHECK_EQ(data[0], 'f');

    stop_inside = 0;
    CHECK_OK(uv_udp_recv_start(&udp, on_alloc, on_receive));
    settle();
    CHECK_OK(uv_udp_recv_stop(&udp));
    send_all(fd, "x", 1);
    settle();
    CHECK_EQ(recv(handle_fd(&udp), data, sizeof data, MSG_DONTWAIT), 1);
    CHECK_EQ(data[0], 'x');

    CHECK_OK(uv_udp_send(&req, &udp, &buf, 1, (struct sockaddr*)&peer_addr, on_send));
    CHECK_EQ(sent, 0);
    while (sent == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(uv_udp_get_send_queue_size(&udp), 0);
    CHECK_EQ(recv(fd, data, sizeof data, 0), 6);
    CHECK_EQ(memcmp(data, "answer", 6), 0);
    close(fd);
    finish_loop(&loop);
    return 0;
}
