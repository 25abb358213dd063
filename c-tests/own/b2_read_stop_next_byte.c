/* B2: nothing is read ahead. After uv_read_stop, read(2) on the descriptor gets the very next byte, whether it came
 * before the stop or after; a later uv_read_start goes on where the plain reads ended. */
#include "check.h"

enum { ROUNDS = 60 };

static uv_loop_t loop;
static char slab[64];
static uint64_t received;
static int stop_after_read;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    CHECK_GE(nread, 0);
    pattern_check(buf->base, received, (size_t)nread);
    received += (uint64_t)nread;
    if (stop_after_read && nread > 0) CHECK_OK(uv_read_stop(stream));
}

static void run_until(uint64_t total) {
    while (received < total) uv_run(&loop, UV_RUN_ONCE);
}

static void try_stream(uv_stream_t* stream, int peer) {
    char data[1000];
    uint64_t sent = 0;
    int fd = handle_fd(stream);
    received = 0;
    for (int round = 0; round < ROUNDS; round++) {
        /* Data is waiting, and more of it than one read takes, when the reader stops from inside its callback. */
        stop_after_read = 1;
        pattern_fill(data, sent, sizeof data);
        send_all(peer, data, sizeof data);
        sent += sizeof data;
        CHECK_OK(uv_read_start(stream, on_alloc, on_read));
        uint64_t before = received;
        run_until(before + 1);
        CHECK_LE(received - before, sizeof slab);
        for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);

        /* More arrives while the stream is stopped; turns of the loop do not touch it. */
        pattern_fill(data, sent, 10);
        send_all(peer, data, 10);
        sent += 10;
        uv_run(&loop, UV_RUN_NOWAIT);
        before = received;
        while (received < sent - 300) {
            ssize_t n = read(fd, data, 150);
            CHECK_GT(n, 0);
            pattern_check(data, received, (size_t)n);
            received += (uint64_t)n;
        }

        /* The loop goes on from there. */
        stop_after_read = 0;
        CHECK_OK(uv_read_start(stream, on_alloc, on_read));
        run_until(sent);

        /* Armed and waiting, stopped outside any callback, then data: not a byte of it belongs to the loop. */
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_OK(uv_read_stop(stream));
        pattern_fill(data, sent, 100);
        send_all(peer, data, 100);
        sent += 100;
        if (round % 2) uv_run(&loop, UV_RUN_NOWAIT);
        recv_all(fd, data, 100);
        pattern_check(data, received, 100);
        received += 100;
        CHECK_EQ(received, sent);
    }

    /* The same with the data already there when the armed stream is stopped. */
    CHECK_OK(uv_read_start(stream, on_alloc, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    pattern_fill(data, sent, 100);
    send_all(peer, data, 100);
    CHECK_OK(uv_read_stop(stream));
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(received, sent);
    recv_all(fd, data, 100);
    pattern_check(data, sent, 100);
    uv_close((uv_handle_t*)stream, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(peer);
}

int main(void) {
    uv_tcp_t tcp;
    uv_pipe_t pipe_;
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    try_stream((uv_stream_t*)&tcp, peer);
    peer = pipe_handle(&loop, &pipe_);
    try_stream((uv_stream_t*)&pipe_, peer);
    finish_loop(&loop);
    return 0;
}
