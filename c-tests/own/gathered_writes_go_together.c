/* What is written to a stream in one iteration of the loop goes to the kernel in one call when the callbacks have run, or at
 * uvring_flush; callbacks come in order, and none inside a call. */
/* not on libuv: it gathers nothing */
#include "check.h"

#include <uvring.h>

enum { WRITES = 40 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uvring_write_t reqs[WRITES];
static int peer, called, inside;

static uint64_t writes(void) {
    uvring_loop_stats_t stats = {.size = sizeof stats};
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    return stats.stream_writes;
}

static void on_write(uvring_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(req->status, 0);
    CHECK(!inside);
    CHECK(req == &reqs[called]);
    CHECK(req->handle == (uv_stream_t*)&tcp);
    CHECK(req->loop == &loop);
    CHECK_EQ(req->done, 3);
    CHECK_EQ((intptr_t)req->data, called);
    called++;
}

static void gather(void) {
    static char text[] = "abc";
    inside = 1;
    for (int i = 0; i < WRITES; i++) {
        uv_buf_t bufs[3] = {{text, 1}, {text + 1, 1}, {text + 2, 1}};
        reqs[i].data = (void*)(intptr_t)i;
        CHECK_OK(uvring_write(&reqs[i], (uv_stream_t*)&tcp, bufs, 3, on_write));
        memset(bufs, 0xff, sizeof bufs);
        CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, "de", 2));
    }
    inside = 0;
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 5 * WRITES);
}

static void expect(int count) {
    char data[5 * WRITES];
    recv_all(peer, data, 5 * (size_t)count);
    for (int i = 0; i < 5 * count; i++) CHECK_EQ(data[i], "abcde"[i % 5]);
}

static void on_timer(uv_timer_t* timer) {
    uv_close((uv_handle_t*)timer, NULL);
    gather();
}

int main(void) {
    uv_timer_t timer;
    char byte;
    uint64_t before;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);

    /* Before the loop runs: when it does. */
    gather();
    CHECK_EQ(uv_backend_timeout(&loop), 0);
    CHECK_EQ(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
    before = writes();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(called, WRITES);
    CHECK_EQ(writes(), before + 1);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    expect(WRITES);

    /* From a callback: before uv_run returns. */
    called = 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    before = writes();
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(writes(), before + 1);
    expect(WRITES);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, WRITES);

    /* At a flush, of one stream and of all. */
    called = 0;
    gather();
    inside = 1;
    CHECK_OK(uvring_flush(&loop, (uv_stream_t*)&tcp));
    inside = 0;
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    CHECK_EQ(called, 0);
    expect(WRITES);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, WRITES);
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, "abcde", 5));
    CHECK_OK(uvring_flush(&loop, NULL));
    expect(1);

    /* A request may do without a callback, and be used again once the bytes are gone. */
    for (int i = 0; i < 2; i++) {
        uv_buf_t buf = {(char*)"abcde", 5};
        CHECK_OK(uvring_write(&reqs[0], (uv_stream_t*)&tcp, &buf, 1, NULL));
        uv_run(&loop, UV_RUN_DEFAULT);
        expect(1);
    }

    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(peer);
    finish_loop(&loop);
    return 0;
}
