/* The counters say that sockets are waited for through the ring and served by plain calls on the loop's thread. Without
 * the ring it is epoll that waits. */
/* not on libuv: it has no such counters */
#include "check.h"

#include <uvring.h>

enum { MESSAGES = 50 };

static uv_loop_t loop;
static uv_tcp_t server, client, accepted;
static uv_connect_t connect_req;
static uv_write_t client_write, server_write;
static int messages;

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
}

static void send_byte(uv_write_t* req, uv_stream_t* stream) {
    uv_buf_t buf = uv_buf_init((char*)"x", 1);
    CHECK_OK(uv_write(req, stream, &buf, 1, on_write));
}

static void on_echo(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    if (++messages < MESSAGES) {
        send_byte(&client_write, stream);
        return;
    }
    uv_stop(&loop);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    send_byte(&server_write, stream);
}

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted, lend_slab, on_read));
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_read_start(req->handle, lend_slab, on_echo));
    send_byte(&client_write, req->handle);
}

int main(void) {
    uvring_loop_stats_t stats;
    struct sockaddr_in addr;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    addr = loopback(tcp_listen(&loop, &server, 4, on_connection));
    CHECK_OK(uv_tcp_init(&loop, &client));
    CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(messages, MESSAGES);
    stats.size = sizeof stats;
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    CHECK_GE(stats.polls, 3);
    CHECK_GE(stats.stream_reads, 2 * MESSAGES);
    CHECK_EQ(stats.stream_writes, 2 * MESSAGES);
    CHECK_EQ(stats.pool_jobs, 0);
    CHECK_EQ(stats.wakeups, 0);
    /* Sockets wait in epoll on either driver, registered once. */
    CHECK_LE(stats.polls, 8);
    CHECK_EQ(stats.ring_enters, 0);
    CHECK_GE(stats.epoll_waits, MESSAGES);
    finish_loop(&loop);
    return 0;
}
