/* From its read_cb a stream may be closed, stopped, started again, shut down and written to, with more data waiting:
 * after a close or a stop neither alloc_cb nor read_cb comes again. */
#include "check.h"

typedef enum { CLOSE, STOP, RESTART, SHUTDOWN, OTHER_CALLBACK, CLOSE_AT_EOF } Action;

static uv_loop_t loop;
static uv_tcp_t tcp;
static Action action;
static int allocs, reads, other_reads, ends, closes, shutdowns, alloc_outstanding;
static uint64_t received;
static uv_shutdown_t shutdown_req;
static char slab[4];

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(suggested);
    CHECK(!uv_is_closing(handle));
    CHECK_EQ(alloc_outstanding, 0);
    alloc_outstanding = 1;
    allocs++;
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_close(uv_handle_t* handle) { UNUSED(handle); closes++; }

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK(req->handle == (uv_stream_t*)&tcp);
    shutdowns++;
}

static void take(ssize_t nread, const uv_buf_t* buf) {
    CHECK_EQ(alloc_outstanding, 1);
    alloc_outstanding = 0;
    if (nread > 0) {
        pattern_check(buf->base, received, (size_t)nread);
        received += (uint64_t)nread;
    }
}

static void on_other_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    take(nread, buf);
    other_reads++;
    if (nread == UV_EOF) uv_close((uv_handle_t*)stream, on_close);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    take(nread, buf);
    CHECK(!uv_is_closing((uv_handle_t*)stream));
    reads++;
    if (nread == UV_EOF) {
        ends++;
        /* The end stops the reading by itself. */
        CHECK_EQ(uv_is_active((uv_handle_t*)stream), 0);
        CHECK_EQ(uv_is_readable(stream), 1);
        if (action == CLOSE_AT_EOF) uv_close((uv_handle_t*)stream, on_close);
        return;
    }
    CHECK_GE(nread, 0);
    switch (action) {
        case CLOSE:
            uv_close((uv_handle_t*)stream, on_close);
            break;
        case STOP:
            CHECK_OK(uv_read_stop(stream));
            CHECK_OK(uv_read_stop(stream));
            CHECK_EQ(uv_is_active((uv_handle_t*)stream), 0);
            break;
        case RESTART:
            CHECK_EQ(uv_read_start(stream, on_alloc, on_read), UV_EALREADY);
            CHECK_OK(uv_read_stop(stream));
            CHECK_OK(uv_read_start(stream, on_alloc, on_read));
            break;
        case SHUTDOWN:
            if (reads == 1) {
                CHECK_OK(uv_shutdown(&shutdown_req, stream, on_shutdown));
                CHECK_EQ(uv_is_writable(stream), 0);
            }
            break;
        case OTHER_CALLBACK:
            CHECK_OK(uv_read_stop(stream));
            CHECK_OK(uv_read_start(stream, on_alloc, on_other_read));
            break;
        case CLOSE_AT_EOF:
            break;
    }
}

static void begin(Action action_, int* peer) {
    char data[20];
    action = action_;
    allocs = reads = other_reads = ends = closes = shutdowns = 0;
    received = 0;
    *peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
    CHECK_EQ(uv_is_active((uv_handle_t*)&tcp), 1);
    pattern_fill(data, 0, sizeof data);
    send_all(*peer, data, sizeof data);
    CHECK_EQ(shutdown(*peer, SHUT_WR), 0);
}

static void turns(int n) {
    for (int i = 0; i < n; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

static void end(int peer) {
    if (!uv_is_closing((uv_handle_t*)&tcp)) uv_close((uv_handle_t*)&tcp, on_close);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(closes, 1);
    CHECK_EQ(alloc_outstanding, 0);
    close(peer);
}

int main(void) {
    int peer;
    char byte;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));

    begin(CLOSE, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(allocs, 1);
    CHECK_EQ(reads, 1);
    end(peer);

    begin(STOP, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(allocs, 1);
    turns(3);
    CHECK_EQ(allocs, 1);
    CHECK_EQ(received, 4);
    end(peer);

    begin(RESTART, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(received, 20);
    CHECK_EQ(ends, 1);
    turns(3);
    CHECK_EQ(ends, 1);
    end(peer);

    begin(SHUTDOWN, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(received, 20);
    CHECK_EQ(shutdowns, 1);
    CHECK_EQ(ends, 1);
    CHECK_EQ(recv(peer, &byte, 1, 0), 0);
    end(peer);

    begin(OTHER_CALLBACK, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(reads, 1);
    CHECK_GE(other_reads, 5);
    CHECK_EQ(received, 20);
    end(peer);

    begin(CLOSE_AT_EOF, &peer);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(received, 20);
    end(peer);
    finish_loop(&loop);
    return 0;
}
