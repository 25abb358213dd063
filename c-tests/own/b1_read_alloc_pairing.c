/* B1: a program may share one receive buffer among all streams of a loop. Between an alloc_cb and its read_cb no other
 * callback runs; alloc_cb comes only when the descriptor is readable, and each one is followed by a read_cb. */
#include "check.h"

enum { STREAMS = 24, MESSAGES = 4000 };

static uv_loop_t loop;
static uv_tcp_t streams[STREAMS];
static int filled[STREAMS];
static int peers[STREAMS];
static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;
static uv_timer_t timer;
static uv_async_t async;
static char slab[65536];
static uv_stream_t* slab_user;
static unsigned allocs, reads, ends, others;
static uint64_t received, sent;

static void other_callback_ran(void) {
    CHECK(slab_user == NULL);
    others++;
}

static void on_idle(uv_idle_t* handle) { UNUSED(handle); other_callback_ran(); }
static void on_prepare(uv_prepare_t* handle) { UNUSED(handle); other_callback_ran(); }
static void on_check(uv_check_t* handle) { UNUSED(handle); other_callback_ran(); }
static void on_timer(uv_timer_t* handle) { UNUSED(handle); other_callback_ran(); }
static void on_async(uv_async_t* handle) { UNUSED(handle); other_callback_ran(); }

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    struct pollfd pfd = {handle_fd(handle), POLLIN, 0};
    int index = (int)((uv_tcp_t*)handle - streams);
    CHECK(slab_user == NULL);
    CHECK_GT(suggested, 0);
    /* After a read that filled its buffer libuv asks again without looking. */
    if (!filled[index]) CHECK_EQ(poll(&pfd, 1, 0), 1);
    slab_user = (uv_stream_t*)handle;
    allocs++;
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_write(uv_write_t* req, int status) {
    other_callback_ran();
    CHECK_EQ(status, 0);
    free(req);
}

static void on_close(uv_handle_t* handle) { UNUSED(handle); other_callback_ran(); }

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    int index = (int)((uv_tcp_t*)stream - streams);
    CHECK(slab_user == stream);
    CHECK(buf->base == slab);
    slab_user = NULL;
    reads++;
    filled[index] = nread == (ssize_t)buf->len;
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)stream, on_close);
        if (++ends == STREAMS) {
            uv_close((uv_handle_t*)&idle, NULL);
            uv_close((uv_handle_t*)&prepare, NULL);
            uv_close((uv_handle_t*)&check, NULL);
            uv_close((uv_handle_t*)&timer, NULL);
            uv_close((uv_handle_t*)&async, NULL);
        }
        return;
    }
    CHECK_GE(nread, 0);
    for (ssize_t i = 0; i < nread; i++) CHECK_EQ(buf->base[i], 'a' + index);
    received += (uint64_t)nread;
    if (nread > 0 && reads % 16 == 0) {
        uv_buf_t out = uv_buf_init((char*)"x", 1);
        CHECK_OK(uv_write(malloc(sizeof(uv_write_t)), stream, &out, 1, on_write));
    }
}

static void send_messages(void* arg) {
    uint64_t state = 88172645463325252u;
    char data[20000];
    UNUSED(arg);
    for (int i = 0; i < MESSAGES; i++) {
        int to = (int)(random_next(&state) % STREAMS);
        size_t len = random_next(&state) % 16 == 0 ? sizeof data : 1 + random_next(&state) % 600;
        memset(data, 'a' + to, len);
        send_all(peers[to], data, len);
        sent += len;
        if (i % 8 == 0 && i < MESSAGES / 2) CHECK_OK(uv_async_send(&async));
    }
    for (int i = 0; i < STREAMS; i++) CHECK_EQ(shutdown(peers[i], SHUT_WR), 0);
}

int main(void) {
    uv_thread_t sender;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < STREAMS; i++) {
        peers[i] = tcp_handle(&loop, &streams[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&streams[i], on_alloc, on_read));
    }
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(allocs, 0);

    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_thread_create(&sender, send_messages, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&sender));

    CHECK_EQ(allocs, reads);
    CHECK_EQ(received, sent);
    CHECK_EQ(ends, STREAMS);
    CHECK_GT(others, 0);
    for (int i = 0; i < STREAMS; i++) close(peers[i]);
    finish_loop(&loop);
    return 0;
}
