/* A reset connection: read_cb gets UV_ECONNRESET once, reading stops, the stream is neither readable nor writable; a
 * write that was waiting gets an error in its callback, and a write to a closed peer fails in the callback too. */
#include "check.h"

enum { BIG = 16 << 20 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static int read_status, reads, write_status, writes;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread >= 0) return;
    read_status = (int)nread;
    reads++;
    CHECK_EQ(uv_is_readable(stream), 0);
    CHECK_EQ(uv_is_writable(stream), 0);
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    write_status = status;
    writes++;
}

static void reset(int fd) {
    struct linger linger = {1, 0};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(fd);
}

int main(void) {
    static char big[BIG];
    uv_write_t req;
    uv_buf_t buf = uv_buf_init(big, BIG);
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));

    /* Reading. */
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    reset(peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(reads, 1);
    CHECK_EQ(read_status, UV_ECONNRESET);
    CHECK_EQ(uv_is_active((uv_handle_t*)&tcp), 0);
    uv_close((uv_handle_t*)&tcp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    /* A write that waits. */
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_write(&req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(writes, 0);
    CHECK_GT(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    reset(peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(writes, 1);
    CHECK(write_status == UV_ECONNRESET || write_status == UV_EPIPE);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    uv_close((uv_handle_t*)&tcp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    /* A write that fails inside uv_write: no signal, and the error still comes by the callback. */
    signal(SIGPIPE, SIG_IGN);
    peer = tcp_handle(&loop, &tcp);
    reset(peer);
    writes = 0;
    buf = uv_buf_init(big, 10);
    CHECK_OK(uv_write(&req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    CHECK_EQ(writes, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(writes, 1);
    CHECK(write_status == UV_ECONNRESET || write_status == UV_EPIPE);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    finish_loop(&loop);
    return 0;
}
