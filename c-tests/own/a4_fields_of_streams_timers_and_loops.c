/* A4, the part that streams, timers and the loop carry: fields that are private by name and read by programs keep place
 * and meaning (bind9 copies flags, Julia reads io_watcher.fd and watchers, Node reads timer->timeout). */
#include "check.h"

enum {
    CLOSING = 0x1,
    CLOSED = 0x2,
    ACTIVE = 0x4,
    REF = 0x8,
    BOUND = 0x2000,
    READABLE = 0x4000,
    WRITABLE = 0x8000
};

static uv_loop_t loop;
static uv_tcp_t tcp, client;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_EQ(nread, 0);
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); }
static void on_connection(uv_stream_t* server, int status) { UNUSED(server); CHECK_EQ(status, 0); }

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK(((uv_tcp_t*)req->handle)->connect_req == NULL);
}

static void on_write(uv_write_t* req, int status) { UNUSED(req); UNUSED(status); }

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK(status == 0 || status == UV_ECANCELED);
    CHECK(req->handle->shutdown_req == NULL);
}

static void on_close(uv_handle_t* handle) {
    CHECK_EQ(handle->flags & CLOSING, CLOSING);
    CHECK_EQ(handle->flags & CLOSED, CLOSED);
    CHECK_EQ(handle->flags & ACTIVE, 0);
}

int main(void) {
    static char big[16 << 20];
    uv_buf_t buf = uv_buf_init(big, sizeof big);
    uv_write_t write_req;
    uv_shutdown_t shutdown_req;
    uv_connect_t connect_req;
    uv_tcp_t listener;
    uv_timer_t timer;
    struct sockaddr_in addr;
    int peer, fd;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_backend_fd(&loop), loop.backend_fd);

    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_EQ(timer.flags & (ACTIVE | REF), REF);
    CHECK_OK(uv_timer_start(&timer, on_timer, 5000, 0));
    CHECK_EQ(timer.timeout, uv_now(&loop) + 5000);
    CHECK_EQ(timer.flags & (ACTIVE | REF), ACTIVE | REF);
    CHECK_EQ(loop.active_handles, 1);
    CHECK_OK(uv_timer_stop(&timer));
    CHECK_EQ(timer.flags & ACTIVE, 0);
    CHECK_EQ(loop.active_handles, 0);

    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_EQ(tcp.io_watcher.fd, -1);
    uv_close((uv_handle_t*)&tcp, on_close);
    uv_run(&loop, UV_RUN_DEFAULT);

    peer = tcp_handle(&loop, &tcp);
    fd = handle_fd(&tcp);
    CHECK_EQ(tcp.io_watcher.fd, fd);
    CHECK_EQ(tcp.flags & (READABLE | WRITABLE), READABLE | WRITABLE);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(tcp.flags & ACTIVE, ACTIVE);
    CHECK_GT(loop.nwatchers, fd);
    CHECK(loop.watchers[fd] == &tcp.io_watcher);
    CHECK_OK(uv_read_stop((uv_stream_t*)&tcp));
    CHECK(loop.watchers[fd] == NULL);
    CHECK_OK(uv_write(&write_req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    CHECK_GT(tcp.write_queue_size, 0);
    CHECK_EQ(loop.active_reqs.count, 1);
    CHECK(loop.watchers[fd] == &tcp.io_watcher);
    CHECK(tcp.shutdown_req == NULL);
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&tcp, on_shutdown));
    CHECK(tcp.shutdown_req == &shutdown_req);
    uv_close((uv_handle_t*)&tcp, on_close);
    CHECK_EQ(tcp.io_watcher.fd, -1);
    CHECK_EQ(tcp.flags & CLOSING, CLOSING);
    CHECK_EQ(uv_fileno((uv_handle_t*)&tcp, &fd), UV_EBADF);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(peer);

    addr = loopback(tcp_listen(&loop, &listener, 1, on_connection));
    CHECK_EQ(listener.flags & (BOUND | ACTIVE), BOUND | ACTIVE);
    CHECK_OK(uv_tcp_init(&loop, &client));
    CHECK(client.connect_req == NULL);
    CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
    CHECK(client.connect_req == &connect_req);
    CHECK(connect_req.handle == (uv_stream_t*)&client);
    while (client.connect_req != NULL) uv_run(&loop, UV_RUN_ONCE);
    finish_loop(&loop);
    return 0;
}
