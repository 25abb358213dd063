/* Closing a stream with gathered bytes: they are tried once; what the kernel does not take ends with UV_ECANCELED before close_cb. So
 * from every callback. A reset of the peer ends all of them, in order, and a write without a callback tells by the next call. */
/* not on libuv: it gathers nothing */
#include "check.h"

#include <uvring.h>

enum { WRITES = 20 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_timer_t timer;
static uvring_write_t reqs[WRITES];
static char data[1000000];
static int called, closed, failed, close_at;

static void on_close(uv_handle_t* handle) {
    CHECK(handle == (uv_handle_t*)&tcp);
    CHECK_EQ(called, WRITES);
    closed++;
}

static void on_write(uvring_write_t* req, int status) {
    CHECK(req == &reqs[called]);
    CHECK_EQ(closed, 0);
    if (status != 0) {
        CHECK(status == UV_ECANCELED || status == UV_EPIPE || status == UV_ECONNRESET);
        failed++;
    } else {
        CHECK_EQ(failed, 0);
    }
    /* May be used again, or freed. */
    memset(req, 0xff, sizeof *req);
    if (called++ == close_at) uv_close((uv_handle_t*)&tcp, on_close);
}

static void gather(int with_copies) {
    uv_buf_t buf = uv_buf_init(data, sizeof data);
    for (int i = 0; i < WRITES; i++) {
        CHECK_OK(uvring_write(&reqs[i], (uv_stream_t*)&tcp, &buf, 1, on_write));
        if (with_copies && i % 3 == 0) {
            int rc = uvring_write_copy((uv_stream_t*)&tcp, data, 1000);
            CHECK(rc == 0 || rc == UV_EAGAIN);
        }
    }
}

static void fail_timer(uv_timer_t* handle) {
    UNUSED(handle);
    FAIL("the writes did not end");
}

static void start(void) {
    called = closed = failed = 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, fail_timer, 5000, 0));
    uv_unref((uv_handle_t*)&timer);
}

static void end(int peer) {
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(called, WRITES);
    CHECK_EQ(closed, 1);
    uv_close((uv_handle_t*)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (peer != -1) close(peer);
}

static void on_check(uv_check_t* check) {
    gather(1);
    uv_close((uv_handle_t*)&tcp, on_close);
    uv_close((uv_handle_t*)check, NULL);
}

static void reset(int peer) {
    struct linger linger = {1, 0};
    CHECK_EQ(setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(peer);
}

int main(void) {
    uv_check_t check;
    uv_idle_t idle;
    int peer;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));

    /* Right behind the writes: what fits into the kernel arrives. */
    start();
    close_at = -1;
    peer = tcp_handle(&loop, &tcp);
    gather(1);
    uv_close((uv_handle_t*)&tcp, on_close);
    CHECK_EQ(uvring_write_copy((uv_stream_t*)&tcp, "x", 1), UV_EBADF);
    recv_all(peer, data, 1000);
    end(peer);

    /* In a callback of the loop. */
    start();
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_idle_init(&loop, &idle));
    uv_run(&loop, UV_RUN_NOWAIT);
    end(peer);

    /* In callbacks of writes, early and late. */
    for (int i = 0; i < 2; i++) {
        start();
        close_at = i;
        peer = tcp_handle(&loop, &tcp);
        gather(1);
        end(peer);
        CHECK_GT(failed, 0);
    }

    /* The peer resets the connection: all fail. */
    start();
    close_at = WRITES - 1;
    peer = tcp_handle(&loop, &tcp);
    send_all(peer, "x", 1);
    reset(peer);
    sleep_ms(5);
    gather(0);
    end(-1);
    CHECK_EQ(failed, WRITES);

    /* Without a callback, the next call tells, once. */
    start();
    peer = tcp_handle(&loop, &tcp);
    send_all(peer, "x", 1);
    reset(peer);
    sleep_ms(5);
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, data, 1000));
    uv_run(&loop, UV_RUN_DEFAULT);
    {
        int rc = uvring_write_copy((uv_stream_t*)&tcp, data, 1000);
        CHECK(rc == UV_ECONNRESET || rc == UV_EPIPE);
    }
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    uv_close((uv_handle_t*)&tcp, NULL);
    finish_loop(&loop);
    return 0;
}
