/* B10: 64 threads send to a few asyncs. Sends may fall together, but after the last send of each thread there is a
 * callback, and that callback sees what the thread wrote before it sent. */
/* on tsan: threads meet here */
#include "check.h"

enum { THREADS = 64, SENDS = 1500, ASYNCS = 5 };

static uv_loop_t loop;
static uv_async_t asyncs[ASYNCS];
/* Not ordered by themselves: uv_async_send orders them. One writer each, on its own line. */
static struct { int value; char pad[60]; } counters[THREADS];
static unsigned callbacks;
static int completed;

static void on_async(uv_async_t* handle) {
    int which = (int)(handle - asyncs);
    int complete = 1;
    callbacks++;
    for (int i = which; i < THREADS; i += ASYNCS) {
        if (__atomic_load_n(&counters[i].value, __ATOMIC_RELAXED) != SENDS) complete = 0;
    }
    if (!complete) return;
    completed |= 1 << which;
    if (completed == (1 << ASYNCS) - 1) uv_stop(&loop);
}

static void send_many(void* arg) {
    int me = (int)(intptr_t)arg;
    for (int i = 1; i <= SENDS; i++) {
        __atomic_store_n(&counters[me].value, i, __ATOMIC_RELAXED);
        CHECK_OK(uv_async_send(&asyncs[me % ASYNCS]));
        if (i % 100 == me) sleep_ms(1);
    }
}

int main(void) {
    uv_thread_t threads[THREADS];
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_init(&loop, &asyncs[i], on_async));
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_create(&threads[i], send_many, (void*)(intptr_t)i));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_join(&threads[i]));
    CHECK_GE(callbacks, ASYNCS);
    CHECK_LE(callbacks, THREADS * SENDS);
    finish_loop(&loop);
    return 0;
}
