/* A stream stops reading in its callback, a poll handle watches the same descriptor, and gives it back, again and again: whoever
 * watches hears of what comes, the other does not. */
#include "check.h"

enum { ROUNDS = 20 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_poll_t poller;
static int peer, fd, reads, polls;
static char room[16];

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf);

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(size);
    *buf = uv_buf_init(room, sizeof room);
}

/* The byte is left to the stream. */
static void on_poll(uv_poll_t* handle, int status, int events) {
    CHECK_EQ(status, 0);
    CHECK_EQ(events, UV_READABLE);
    CHECK_EQ(++polls, reads);
    CHECK_OK(uv_poll_stop(handle));
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    CHECK_EQ(n, 1);
    CHECK_EQ(++reads, polls + 1);
    CHECK_OK(uv_read_stop(stream));
    if (reads == ROUNDS) {
        uv_close((uv_handle_t*)&poller, NULL);
        uv_close((uv_handle_t*)stream, NULL);
        return;
    }
    CHECK_OK(uv_poll_start(&poller, UV_READABLE, on_poll));
    send_all(peer, "x", 1);
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    fd = handle_fd(&tcp);
    CHECK_OK(uv_poll_init(&loop, &poller, fd));
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
    send_all(peer, "x", 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(reads, ROUNDS);
    CHECK_EQ(polls, ROUNDS - 1);
    CHECK_EQ(uv_loop_close(&loop), 0);
    return 0;
}
