/* A timer that was initialised needs no memory any more: it is started, repeats and is started again by a callback while the
 * allocator has none left, with other timers taking their places in the meantime. */
#include "check.h"

enum { REPEATING = 100, ONCE = 300 };

static int is_empty;
static uv_loop_t loop;
static uv_timer_t repeating[REPEATING], once[ONCE], extra;
static int ticks[REPEATING], fired, started;

static void* get(size_t n) { return is_empty ? NULL : malloc(n); }
static void* get_zeroed(size_t n, size_t size) { return is_empty ? NULL : calloc(n, size); }
static void* grow(void* p, size_t n) { return is_empty ? NULL : realloc(p, n); }

static void on_once(uv_timer_t* handle) { UNUSED(handle); fired++; }

static void on_repeat(uv_timer_t* handle) {
    is_empty = 1;
    ticks[handle - repeating]++;
    /* Takes the places that the repeating timers have left, if they have. */
    for (int i = 0; i < 3 && started < ONCE; i++, started++) CHECK_OK(uv_timer_start(&once[started], on_once, 5, 0));
    CHECK_OK(uv_timer_again(&extra));
    CHECK_OK(uv_timer_stop(&extra));
    CHECK_OK(uv_timer_again(&extra));
}

static void on_extra(uv_timer_t* handle) {
    UNUSED(handle);
    uv_stop(&loop);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_replace_allocator(get, grow, get_zeroed, free));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &extra));
    for (int i = 0; i < ONCE; i++) CHECK_OK(uv_timer_init(&loop, &once[i]));
    for (int i = 0; i < REPEATING; i++) {
        CHECK_OK(uv_timer_init(&loop, &repeating[i]));
        CHECK_OK(uv_timer_start(&repeating[i], on_repeat, 1, 3));
    }
    CHECK_OK(uv_timer_start(&extra, on_extra, 1, 1000));
    CHECK_OK(uv_timer_start(&extra, on_extra, 1000, 1000));
    while (ticks[0] < 5) uv_run(&loop, UV_RUN_ONCE);
    for (int i = 0; i < REPEATING; i++) {
        CHECK_GE(ticks[i], 4);
        CHECK_EQ(uv_is_active((uv_handle_t*)&repeating[i]), 1);
    }
    while (fired < ONCE) uv_run(&loop, UV_RUN_ONCE);
    is_empty = 0;
    finish_loop(&loop);
    return 0;
}
