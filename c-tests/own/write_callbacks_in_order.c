/* Writes of all sizes, queued at once and from callbacks, arrive in order with their callbacks in order; the queue's
 * size is what the kernel has not taken yet; uv_shutdown comes after all of them. */
#include "check.h"

enum { WRITES = 600 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static int peer, next_callback, shut;
static uint64_t queued;
static uv_shutdown_t shutdown_req;

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ((intptr_t)req->data, next_callback);
    CHECK_EQ(shut, 0);
    next_callback++;
    CHECK_LE(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), queued);
    free(req);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK(req == &shutdown_req);
    CHECK_EQ(status, 0);
    CHECK_EQ(next_callback, WRITES);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    shut = 1;
    uv_close((uv_handle_t*)&tcp, NULL);
}

static void receive(void* arg) {
    static char data[65536];
    uint64_t at = 0;
    ssize_t n;
    UNUSED(arg);
    sleep_ms(20);
    while ((n = recv(peer, data, sizeof data, 0)) > 0) {
        pattern_check(data, at, (size_t)n);
        at += (uint64_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(at, queued);
}

int main(void) {
    uv_thread_t receiver;
    uint64_t state = 17;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    for (int i = 0; i < WRITES; i++) {
        size_t len = i % 50 == 7 ? 0 : i % 20 == 0 ? 300000 : random_next(&state) % 5000;
        unsigned count = 1 + random_next(&state) % 6;
        uv_buf_t bufs[6];
        uv_write_t* req = malloc(sizeof *req + len + 1);
        char* data = (char*)(req + 1);
        req->data = (void*)(intptr_t)i;
        pattern_fill(data, queued, len);
        for (unsigned b = 0; b < count; b++) {
            size_t from = len * b / count;
            bufs[b] = uv_buf_init(data + from, (unsigned)(len * (b + 1) / count - from));
        }
        CHECK_OK(uv_write(req, (uv_stream_t*)&tcp, bufs, count, on_write));
        /* The array of buffers was copied. */
        memset(bufs, 0xff, sizeof bufs);
        queued += len;
    }
    CHECK_GT(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&tcp, on_shutdown));
    {
        uv_write_t late;
        uv_buf_t buf = uv_buf_init((char*)"x", 1);
        uv_shutdown_t again;
        CHECK_EQ(uv_try_write((uv_stream_t*)&tcp, &buf, 1), UV_EAGAIN);
        CHECK_EQ(uv_write(&late, (uv_stream_t*)&tcp, &buf, 1, NULL), UV_EPIPE);
        CHECK_EQ(uv_shutdown(&again, (uv_stream_t*)&tcp, NULL), UV_ENOTCONN);
    }
    CHECK_OK(uv_thread_create(&receiver, receive, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&receiver));
    CHECK_EQ(shut, 1);
    close(peer);
    finish_loop(&loop);
    return 0;
}
