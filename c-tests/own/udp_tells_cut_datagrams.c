/* A datagram of the unix domain can be longer than the suggested buffer. UV_UDP_PARTIAL says that it was cut, however the handle came
 * by its socket: by uv_udp_open, or over an IPC pipe. */
#include "check.h"

static uv_loop_t loop;
static uv_udp_t udp;
static unsigned got_flags;
static ssize_t got;

static void on_recv(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(handle);
    UNUSED(buf);
    if (addr == NULL) return;
    got = nread;
    got_flags = flags;
}

static void expect(int peer, size_t len, ssize_t received, unsigned flags) {
    static char message[100000];
    got = -1;
    CHECK_EQ(write(peer, message, len), len);
    while (got == -1) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(got, received);
    CHECK_EQ(got_flags, flags);
}

static void check(int peer) {
    CHECK_OK(uv_udp_recv_start(&udp, lend_slab, on_recv));
    expect(peer, 100, 100, 0);
    expect(peer, 65536, 65536, 0);
    expect(peer, 65537, 65536, UV_UDP_PARTIAL);
    expect(peer, 100000, 65536, UV_UDP_PARTIAL);
    expect(peer, 100, 100, 0);
    uv_close((uv_handle_t*)&udp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(peer);
}

static void datagram_pair(int fds[2]) {
    int size = 400000;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    CHECK_EQ(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
}

static void on_passed(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    CHECK_EQ(nread, 1);
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&udp));
    uv_close((uv_handle_t*)stream, NULL);
}

int main(void) {
    uv_pipe_t from, to;
    uv_udp_t passed;
    uv_write_t req;
    uv_buf_t byte = uv_buf_init("x", 1);
    int fds[2], ipc[2];
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    datagram_pair(fds);
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_open(&udp, fds[0]));
    check(fds[1]);

    datagram_pair(fds);
    unix_pair(ipc);
    CHECK_OK(uv_pipe_init(&loop, &from, 1));
    CHECK_OK(uv_pipe_open(&from, ipc[0]));
    CHECK_OK(uv_pipe_init(&loop, &to, 1));
    CHECK_OK(uv_pipe_open(&to, ipc[1]));
    CHECK_OK(uv_udp_init(&loop, &passed));
    CHECK_OK(uv_udp_open(&passed, fds[0]));
    CHECK_OK(uv_write2(&req, (uv_stream_t*)&from, &byte, 1, (uv_stream_t*)&passed, NULL));
    CHECK_OK(uv_read_start((uv_stream_t*)&to, lend_slab, on_passed));
    while (!uv_is_closing((uv_handle_t*)&to)) uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t*)&from, NULL);
    uv_close((uv_handle_t*)&passed, NULL);
    check(fds[1]);
    finish_loop(&loop);
    return 0;
}
