/* B1: programs keep the first buffer they were asked for and hand it out for ever after. So a stream's first suggestion
 * is the largest one, and a buffer of another size than suggested is as good. */
#include "check.h"

enum { STREAMS = 4, TOTAL = 2 << 20 };

static uv_loop_t loop;
static uv_tcp_t streams[STREAMS];
static int peers[STREAMS];
static uv_buf_t cached;
static char* own[STREAMS];
static size_t first[STREAMS];
static uint64_t received[STREAMS];
static int fixed_len[STREAMS] = {0, 0, 100000, 7};

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    int i = (int)((uv_tcp_t*)handle - streams);
    if (first[i] == 0) {
        first[i] = suggested;
        CHECK_EQ(suggested, 65536);
    }
    CHECK_LE(suggested, first[i]);
    if (fixed_len[i] != 0) {
        /* More than was suggested, or far less. */
        if (own[i] == NULL) own[i] = malloc((size_t)fixed_len[i]);
        *buf = uv_buf_init(own[i], (unsigned)fixed_len[i]);
        return;
    }
    if (cached.base == NULL) cached = uv_buf_init(malloc(suggested), (unsigned)suggested);
    *buf = cached;
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    int i = (int)((uv_tcp_t*)stream - streams);
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)stream, NULL);
        return;
    }
    CHECK_GE(nread, 0);
    CHECK_LE(nread, buf->len);
    pattern_check(buf->base, received[i], (size_t)nread);
    received[i] += (uint64_t)nread;
}

static void send_stream(void* arg) {
    int i = (int)(intptr_t)arg;
    uint64_t state = 99u + (unsigned)i;
    uint64_t total = fixed_len[i] == 7 ? TOTAL / 64 : TOTAL;
    char* data = malloc(200000);
    for (uint64_t at = 0; at < total;) {
        size_t len = random_next(&state) % 3 == 0 ? 1 + random_next(&state) % 200000 : 1 + random_next(&state) % 900;
        if (len > total - at) len = (size_t)(total - at);
        pattern_fill(data, at, len);
        send_all(peers[i], data, len);
        at += len;
    }
    free(data);
    CHECK_EQ(shutdown(peers[i], SHUT_WR), 0);
}

int main(void) {
    uv_thread_t senders[STREAMS];
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < STREAMS; i++) {
        peers[i] = tcp_handle(&loop, &streams[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&streams[i], on_alloc, on_read));
        CHECK_OK(uv_thread_create(&senders[i], send_stream, (void*)(intptr_t)i));
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    for (int i = 0; i < STREAMS; i++) {
        CHECK_OK(uv_thread_join(&senders[i]));
        CHECK_EQ(received[i], fixed_len[i] == 7 ? TOTAL / 64 : TOTAL);
        close(peers[i]);
        free(own[i]);
    }
    free(cached.base);
    finish_loop(&loop);
    return 0;
}
