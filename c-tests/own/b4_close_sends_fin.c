/* B4: when uv_close returns the descriptor is gone: the peer sees the end of the connection without another turn of
 * the loop, and the port can be bound again. */
#include "check.h"

static uv_loop_t loop;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_EQ(nread, 0);
}

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, UV_ECANCELED);
    free(req);
}

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    CHECK_EQ(status, 0);
}

static void on_datagram(uv_udp_t* udp, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr,
                        unsigned flags) {
    UNUSED(udp);
    UNUSED(buf);
    UNUSED(addr);
    UNUSED(flags);
    CHECK_EQ(nread, 0);
}

static void expect_end(int peer, int reset) {
    char byte;
    ssize_t n;
    set_receive_timeout(peer, 3000);
    n = recv(peer, &byte, 1, 0);
    if (reset) {
        CHECK(n < 0 && errno == ECONNRESET);
    } else {
        CHECK_EQ(n, 0);
    }
}

static void turn(int turns) {
    for (int i = 0; i < turns; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

/* `turns` is how often the loop ran with the read armed: not at all, or long enough to be waiting in the kernel. */
static void close_reader(int turns, int unread) {
    uv_tcp_t tcp;
    int peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    turn(turns);
    if (unread) {
        struct pollfd pfd = {handle_fd(&tcp), POLLIN, 0};
        send_all(peer, "unread", 6);
        CHECK_EQ(poll(&pfd, 1, 1000), 1);
    }
    uv_close((uv_handle_t*)&tcp, NULL);
    expect_end(peer, unread);
    close(peer);
    turn(1);
}

static void close_pipe_reader(int turns) {
    uv_pipe_t handle;
    int peer = pipe_handle(&loop, &handle);
    CHECK_OK(uv_read_start((uv_stream_t*)&handle, lend_slab, on_read));
    turn(turns);
    uv_close((uv_handle_t*)&handle, NULL);
    expect_end(peer, 0);
    close(peer);
    turn(1);
}

/* A write that cannot finish: what the kernel already took arrives, then the end. */
static void close_writer(int turns) {
    static char big[16 << 20];
    uv_buf_t buf = uv_buf_init(big, sizeof big);
    uv_tcp_t tcp;
    char sink[65536];
    ssize_t n;
    int peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_write(malloc(sizeof(uv_write_t)), (uv_stream_t*)&tcp, &buf, 1, on_write));
    turn(turns);
    CHECK_GT(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    uv_close((uv_handle_t*)&tcp, NULL);
    set_receive_timeout(peer, 3000);
    while ((n = recv(peer, sink, sizeof sink, 0)) > 0) {
    }
    CHECK_EQ(n, 0);
    close(peer);
    turn(1);
}

static void close_listener(int turns) {
    uv_tcp_t listener;
    struct sockaddr_in addr;
    int port = tcp_listen(&loop, &listener, 4, on_connection);
    int fd;
    turn(turns);
    uv_close((uv_handle_t*)&listener, NULL);
    addr = loopback(port);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_GE(fd, 0);
    CHECK_EQ(connect(fd, (struct sockaddr*)&addr, sizeof addr), -1);
    CHECK_EQ(errno, ECONNREFUSED);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    /* Without SO_REUSEADDR, on purpose. */
    CHECK_EQ(bind(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    CHECK_EQ(listen(fd, 1), 0);
    close(fd);
    turn(1);
}

static void close_udp(int turns) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    uv_udp_t udp;
    int fd;
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    CHECK_OK(uv_udp_recv_start(&udp, lend_slab, on_datagram));
    turn(turns);
    uv_close((uv_handle_t*)&udp, NULL);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(bind(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    close(fd);
    turn(1);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int turns = 0; turns < 4; turns++) {
        close_reader(turns, 0);
        close_reader(turns, 1);
        close_pipe_reader(turns);
        close_writer(turns);
        close_listener(turns);
        close_udp(turns);
    }
    finish_loop(&loop);
    return 0;
}
