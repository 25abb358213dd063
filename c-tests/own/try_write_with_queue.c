/* uv_try_write gives UV_EAGAIN while anything is queued or the socket is full, and writes what fits otherwise. */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t tcp, connecting;
static int peer, writes, connects;
static char* big;
enum { BIG = 16 << 20 };

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    writes++;
}

static void on_connect(uv_connect_t* req, int status) {
    uv_buf_t buf = uv_buf_init((char*)"x", 1);
    CHECK_EQ(status, 0);
    connects++;
    CHECK_EQ(uv_try_write(req->handle, &buf, 1), 1);
}

static void drain(void* arg) {
    static char sink[65536];
    uint64_t left = *(uint64_t*)arg;
    while (left > 0) {
        ssize_t n = recv(peer, sink, left < sizeof sink ? (size_t)left : sizeof sink, 0);
        CHECK_GT(n, 0);
        left -= (uint64_t)n;
    }
}

int main(void) {
    uv_thread_t drainer;
    uv_write_t req;
    uv_connect_t connect_req;
    struct sockaddr_in addr;
    uv_buf_t small = uv_buf_init((char*)"abc", 3);
    uv_buf_t large;
    uint64_t total = 0;
    int n, listener;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    big = calloc(1, BIG);
    large = uv_buf_init(big, BIG);

    CHECK_EQ(uv_try_write((uv_stream_t*)&tcp, &small, 1), 3);
    total += 3;
    n = uv_try_write((uv_stream_t*)&tcp, &large, 1);
    CHECK_GT(n, 0);
    CHECK_LT(n, BIG);
    total += (uint64_t)n;
    /* The socket is full; nothing is queued. */
    while ((n = uv_try_write((uv_stream_t*)&tcp, &large, 1)) > 0) total += (uint64_t)n;
    CHECK_EQ(n, UV_EAGAIN);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);

    CHECK_OK(uv_write(&req, (uv_stream_t*)&tcp, &small, 1, on_write));
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 3);
    CHECK_EQ(uv_try_write((uv_stream_t*)&tcp, &small, 1), UV_EAGAIN);
    total += 3;
    /* Room in the socket does not let it pass what is queued. */
    {
        static char sink[1 << 20];
        recv_all(peer, sink, sizeof sink);
        total -= sizeof sink;
    }
    CHECK_EQ(uv_try_write((uv_stream_t*)&tcp, &small, 1), UV_EAGAIN);
    CHECK_OK(uv_thread_create(&drainer, drain, &total));
    while (writes == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    CHECK_OK(uv_thread_join(&drainer));
    CHECK_EQ(uv_try_write((uv_stream_t*)&tcp, &small, 1), 3);

    listener = listen_plain(4);
    addr = loopback(socket_port(listener));
    CHECK_OK(uv_tcp_init(&loop, &connecting));
    CHECK_EQ(uv_try_write((uv_stream_t*)&connecting, &small, 1), UV_EBADF);
    CHECK_OK(uv_tcp_connect(&connect_req, &connecting, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(uv_try_write((uv_stream_t*)&connecting, &small, 1), UV_EAGAIN);
    while (connects == 0) uv_run(&loop, UV_RUN_ONCE);

    close(listener);
    close(peer);
    finish_loop(&loop);
    free(big);
    return 0;
}
