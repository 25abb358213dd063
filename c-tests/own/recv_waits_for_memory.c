/* A stream whose kept views hold the pool's stream_max, and a pool without a free buffer, are not received into, and the loop does
 * not spin meanwhile; it goes on by itself when views are released, also outside a callback. */
/* not on libuv: it has no pools */
#include "check.h"

#include <uvring.h>

enum { BUFFER = 8192, MOST = 64 };

static uv_loop_t loop;
static uv_tcp_t streams[3];
static int peers[3];
static uint64_t received[3];
static uvring_view_t kept[MOST];
static int count, keeping;

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    uint64_t* got = &received[(uv_tcp_t*)stream - streams];
    CHECK_GT(nread, 0);
    pattern_check(view->base, *got, view->len);
    *got += view->len;
    if (keeping) {
        CHECK_LT(count, MOST);
        CHECK_OK(uvring_view_keep(view, 0, view->len, &kept[count++]));
    }
}

static void release_all(void) {
    while (count > 0) uvring_view_release(&kept[--count]);
}

static void on_timer(uv_timer_t* timer) {
    UNUSED(timer);
    uv_stop(&loop);
}

static void run_for(unsigned ms) {
    uv_timer_t timer;
    double before = processor_seconds();
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, ms, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t*)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_LT((long)((processor_seconds() - before) * 1000), (long)ms / 2 + 30);
}

static void feed(int i, uint64_t at, size_t len) {
    static char data[262144];
    pattern_fill(data, at, len);
    send_all(peers[i], data, len);
}

int main(void) {
    uvring_pool_options_t options = {.size = sizeof options, .buffer_size = BUFFER, .buffers = 2, .buffers_max = 4, .stream_max = 16384};
    uvring_pool_t pool;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uvring_pool_init(&loop, &pool, &options));
    for (int i = 0; i < 3; i++) {
        peers[i] = tcp_handle(&loop, &streams[i]);
        CHECK_OK(uvring_recv_start((uv_stream_t*)&streams[i], &pool, on_recv));
    }

    /* One stream may hold half of the pool. */
    keeping = 1;
    feed(0, 0, 100000);
    run_for(100);
    CHECK_GE(received[0], 16384);
    CHECK_LE(received[0], 16384 + BUFFER);
    /* Others take the rest, then nobody receives. */
    feed(1, 0, 100000);
    run_for(100);
    CHECK_GT(received[1], 0);
    CHECK_LE(received[0] + received[1], 4 * BUFFER);
    feed(2, 0, 10);
    run_for(100);
    CHECK_LE(received[0] + received[1] + received[2], 4 * BUFFER);
    CHECK_EQ(uv_is_active((uv_handle_t*)&streams[0]), 1);

    /* A stopped one does not go on. */
    CHECK_OK(uvring_recv_stop((uv_stream_t*)&streams[1]));
    keeping = 0;
    release_all();
    run_for(200);
    CHECK_EQ(received[0], 100000);
    CHECK_EQ(received[2], 10);
    CHECK_LT(received[1], 100000);
    CHECK_OK(uvring_recv_start((uv_stream_t*)&streams[1], &pool, on_recv));
    run_for(200);
    CHECK_EQ(received[1], 100000);

    /* Closing while parked; the views stay. */
    keeping = 1;
    received[0] = 0;
    feed(0, 0, 100000);
    run_for(50);
    CHECK_LT(received[0], 100000);
    uv_close((uv_handle_t*)&streams[0], NULL);
    run_for(10);
    {
        uint64_t at = 0;
        for (int i = 0; i < count; i++) {
            pattern_check(kept[i].base, at, kept[i].len);
            at += kept[i].len;
        }
        CHECK_EQ(at, received[0]);
    }
    release_all();
    keeping = 0;
    feed(1, 100000, 100000);
    run_for(100);
    CHECK_EQ(received[1], 200000);

    uv_close((uv_handle_t*)&streams[1], NULL);
    uv_close((uv_handle_t*)&streams[2], NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uvring_pool_close(&pool, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 3; i++) close(peers[i]);
    finish_loop(&loop);
    return 0;
}
