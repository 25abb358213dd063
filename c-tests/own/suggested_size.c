/* What alloc_cb is told. The first suggestion on a stream socket is 65536; later ones are what there is to read and one byte more,
 * rounded up to a power of two from 1024 to 65536; after four that were alike, the same again until a read does not fit; at
 * the end, 65536. A program that gave more than was suggested is not asked again. UVRING_SUGGESTED_SIZE=65536 switches it off. */
/* not on libuv: it suggests 65536 always */
#include "check.h"

static uv_loop_t loop;
static size_t suggested, first, give, total, reads;
static ssize_t last;
static char slab[131072];

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    suggested = size;
    if (first == 0) first = size;
    *buf = uv_buf_init(slab, (unsigned)(give != 0 ? give : size));
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    last = nread;
    if (nread > 0) total += (size_t)nread;
    if (nread > 0) reads++;
    /* What a program may count on to be free for a NUL. */
    if (buf->len == suggested && suggested < 65536) CHECK_LT(nread, suggested);
}

/* The suggestion for `len` bytes that have arrived. */
static size_t for_bytes(int peer, size_t len) {
    static char data[65536];
    first = total = reads = 0;
    send_all(peer, data, len);
    sleep_ms(2);
    while (total < len) {
        uv_run(&loop, UV_RUN_ONCE);
        CHECK_GE(last, 0);
    }
    CHECK_EQ(total, len);
    return first;
}

/* Sizes that have long been alike, and what ends that. */
static void check_steady(int peer) {
    for (int i = 0; i < 40; i++) CHECK_EQ(for_bytes(peer, 100 + (size_t)i), 1024);
    /* One that does not fit comes whole all the same, in the same event. */
    CHECK_EQ(for_bytes(peer, 5000), 1024);
    CHECK_EQ(reads, 2);
    CHECK_EQ(suggested, 4096);
    CHECK_EQ(for_bytes(peer, 5000), 8192);
    CHECK_EQ(reads, 1);
    for (int i = 0; i < 40; i++) CHECK_EQ(for_bytes(peer, 6000), 8192);
    CHECK_EQ(for_bytes(peer, 8191), 8192);
    CHECK_EQ(reads, 1);
    CHECK_EQ(for_bytes(peer, 8192), 16384);
    for (int i = 0; i < 40; i++) CHECK_EQ(for_bytes(peer, 6000), 8192);
    CHECK_EQ(for_bytes(peer, 10), 8192);
    CHECK_EQ(for_bytes(peer, 10), 1024);
    /* Without room for the next to be a little longer it is never taken for granted. */
    for (int i = 0; i < 40; i++) CHECK_EQ(for_bytes(peer, 1000), 1024);
    CHECK_EQ(for_bytes(peer, 1100), 2048);
    CHECK_EQ(reads, 1);
}

static void check_stream(uv_stream_t* stream, int peer, int fitted) {
    CHECK_OK(uv_read_start(stream, on_alloc, on_read));
    give = 0;
    CHECK_EQ(for_bytes(peer, 10), 65536);
    CHECK_EQ(for_bytes(peer, 10), fitted ? 1024 : 65536);
    CHECK_EQ(for_bytes(peer, 1023), fitted ? 1024 : 65536);
    CHECK_EQ(for_bytes(peer, 1024), fitted ? 2048 : 65536);
    CHECK_EQ(for_bytes(peer, 5000), fitted ? 8192 : 65536);
    CHECK_EQ(for_bytes(peer, 40000), 65536);
    CHECK_OK(uv_read_stop(stream));
    CHECK_OK(uv_read_start(stream, on_alloc, on_read));
    CHECK_EQ(for_bytes(peer, 1), fitted ? 1024 : 65536);
    if (fitted) check_steady(peer);
    /* A buffer that is smaller is the program's affair. */
    give = 100;
    CHECK_EQ(for_bytes(peer, 10), fitted ? 1024 : 65536);
    CHECK_EQ(for_bytes(peer, 10), fitted ? 1024 : 65536);
    /* One that is larger shows that the program has its own. */
    give = sizeof slab;
    CHECK_EQ(for_bytes(peer, 10), fitted ? 1024 : 65536);
    CHECK_EQ(for_bytes(peer, 10), 65536);
    give = 0;
    CHECK_EQ(for_bytes(peer, 10), 65536);
    CHECK_EQ(shutdown(peer, SHUT_WR), 0);
    while (last != UV_EOF) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(suggested, 65536);
}

static void check_all(int fitted) {
    uv_tcp_t tcp, second;
    uv_pipe_t pipe_;
    int peer;
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    last = 0;
    check_stream((uv_stream_t*)&tcp, peer, fitted);
    close(peer);
    peer = pipe_handle(&loop, &pipe_);
    last = 0;
    check_stream((uv_stream_t*)&pipe_, peer, fitted);
    close(peer);

    /* The end after a fitted suggestion. */
    peer = tcp_handle(&loop, &second);
    CHECK_OK(uv_read_start((uv_stream_t*)&second, on_alloc, on_read));
    for_bytes(peer, 10);
    CHECK_EQ(for_bytes(peer, 10), fitted ? 1024 : 65536);
    close(peer);
    while (last != UV_EOF) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(suggested, 65536);
    finish_loop(&loop);
}

int main(void) {
    pid_t child;
    watchdog(20);
    /* The switch is read once, by the first read. */
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        CHECK_EQ(setenv("UVRING_SUGGESTED_SIZE", "65536", 1), 0);
        check_all(0);
        return 0;
    }
    check_all(1);
    expect_child_success(child);
    return 0;
}
