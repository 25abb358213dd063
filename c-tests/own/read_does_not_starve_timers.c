/* A stream on which data never stops does not keep the loop from its other business: a turn takes a bounded number of
 * reads from one stream (32 in libuv), then come timers, checks and other streams. */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t busy, quiet;
static uv_timer_t timer;
static uv_check_t check;
static int peer, quiet_peer;
static int reads_in_turn, most_reads, ticks, quiet_reads, checks;
static uint64_t received;
static _Atomic int stop;
static char slab[512];

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)stream, NULL);
        return;
    }
    CHECK_GE(nread, 0);
    if (stream == (uv_stream_t*)&quiet) {
        quiet_reads += nread > 0;
        return;
    }
    pattern_check(buf->base, received, (size_t)nread);
    received += (uint64_t)nread;
    reads_in_turn++;
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    checks++;
    if (reads_in_turn > most_reads) most_reads = reads_in_turn;
    reads_in_turn = 0;
}

static void on_timer(uv_timer_t* handle) {
    ticks++;
    if (ticks == 5) send_all(quiet_peer, "x", 1);
    if (ticks >= 20 && quiet_reads > 0) {
        stop = 1;
        uv_close((uv_handle_t*)handle, NULL);
        uv_close((uv_handle_t*)&check, NULL);
        uv_close((uv_handle_t*)&quiet, NULL);
    }
}

static void flood(void* arg) {
    static char data[65536];
    uint64_t at = 0;
    UNUSED(arg);
    while (!stop) {
        pattern_fill(data, at, sizeof data);
        send_all(peer, data, sizeof data);
        at += sizeof data;
    }
    CHECK_EQ(shutdown(peer, SHUT_WR), 0);
}

int main(void) {
    uv_thread_t flooder;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &busy);
    quiet_peer = tcp_handle(&loop, &quiet);
    CHECK_OK(uv_read_start((uv_stream_t*)&busy, on_alloc, on_read));
    CHECK_OK(uv_read_start((uv_stream_t*)&quiet, on_alloc, on_read));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 5));
    CHECK_OK(uv_thread_create(&flooder, flood, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&flooder));
    CHECK_GE(ticks, 20);
    CHECK_GT(quiet_reads, 0);
    CHECK_GT(most_reads, 1);
    CHECK_LE(most_reads, 32);
    close(peer);
    close(quiet_peer);
    finish_loop(&loop);
    return 0;
}
