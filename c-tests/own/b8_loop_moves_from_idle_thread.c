/* B8: thread A made the loop, ran it and is alive, asleep on a lock; B runs the loop to its end, with writes in flight
 * that A began. Then the loop goes back and forth between the two. */
/* on tsan: threads meet here */
#include "check.h"

enum { BIG = 24 << 20, WRITES = 3 };

static uv_loop_t loop;
static uv_tcp_t writer, reader;
static uv_write_t requests[WRITES];
static uv_async_t async;
static uv_sem_t a_turn, b_turn;
static int writer_peer, reader_peer;
static char* big;
static int writes, asyncs;
static uint64_t received;

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK(req == &requests[writes]);
    writes++;
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    CHECK_GE(nread, 0);
    pattern_check(buf->base, received, (size_t)nread);
    received += (uint64_t)nread;
}

static void on_async(uv_async_t* handle) { UNUSED(handle); asyncs++; }

static void ping(int round) {
    char data[100];
    int before = asyncs;
    pattern_fill(data, (uint64_t)round * sizeof data, sizeof data);
    send_all(reader_peer, data, sizeof data);
    CHECK_OK(uv_async_send(&async));
    while (received < (uint64_t)(round + 1) * sizeof data || asyncs == before) uv_run(&loop, UV_RUN_ONCE);
}

enum { BOUNCES = 50 };

static void in_thread_a(void* arg) {
    UNUSED(arg);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    reader_peer = tcp_handle(&loop, &reader);
    writer_peer = tcp_handle(&loop, &writer);
    CHECK_OK(uv_read_start((uv_stream_t*)&reader, lend_slab, on_read));
    for (int i = 0; i < WRITES; i++) {
        uv_buf_t buf = uv_buf_init(big + i * (BIG / WRITES), BIG / WRITES);
        CHECK_OK(uv_write(&requests[i], (uv_stream_t*)&writer, &buf, 1, on_write));
    }
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_LT(writes, WRITES);
    uv_sem_post(&b_turn);
    for (int round = 1; round < BOUNCES; round += 2) {
        uv_sem_wait(&a_turn);
        ping(round);
        uv_sem_post(&b_turn);
    }
}

static void drain(void* arg) {
    static char data[65536];
    UNUSED(arg);
    for (uint64_t at = 0; at < BIG;) {
        size_t len = BIG - at < sizeof data ? (size_t)(BIG - at) : sizeof data;
        recv_all(writer_peer, data, len);
        pattern_check(data, at, len);
        at += len;
    }
}

static void in_thread_b(void* arg) {
    uv_thread_t drainer;
    UNUSED(arg);
    uv_sem_wait(&b_turn);
    CHECK_OK(uv_thread_create(&drainer, drain, NULL));
    while (writes < WRITES) uv_run(&loop, UV_RUN_ONCE);
    CHECK_OK(uv_thread_join(&drainer));
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&writer), 0);
    for (int round = 0; round < BOUNCES; round += 2) {
        if (round > 0) uv_sem_wait(&b_turn);
        ping(round);
        uv_sem_post(&a_turn);
    }
}

int main(void) {
    uv_thread_t a, b;
    watchdog(20);
    big = malloc(BIG);
    pattern_fill(big, 0, BIG);
    CHECK_OK(uv_sem_init(&a_turn, 0));
    CHECK_OK(uv_sem_init(&b_turn, 0));
    CHECK_OK(uv_thread_create(&a, in_thread_a, NULL));
    CHECK_OK(uv_thread_create(&b, in_thread_b, NULL));
    CHECK_OK(uv_thread_join(&a));
    CHECK_OK(uv_thread_join(&b));
    CHECK_EQ(received, BOUNCES * 100);
    finish_loop(&loop);
    close(writer_peer);
    close(reader_peer);
    uv_sem_destroy(&a_turn);
    uv_sem_destroy(&b_turn);
    free(big);
    return 0;
}
