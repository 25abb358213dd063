/* Bytes leave a stream in the order of the calls, whichever calls they were, and so do callbacks; on TCP and on pipes, with a reader
 * that is slow at times. uv_shutdown comes after all. */
/* not on libuv: it has one way to write less */
#include "check.h"

#include <uvring.h>

enum { WRITES = 4000 };

static uv_loop_t loop;
static union { uv_stream_t stream; uv_tcp_t tcp; uv_pipe_t pipe; } handle;
static int peer, next_number, next_callback, shut;
static uint64_t written, seed;
static uv_idle_t idle;
static uv_shutdown_t shutdown_req;

typedef struct { union { uv_write_t libuv; uvring_write_t ours; } req; int number; } request_t;

static void ended(request_t* request, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(request->number, next_callback);
    next_callback++;
    free(request);
}

static void on_libuv_write(uv_write_t* req, int status) { ended((request_t*)req, status); }

static void on_our_write(uvring_write_t* req, int status) { ended((request_t*)req, status); }

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK(req == &shutdown_req);
    CHECK_EQ(status, 0);
    CHECK_EQ(next_callback, next_number);
    CHECK_EQ(uv_stream_get_write_queue_size(&handle.stream), 0);
    shut = 1;
    uv_close((uv_handle_t*)&handle, NULL);
}

static request_t* new_request(size_t len, uv_buf_t* bufs, unsigned* count) {
    request_t* request = malloc(sizeof *request + len + 1);
    char* data = (char*)(request + 1);
    request->number = next_number++;
    pattern_fill(data, written, len);
    *count = 1 + random_next(&seed) % 6;
    for (unsigned b = 0; b < *count; b++) {
        size_t from = len * b / *count;
        bufs[b] = uv_buf_init(data + from, (unsigned)(len * (b + 1) / *count - from));
    }
    return request;
}

static void write_something(void) {
    static char copy[65536];
    size_t len = random_next(&seed) % 20 == 0 ? 50000 : random_next(&seed) % 700;
    uv_buf_t bufs[6];
    unsigned count;
    request_t* request;
    switch (random_next(&seed) % 8) {
    case 0:
        request = new_request(len, bufs, &count);
        CHECK_OK(uv_write(&request->req.libuv, &handle.stream, bufs, count, on_libuv_write));
        break;
    case 1: {
        int n;
        pattern_fill(copy, written, len);
        bufs[0] = uv_buf_init(copy, (unsigned)len);
        n = uv_try_write(&handle.stream, bufs, 1);
        len = n == UV_EAGAIN ? 0 : (size_t)n;
        CHECK_GE((ssize_t)len, 0);
        break;
    }
    case 2:
    case 3:
    case 4: {
        int rc;
        pattern_fill(copy, written, len);
        rc = uvring_write_copy(&handle.stream, copy, len);
        memset(copy, 0xff, len);
        if (rc == UV_EAGAIN) len = 0;
        else CHECK_OK(rc);
        break;
    }
    case 5:
        CHECK_OK(uvring_flush(&loop, random_next(&seed) % 2 ? &handle.stream : NULL));
        len = 0;
        break;
    default:
        request = new_request(len, bufs, &count);
        CHECK_OK(uvring_write(&request->req.ours, &handle.stream, bufs, count, on_our_write));
        memset(bufs, 0xff, sizeof bufs);
        break;
    }
    written += len;
}

static void on_idle(uv_idle_t* handle_) {
    static int writes;
    for (unsigned n = random_next(&seed) % 60; n > 0; n--) {
        if (++writes > WRITES) {
            uv_close((uv_handle_t*)handle_, NULL);
            CHECK_OK(uv_shutdown(&shutdown_req, &handle.stream, on_shutdown));
            CHECK_EQ(uvring_write_copy(&handle.stream, "x", 1), UV_EPIPE);
            writes = 0;
            return;
        }
        write_something();
    }
}

static void receive(void* arg) {
    static char data[65536];
    uint64_t at = 0;
    ssize_t n;
    UNUSED(arg);
    while ((n = recv(peer, data, sizeof data, 0)) > 0) {
        pattern_check(data, at, (size_t)n);
        if (at / 1000000 != (at + (uint64_t)n) / 1000000) sleep_ms(5);
        at += (uint64_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(at, written);
}

static void test(void) {
    uv_thread_t receiver;
    written = 0;
    shut = next_number = next_callback = 0;
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_OK(uv_thread_create(&receiver, receive, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&receiver));
    CHECK_EQ(shut, 1);
    CHECK_GT(next_callback, WRITES / 8);
    close(peer);
}

int main(void) {
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    for (int round = 0; round < 4; round++) {
        seed = 4711 + (uint64_t)round;
        peer = round % 2 ? tcp_handle(&loop, &handle.tcp) : pipe_handle(&loop, &handle.pipe);
        test();
    }
    finish_loop(&loop);
    return 0;
}
