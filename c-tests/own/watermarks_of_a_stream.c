/* uvring_watermarks tells once when more than the high mark waits, and once when the low one is reached again, whichever calls wrote;
 * never inside a call. uvring_write_copy refuses above the high mark and takes nothing then. */
/* not on libuv: it has no watermarks */
#include "check.h"

#include <uvring.h>

enum { LOW = 100000, HIGH = 3000000, BLOCK = 50000 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static int peer, above, below, inside, writes;
static uint64_t written;
static char data[BLOCK];

static void on_watermark(uv_stream_t* stream, int is_above) {
    size_t queued = uv_stream_get_write_queue_size(stream);
    CHECK(!inside);
    if (is_above) {
        CHECK_EQ(above++, below);
        CHECK_GT(queued, HIGH);
        uv_stop(&loop);
    } else {
        CHECK_EQ(++below, above);
        CHECK_LE(queued, LOW);
        uv_stop(&loop);
    }
}

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    free(req);
}

static void write_one_way(int way) {
    uv_buf_t buf = uv_buf_init(data, sizeof data);
    if (way == 0) {
        CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, data, sizeof data));
    } else if (way == 1) {
        CHECK_OK(uv_write(malloc(sizeof(uv_write_t)), (uv_stream_t*)&tcp, &buf, 1, on_write));
    } else {
        static uvring_write_t reqs[1000];
        CHECK_OK(uvring_write(&reqs[writes++ % 1000], (uv_stream_t*)&tcp, &buf, 1, NULL));
    }
    written += sizeof data;
}

static void receive(void* arg) {
    char buf[65536];
    uint64_t left = written;
    UNUSED(arg);
    while (left > 0) {
        ssize_t n = recv(peer, buf, left < sizeof buf ? left : sizeof buf, 0);
        CHECK_GT(n, 0);
        left -= (uint64_t)n;
    }
}

int main(void) {
    int size = 65536;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_send_buffer_size((uv_handle_t*)&tcp, &size));
    CHECK_EQ(uvring_watermarks((uv_stream_t*)&tcp, 2, 1, on_watermark), UV_EINVAL);
    CHECK_OK(uvring_watermarks((uv_stream_t*)&tcp, LOW, HIGH, on_watermark));
    for (int way = 0; way < 3; way++) {
        uv_thread_t receiver;
        inside = 1;
        written = 0;
        while (uv_stream_get_write_queue_size((uv_stream_t*)&tcp) <= HIGH) write_one_way(way);
        CHECK_EQ(uvring_write_copy((uv_stream_t*)&tcp, data, 1), UV_EAGAIN);
        inside = 0;
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_EQ(above, way + 1);
        CHECK_EQ(below, way);
        CHECK_OK(uv_thread_create(&receiver, receive, NULL));
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_EQ(below, way + 1);
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_OK(uv_thread_join(&receiver));
    }
    CHECK_EQ(uvring_write_copy((uv_stream_t*)&tcp, data, 65537), UV_EINVAL);
    /* What the kernel takes at once was never above. */
    CHECK_OK(uvring_watermarks((uv_stream_t*)&tcp, 0, 10, on_watermark));
    CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, data, 1000));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(above, 3);
    close(peer);
    finish_loop(&loop);
    return 0;
}
