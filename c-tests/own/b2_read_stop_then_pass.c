/* B2: a socket that was being read, was stopped, and is passed through an IPC pipe: the receiver gets the very next
 * byte, and the sender may close its own end at once. */
#include "check.h"

static uv_loop_t loop;
static uv_pipe_t out, in;
static uv_tcp_t mine, theirs;
static uv_write_t write_req;
static char slab[8], message[16], rest[64];
static size_t taken, got;
static int passed;

static void on_alloc_mine(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_sent(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK(req->send_handle == NULL || req->send_handle == (uv_stream_t*)&mine);
    uv_close((uv_handle_t*)&mine, NULL);
    passed = 1;
}

static void on_read_mine(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    uv_buf_t tag = uv_buf_init((char*)"h", 1);
    CHECK_GT(nread, 0);
    pattern_check(buf->base, 0, (size_t)nread);
    taken = (size_t)nread;
    CHECK_OK(uv_read_stop(stream));
    CHECK_OK(uv_write2(&write_req, (uv_stream_t*)&out, &tag, 1, stream, on_sent));
}

static void on_alloc_rest(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(rest + got, (unsigned)(sizeof rest - got));
}

static void on_read_rest(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)stream, NULL);
        uv_close((uv_handle_t*)&in, NULL);
        uv_close((uv_handle_t*)&out, NULL);
        return;
    }
    CHECK_GE(nread, 0);
    got += (size_t)nread;
}

static void on_alloc_in(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(message, sizeof message);
}

static void on_read_in(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    CHECK_EQ(nread, 1);
    CHECK_EQ(buf->base[0], 'h');
    CHECK_EQ(uv_pipe_pending_count((uv_pipe_t*)stream), 1);
    CHECK_EQ(uv_pipe_pending_type((uv_pipe_t*)stream), UV_TCP);
    CHECK_OK(uv_tcp_init(&loop, &theirs));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&theirs));
    CHECK_EQ(uv_pipe_pending_count((uv_pipe_t*)stream), 0);
    CHECK_OK(uv_read_stop(stream));
    CHECK_OK(uv_read_start((uv_stream_t*)&theirs, on_alloc_rest, on_read_rest));
}

int main(void) {
    char data[50];
    int fds[2];
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    unix_pair(fds);
    CHECK_OK(uv_pipe_init(&loop, &out, 1));
    CHECK_OK(uv_pipe_open(&out, fds[0]));
    CHECK_OK(uv_pipe_init(&loop, &in, 1));
    CHECK_OK(uv_pipe_open(&in, fds[1]));
    CHECK_OK(uv_read_start((uv_stream_t*)&in, on_alloc_in, on_read_in));
    peer = tcp_handle(&loop, &mine);
    CHECK_OK(uv_read_start((uv_stream_t*)&mine, on_alloc_mine, on_read_mine));
    uv_run(&loop, UV_RUN_NOWAIT);
    pattern_fill(data, 0, sizeof data);
    send_all(peer, data, sizeof data);
    CHECK_EQ(shutdown(peer, SHUT_WR), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK(passed);
    CHECK_EQ(taken + got, sizeof data);
    pattern_check(rest, taken, got);
    close(peer);
    finish_loop(&loop);
    return 0;
}
