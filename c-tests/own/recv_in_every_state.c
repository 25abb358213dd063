/* What uvring_recv_start refuses; its end and its errors, each told once and after the bytes before; stopping and closing in its
 * callback; a failed write that nobody is called for ends it; pools as they may not be. */
/* not on libuv: it has no pools */
#include "check.h"

#include <uvring.h>

static uv_loop_t loop;
static uv_tcp_t tcp;
static uvring_view_t kept;
static int peer, calls, last, then;

enum { NOTHING, STOP, CLOSE, KEEP_AND_CLOSE };

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    calls++;
    last = (int)nread;
    if (nread < 0) {
        CHECK(view == NULL);
        CHECK_EQ(uv_is_active((uv_handle_t*)stream), 0);
        return;
    }
    if (then == STOP) CHECK_OK(uvring_recv_stop(stream));
    if (then == KEEP_AND_CLOSE) CHECK_OK(uvring_view_keep(view, 1, 2, &kept));
    if (then >= CLOSE) uv_close((uv_handle_t*)stream, NULL);
    if (then == CLOSE) CHECK_EQ(uvring_recv_start(stream, NULL, on_recv), UV_EINVAL);
}

static void start(int what) {
    calls = last = 0;
    then = what;
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uvring_recv_start((uv_stream_t*)&tcp, NULL, on_recv));
}

static void run(void) {
    for (int i = 0; i < 20; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
}

static void end(void) {
    if (!uv_is_closing((uv_handle_t*)&tcp)) uv_close((uv_handle_t*)&tcp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (peer != -1) close(peer);
}

static void reset(void) {
    struct linger linger = {1, 0};
    CHECK_EQ(setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(peer);
    peer = -1;
}

int main(void) {
    uv_loop_t other;
    uvring_pool_t pool;
    uvring_pool_options_t options;
    uv_pipe_t pipe;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_loop_init(&other));

    memset(&options, 0, sizeof options);
    CHECK_EQ(uvring_pool_init(&loop, &pool, &options), UV_EINVAL);
    options.size = sizeof options;
    options.buffer_size = 5000;
    CHECK_EQ(uvring_pool_init(&loop, &pool, &options), UV_EINVAL);
    options.buffer_size = 8192;
    options.buffers = 3;
    CHECK_EQ(uvring_pool_init(&loop, &pool, &options), UV_EINVAL);
    options.buffers = 4;
    options.buffers_max = 2;
    CHECK_EQ(uvring_pool_init(&loop, &pool, &options), UV_EINVAL);
    options.buffers_max = 0;
    options.flags = 1;
    CHECK_EQ(uvring_pool_init(&loop, &pool, &options), UV_EINVAL);
    options.flags = 0;
    CHECK_OK(uvring_pool_init(&other, &pool, &options));

    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_EQ(uvring_recv_start((uv_stream_t*)&tcp, NULL, on_recv), UV_ENOTCONN);
    CHECK_OK(uvring_recv_stop((uv_stream_t*)&tcp));
    uv_close((uv_handle_t*)&tcp, NULL);
    CHECK_OK(uv_pipe_init(&loop, &pipe, 1));
    CHECK_EQ(uvring_recv_start((uv_stream_t*)&pipe, NULL, on_recv), UV_ENOTSUP);
    uv_close((uv_handle_t*)&pipe, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    peer = tcp_handle(&loop, &tcp);
    CHECK_EQ(uvring_recv_start((uv_stream_t*)&tcp, &pool, on_recv), UV_EINVAL);
    CHECK_EQ(uvring_recv_start((uv_stream_t*)&tcp, NULL, NULL), UV_EINVAL);
    end();

    /* The end comes once, after the bytes. */
    start(NOTHING);
    send_all(peer, "abc", 3);
    CHECK_EQ(shutdown(peer, SHUT_WR), 0);
    run();
    CHECK_EQ(calls, 2);
    CHECK_EQ(last, UV_EOF);
    end();

    /* A hang-up of a pipe without bytes. */
    {
        int fds[2];
        CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
        calls = 0;
        CHECK_OK(uv_pipe_init(&loop, &pipe, 0));
        CHECK_OK(uv_pipe_open(&pipe, fds[0]));
        CHECK_OK(uvring_recv_start((uv_stream_t*)&pipe, NULL, on_recv));
        run();
        CHECK_EQ(calls, 0);
        close(fds[1]);
        run();
        CHECK_EQ(calls, 1);
        CHECK_EQ(last, UV_EOF);
        uv_close((uv_handle_t*)&pipe, NULL);
    }

    /* A reset. */
    start(NOTHING);
    reset();
    run();
    CHECK_EQ(calls, 1);
    CHECK_EQ(last, UV_ECONNRESET);
    CHECK_EQ(uvring_recv_start((uv_stream_t*)&tcp, NULL, on_recv), UV_ENOTCONN);
    end();

    /* No callback after a stop; the next start goes on with the next byte. */
    start(STOP);
    send_all(peer, "abc", 3);
    run();
    send_all(peer, "defg", 4);
    run();
    CHECK_EQ(calls, 1);
    CHECK_EQ(last, 3);
    CHECK_OK(uvring_recv_start((uv_stream_t*)&tcp, NULL, on_recv));
    run();
    CHECK_EQ(calls, 2);
    CHECK_EQ(last, 4);
    CHECK_OK(uvring_recv_start((uv_stream_t*)&tcp, NULL, on_recv));
    CHECK_OK(uv_read_stop((uv_stream_t*)&tcp));
    CHECK_EQ(uv_is_active((uv_handle_t*)&tcp), 0);
    end();

    /* Closed in the callback; what was kept stays, and keeps the loop from being closed. */
    start(CLOSE);
    send_all(peer, "abc", 3);
    run();
    CHECK_EQ(calls, 1);
    end();
    start(KEEP_AND_CLOSE);
    send_all(peer, "abc", 3);
    run();
    end();
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    CHECK_EQ(memcmp(kept.base, "bc", kept.len), 0);
    uvring_view_release(&kept);

    /* A write that fails and has no callback ends receiving with its error. */
    start(NOTHING);
    CHECK_EQ(shutdown(handle_fd(&tcp), SHUT_WR), 0);
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, "x", 1));
    run();
    CHECK_EQ(calls, 1);
    CHECK_EQ(last, UV_EPIPE);
    end();

    CHECK_OK(uvring_pool_close(&pool, NULL));
    uv_run(&other, UV_RUN_DEFAULT);
    finish_loop(&other);
    finish_loop(&loop);
    return 0;
}
