/* uvring_write_zc calls `release` once for each write, after its callback, whatever became of it: written, failed, cancelled, closed in
 * the callback; and the callbacks of all writes are in order. */
/* not on libuv: it has no such write */
#include "check.h"

#include <uvring.h>

enum { WRITES = 10 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uvring_write_t reqs[WRITES];
static char data[1000000];
static int peer, called, released, closed, close_at, inside, without_callback;

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    CHECK_EQ(released, WRITES);
    closed = 1;
}

static void on_write(uvring_write_t* req, int status) {
    CHECK(!inside);
    CHECK(req == &reqs[called]);
    CHECK_EQ(req->status, status);
    CHECK_EQ(req->copied, 1);
    CHECK_LE(released, called);
    if (called++ == close_at) uv_close((uv_handle_t*)&tcp, on_close);
}

static void on_release(uvring_write_t* req) {
    CHECK(!inside);
    CHECK(!closed);
    CHECK(req == &reqs[released]);
    CHECK(without_callback || released < called);
    memset(req, 0xff, sizeof *req);
    released++;
}

static void write_all(size_t len) {
    uv_buf_t buf = uv_buf_init(data, (unsigned)len);
    called = released = closed = 0;
    inside = 1;
    peer = tcp_handle(&loop, &tcp);
    CHECK_EQ(uvring_write_zc(&reqs[0], (uv_stream_t*)&tcp, &buf, 1, on_write, NULL), UV_EINVAL);
    for (int i = 0; i < WRITES; i++) {
        CHECK_OK(uvring_write_zc(&reqs[i], (uv_stream_t*)&tcp, &buf, 1, without_callback ? NULL : on_write, on_release));
    }
    inside = 0;
}

static void end(void) {
    uv_run(&loop, UV_RUN_DEFAULT);
    if (!uv_is_closing((uv_handle_t*)&tcp)) uv_close((uv_handle_t*)&tcp, on_close);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, without_callback ? 0 : WRITES);
    CHECK_EQ(released, WRITES);
    CHECK_EQ(closed, 1);
    close(peer);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (without_callback = 0; without_callback < 2; without_callback++) {
        close_at = -1;
        write_all(100);
        end();
        write_all(100);
        uv_close((uv_handle_t*)&tcp, on_close);
        end();
        write_all(sizeof data);
        uv_run(&loop, UV_RUN_NOWAIT);
        for (int i = released; i < WRITES; i++) uvring_cancel((uvring_req_t*)&reqs[i]);
        end();
        write_all(sizeof data);
        uv_close((uv_handle_t*)&tcp, on_close);
        end();
    }
    without_callback = 0;
    for (close_at = 0; close_at < 4; close_at++) {
        write_all(100);
        end();
        write_all(50000);
        end();
    }
    finish_loop(&loop);
    return 0;
}
