/* uv_cancel of writes: one that was not begun is taken out, its callback gets UV_ECANCELED in a later turn and its
 * bytes never leave; the others go on, in order. Its buffer is free in that callback. */
#include "check.h"

enum { WRITES = 5, LEN = 8 << 20 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_write_t requests[WRITES];
static char* data[WRITES];
static int status_of[WRITES], calls[WRITES], total_calls;
static int peer;

static void on_write(uv_write_t* req, int status) {
    int i = (int)(req - requests);
    status_of[i] = status;
    calls[i]++;
    total_calls++;
    memset(data[i], 'X', LEN);
}

/* Writes 1 and 3 are missing. */
static void receive(void* arg) {
    static char chunk[65536];
    uint64_t at = 0;
    ssize_t n;
    UNUSED(arg);
    while ((n = recv(peer, chunk, sizeof chunk, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++, at++) {
            char expected = (char)('0' + 2 * (at / LEN));
            if (chunk[i] != expected) FAIL("byte %llu is %c", (unsigned long long)at, chunk[i]);
        }
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(at, (uint64_t)3 * LEN);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
}

int main(void) {
    uv_thread_t receiver;
    uv_shutdown_t shutdown_req;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    for (int i = 0; i < WRITES; i++) {
        data[i] = malloc(LEN);
        memset(data[i], '0' + i, LEN);
        uv_buf_t buf = uv_buf_init(data[i], LEN);
        CHECK_OK(uv_write(&requests[i], (uv_stream_t*)&tcp, &buf, 1, on_write));
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    size_t before = uv_stream_get_write_queue_size((uv_stream_t*)&tcp);
    CHECK_EQ(total_calls, 0);
    CHECK_EQ(uv_cancel((uv_req_t*)&requests[1]), 0);
    CHECK_EQ(uv_cancel((uv_req_t*)&requests[3]), 0);
    CHECK_EQ(total_calls, 0);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls[1], 1);
    CHECK_EQ(calls[3], 1);
    CHECK_EQ(status_of[1], UV_ECANCELED);
    CHECK_EQ(status_of[3], UV_ECANCELED);
    CHECK_EQ(total_calls, 2);
    /* At least those two: the kernel may have taken more of the first meanwhile. */
    CHECK_GE(before - uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 2 * LEN);
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&tcp, on_shutdown));
    CHECK_OK(uv_thread_create(&receiver, receive, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&receiver));
    for (int i = 0; i < WRITES; i++) {
        CHECK_EQ(calls[i], 1);
        CHECK_EQ(status_of[i], i % 2 ? UV_ECANCELED : 0);
        free(data[i]);
    }
    close(peer);
    finish_loop(&loop);
    return 0;
}
