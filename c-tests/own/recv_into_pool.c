/* uvring_recv_start lends received bytes in order, whatever is kept, released, sent on or left meanwhile; switching to and fro between
 * it and uv_read_start loses none. Views outlive their stream. */
/* not on libuv: it has no pools */
#include "check.h"

#include <uvring.h>

enum { BYTES = 8000000, KEPT = 64 };

static uv_loop_t loop;
static union { uv_stream_t stream; uv_tcp_t tcp; uv_pipe_t pipe; } from, to;
static uvring_pool_t pool;
static int from_peer, to_peer, by_view, ended, closed_pools, switches;
static uint64_t received, sent_on, seed;
static struct { uvring_view_t view; uint64_t at; } kept[KEPT];

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view);

static void forget(int i) {
    if (kept[i].view.base == NULL) return;
    pattern_check(kept[i].view.base, kept[i].at, kept[i].view.len);
    uvring_view_release(&kept[i].view);
    CHECK(kept[i].view.base == NULL);
    uvring_view_release(&kept[i].view);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    if (nread < 0) {
        CHECK_EQ(nread, UV_EOF);
        ended++;
        return;
    }
    pattern_check(buf->base, received, (size_t)nread);
    CHECK_OK(uvring_write_copy(&to.stream, buf->base, (size_t)nread));
    received += (uint64_t)nread;
    if (random_next(&seed) % 2) {
        CHECK_EQ(uvring_recv_start(stream, &pool, on_recv), UV_EALREADY);
        CHECK_OK(uv_read_stop(stream));
        CHECK_OK(uvring_recv_start(stream, &pool, on_recv));
        switches++;
    }
}

static void on_write_view(uvring_write_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_GT(req->done, 0);
    free(req);
}

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    size_t len;
    CHECK(stream == &from.stream);
    if (nread < 0) {
        CHECK_EQ(nread, UV_EOF);
        CHECK(view == NULL);
        ended++;
        return;
    }
    CHECK_GT(nread, 0);
    CHECK_EQ(view->len, nread);
    len = view->len;
    pattern_check(view->base, received, len);
    if (random_next(&seed) % 3 == 0) {
        int i = (int)(random_next(&seed) % KEPT);
        size_t offset = random_next(&seed) % len;
        uvring_view_t again;
        forget(i);
        CHECK_EQ(uvring_view_keep(view, offset, len - offset + 1, &again), UV_EINVAL);
        CHECK_OK(uvring_view_keep(view, offset, len - offset, &kept[i].view));
        CHECK_OK(uvring_view_keep(&kept[i].view, 0, 1, &again));
        uvring_view_release(&again);
        kept[i].at = received + offset;
    }
    switch (random_next(&seed) % 3) {
    case 0:
        CHECK_OK(uvring_write_copy(&to.stream, view->base, len < 65536 ? len : 65536));
        if (len > 65536) CHECK_OK(uvring_write_copy(&to.stream, view->base + 65536, len - 65536));
        break;
    case 1:
        CHECK_OK(uvring_write_view(NULL, &to.stream, view, NULL));
        CHECK(view->base == NULL);
        by_view++;
        break;
    default: {
        uvring_view_t own;
        CHECK_OK(uvring_view_keep(view, 0, len, &own));
        CHECK_OK(uvring_write_view(malloc(sizeof(uvring_write_t)), &to.stream, &own, on_write_view));
        CHECK(own.base == NULL);
        by_view++;
    }
    }
    received += (uint64_t)nread;
    if (random_next(&seed) % 16 == 0) {
        CHECK_EQ(uv_read_start(stream, lend_slab, on_read), UV_EALREADY);
        CHECK_OK(uvring_recv_stop(stream));
        CHECK_OK(uv_read_start(stream, lend_slab, on_read));
        switches++;
    }
}

static void send_it(void* arg) {
    static char data[100000];
    uint64_t state = 99;
    UNUSED(arg);
    for (uint64_t at = 0; at < BYTES;) {
        size_t len = 1 + random_next(&state) % (random_next(&state) % 8 ? 3000 : sizeof data);
        if (len > BYTES - at) len = (size_t)(BYTES - at);
        pattern_fill(data, at, len);
        send_all(from_peer, data, len);
        at += len;
    }
    CHECK_EQ(shutdown(from_peer, SHUT_WR), 0);
}

static void receive_it(void* arg) {
    static char data[65536];
    ssize_t n;
    UNUSED(arg);
    while (sent_on < BYTES && (n = recv(to_peer, data, sizeof data, 0)) > 0) {
        pattern_check(data, sent_on, (size_t)n);
        sent_on += (uint64_t)n;
    }
}

static void on_pool_close(uvring_pool_t* closed) {
    CHECK(closed == &pool);
    closed_pools++;
    memset(closed, 0xff, sizeof *closed);
}

static void test(int tcp) {
    uvring_pool_options_t options = {.size = sizeof options, .buffer_size = 65536, .buffers = 4, .buffers_max = 64, .stream_max = 4000000};
    uv_thread_t sender, receiver;
    received = sent_on = 0;
    by_view = ended = closed_pools = switches = 0;
    CHECK_OK(uvring_pool_init(&loop, &pool, &options));
    from_peer = tcp ? tcp_handle(&loop, &from.tcp) : pipe_handle(&loop, &from.pipe);
    to_peer = tcp ? tcp_handle(&loop, &to.tcp) : pipe_handle(&loop, &to.pipe);
    CHECK_OK(uvring_watermarks(&to.stream, 0, 100000000, NULL));
    CHECK_OK(uvring_recv_start(&from.stream, &pool, on_recv));
    CHECK_EQ(uvring_pool_close(&pool, on_pool_close), UV_EBUSY);
    CHECK_OK(uv_thread_create(&sender, send_it, NULL));
    CHECK_OK(uv_thread_create(&receiver, receive_it, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uv_thread_join(&sender));
    CHECK_EQ(received, BYTES);
    CHECK_EQ(ended, 1);
    CHECK_OK(uv_thread_join(&receiver));
    CHECK_EQ(sent_on, BYTES);
    CHECK_GT(by_view, 10);
    CHECK_GT(switches, 10);
    uv_close((uv_handle_t*)&from, NULL);
    uv_close((uv_handle_t*)&to, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uvring_pool_close(&pool, on_pool_close));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(closed_pools, 0);
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    for (int i = 0; i < KEPT; i++) forget(i);
    CHECK_EQ(closed_pools, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(closed_pools, 1);
    close(from_peer);
    close(to_peer);
}

int main(void) {
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    for (int round = 0; round < 4; round++) {
        seed = 815 + (uint64_t)round;
        test(round % 2);
    }
    finish_loop(&loop);
    return 0;
}
