/* A loop whose peer sends a byte now and then takes next to no processor time between, also after a time in which each
 * answered the other without a pause. */
/* not on kernels: an emulated processor takes its time */
#include "check.h"

enum { QUICK = 2000, SLOW = 100, PAUSE_MS = 4 };

static uv_loop_t loop;
static uv_pipe_t stream;
static int peer;
static char slab[64];

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* handle, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)handle, NULL);
        return;
    }
    uv_buf_t answer = uv_buf_init(buf->base, (unsigned)nread);
    CHECK_EQ(uv_try_write(handle, &answer, 1), nread);
}

static void ask(void) {
    char byte = 'x';
    CHECK_EQ(write(peer, &byte, 1), 1);
    CHECK_EQ(read(peer, &byte, 1), 1);
}

static void* send_bytes(void* data) {
    UNUSED(data);
    for (int i = 0; i < QUICK; i++) ask();
    double before = processor_seconds();
    for (int i = 0; i < SLOW; i++) {
        ask();
        sleep_ms(PAUSE_MS);
    }
    /* Who spun would have taken 100 %. */
    CHECK_LE(processor_seconds() - before, SLOW * PAUSE_MS / 1000.0 / 2);
    CHECK_EQ(close(peer), 0);
    return NULL;
}

int main(void) {
    pthread_t thread;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    peer = pipe_handle(&loop, &stream);
    CHECK_OK(uv_read_start((uv_stream_t*)&stream, on_alloc, on_read));
    CHECK_EQ(pthread_create(&thread, NULL, send_bytes, NULL), 0);
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    finish_loop(&loop);
    return 0;
}
