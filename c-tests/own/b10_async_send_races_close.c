/* B10: threads that still send while uv_close runs do no harm as long as the memory is there; no callback comes after
 * uv_close, and the handle's memory is free to reuse once the senders have ended and close_cb ran. */
/* on tsan: threads meet here */
#include "check.h"

enum { ROUNDS = 150, SENDERS = 4 };

static uv_loop_t loop;
static uv_async_t async, other;
static _Atomic int stop, running;
static int closed, callbacks, others;

static void on_async(uv_async_t* handle) {
    CHECK(!uv_is_closing((uv_handle_t*)handle));
    callbacks++;
}

static void on_other(uv_async_t* handle) { UNUSED(handle); others++; }

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    closed++;
}

static void send_until_stopped(void* arg) {
    UNUSED(arg);
    running = running + 1;
    while (!stop) uv_async_send(&async);
}

int main(void) {
    uv_thread_t senders[SENDERS];
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &other, on_other));
    for (int round = 0; round < ROUNDS; round++) {
        stop = running = 0;
        callbacks = 0;
        CHECK_OK(uv_async_init(&loop, &async, on_async));
        for (int i = 0; i < SENDERS; i++) CHECK_OK(uv_thread_create(&senders[i], send_until_stopped, NULL));
        while (callbacks < round % 5) uv_run(&loop, UV_RUN_ONCE);
        while (!running) uv_sleep(1);
        uv_close((uv_handle_t*)&async, on_close);
        uv_run(&loop, UV_RUN_NOWAIT);
        stop = 1;
        for (int i = 0; i < SENDERS; i++) CHECK_OK(uv_thread_join(&senders[i]));
        while (closed <= round) uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(closed, round + 1);

        /* The loop still hears its other asyncs. */
        int before = others;
        CHECK_OK(uv_async_send(&other));
        while (others == before) uv_run(&loop, UV_RUN_ONCE);
        CHECK_EQ(others, before + 1);
    }
    finish_loop(&loop);
    return 0;
}
