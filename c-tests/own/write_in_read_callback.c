/* A small write is done inside uv_write: the queue is empty on return, the data is with the peer, write_cb comes later
 * and never from inside uv_write, and afterwards the loop has nothing that would keep it from sleeping. */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_write_t requests[3];
static int peer, written, inside, reads;

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(inside, 0);
    CHECK(req == &requests[written]);
    CHECK(req->handle == (uv_stream_t*)&tcp);
    written++;
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    char got[3];
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 4);
    reads++;
    inside = 1;
    for (int i = 0; i < 3; i++) {
        uv_buf_t out = uv_buf_init((char*)"pong", i == 1 ? 0 : 1);
        CHECK_OK(uv_write(&requests[i], stream, &out, 1, on_write));
        CHECK_EQ(stream->write_queue_size, 0);
        CHECK_EQ(uv_stream_get_write_queue_size(stream), 0);
    }
    inside = 0;
    CHECK_EQ(recv(peer, got, sizeof got, MSG_DONTWAIT), 2);
    CHECK_EQ(written, 0);
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(uv_backend_timeout(&loop), -1);
    send_all(peer, "ping", 4);
    while (written < 3) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(reads, 1);
    CHECK_EQ(uv_backend_timeout(&loop), -1);
    CHECK_EQ(loop.active_reqs.count, 0);
    close(peer);
    finish_loop(&loop);
    return 0;
}
