/* How reads of uvring_read end: at the end of the stream and with its errors, all of them, with what they have; when they are
 * cancelled, and when the stream is closed, before close_cb; and what is refused. */
/* not on libuv: it has no such reads */
#include "check.h"

#include <uvring.h>

enum { READS = 4 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uvring_read_t reqs[READS];
static char data[READS][100];
static int peer, called, closed, wanted, close_in, inside;
static size_t first_done;

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    CHECK_EQ(called, READS);
    closed = 1;
}

static void on_read(uvring_read_t* req, int status) {
    CHECK(!inside);
    CHECK(!closed);
    CHECK(req == &reqs[called]);
    CHECK(status == wanted || (close_in >= 0 && called > close_in && status == UV_ECANCELED));
    CHECK_EQ(req->done, called == 0 ? first_done : 0);
    memset(req, 0xff, sizeof *req);
    if (called++ == close_in) uv_close((uv_handle_t*)&tcp, on_close);
}

static void start(int status, size_t first) {
    called = closed = 0;
    wanted = status;
    first_done = first;
    peer = tcp_handle(&loop, &tcp);
    for (int i = 0; i < READS; i++) {
        uv_buf_t buf = uv_buf_init(data[i], sizeof data[i]);
        CHECK_OK(uvring_read(&reqs[i], (uv_stream_t*)&tcp, &buf, 1, 10, on_read));
    }
}

static void end(void) {
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, READS);
    if (!uv_is_closing((uv_handle_t*)&tcp)) {
        CHECK_EQ(uv_is_active((uv_handle_t*)&tcp), 0);
        uv_close((uv_handle_t*)&tcp, on_close);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(closed, 1);
    if (peer != -1) close(peer);
}

int main(void) {
    struct linger linger = {1, 0};
    uvring_read_t req;
    uv_buf_t buf = uv_buf_init(data[0], 10);
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));

    for (close_in = -1; close_in < READS; close_in++) {
        start(UV_EOF, 3);
        send_all(peer, "abc", 3);
        CHECK_EQ(shutdown(peer, SHUT_WR), 0);
        end();
    }
    close_in = -1;

    start(UV_ECONNRESET, 0);
    CHECK_EQ(setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(peer);
    peer = -1;
    end();

    start(UV_ECANCELED, 3);
    send_all(peer, "abc", 3);
    for (int i = 0; i < 10; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_EQ(called, 0);
    inside = 1;
    for (int i = 0; i < READS; i++) CHECK_OK(uvring_cancel((uvring_req_t*)&reqs[i]));
    inside = 0;
    /* The next byte is another's. */
    send_all(peer, "defg", 4);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, READS);
    CHECK_EQ(memcmp(data[0], "abc", 3), 0);
    CHECK_EQ(recv(handle_fd(&tcp), data[0], 10, 0), 4);
    end();

    start(UV_ECANCELED, 0);
    send_all(peer, "abcdefghijklmnop", 16);
    inside = 1;
    uv_close((uv_handle_t*)&tcp, on_close);
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 1, 1, on_read), UV_EINVAL);
    inside = 0;
    end();

    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 1, 1, on_read), UV_ENOTCONN);
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 1, 0, on_read), UV_EINVAL);
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 1, 11, on_read), UV_EINVAL);
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 0, 1, on_read), UV_EINVAL);
    CHECK_EQ(uvring_read(&req, (uv_stream_t*)&tcp, &buf, 1, 1, NULL), UV_EINVAL);
    memset(&req, 0, sizeof req);
    CHECK_EQ(uvring_cancel((uvring_req_t*)&req), UV_ENOENT);
    finish_loop(&loop);
    return 0;
}
