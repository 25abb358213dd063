/* An alloc_cb that gives no buffer (NULL, or length 0, or does not touch it) makes read_cb get UV_ENOBUFS; the data
 * stays where it is and is read when there is a buffer again. */
#include "check.h"

static uv_loop_t loop;
static int kind, refused, received;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    static char slab[65536];
    UNUSED(handle);
    UNUSED(suggested);
    if (kind == 0) *buf = uv_buf_init(NULL, 100);
    if (kind == 1) *buf = uv_buf_init(slab, 0);
    if (kind == 3) *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (kind < 3) {
        CHECK_EQ(nread, UV_ENOBUFS);
        refused++;
        if (++kind < 3) return;
        CHECK_OK(uv_read_stop(stream));
        CHECK_OK(uv_read_start(stream, on_alloc, on_read));
        return;
    }
    if (nread == 0) return;
    CHECK_EQ(nread, 5);
    CHECK_EQ(memcmp(buf->base, "hello", 5), 0);
    received++;
    uv_close((uv_handle_t*)stream, NULL);
}

int main(void) {
    uv_tcp_t tcp;
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
    send_all(peer, "hello", 5);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(refused, 3);
    CHECK_EQ(received, 1);
    close(peer);
    finish_loop(&loop);
    return 0;
}
