/* uvring_timer_start: never early, to the nanosecond; ordered by when timers are due, below a millisecond, too; what libuv's getters
 * tell of such a timer is rounded up to milliseconds. */
/* not on libuv: libuv has no such function */
#include "check.h"

#include <uvring.h>

static uv_loop_t loop;
static uv_timer_t timers[3], timer;
static uint64_t start;
static int order[3], fired, repeats;

static void on_ordered(uv_timer_t* handle) { order[fired++] = (int)(handle - timers); }

static void ordered(void) {
    fired = 0;
    for (int i = 0; i < 3; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    uv_update_time(&loop);
    CHECK_OK(uvring_timer_start(&timers[0], on_ordered, 300000, 0));
    CHECK_OK(uvring_timer_start(&timers[1], on_ordered, 200000, 0));
    CHECK_OK(uvring_timer_start(&timers[2], on_ordered, 100000, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(fired, 3);
    for (int i = 0; i < 3; i++) CHECK_EQ(order[i], 2 - i);
}

static void on_due(uv_timer_t* handle) {
    CHECK(now_ns() - start >= 1234567);
    CHECK(uvring_now(&loop) - start >= 1234567);
    CHECK_EQ(uv_now(&loop), uvring_now(&loop) / 1000000);
    CHECK(!uv_is_active((uv_handle_t*)handle));
    fired++;
}

static void on_repeat(uv_timer_t* handle) {
    repeats++;
    CHECK(now_ns() - start >= 250000u * (unsigned)repeats);
    CHECK(uv_is_active((uv_handle_t*)handle));
    CHECK_EQ(uv_timer_get_repeat(handle), 1);
    if (repeats == 5) uv_timer_stop(handle);
}

static void on_milliseconds(uv_timer_t* handle) {
    CHECK(now_ns() - start >= (repeats == 0 ? 100000u : 2000000u));
    if (repeats++ == 1) uv_timer_stop(handle);
    start = uvring_now(&loop);
}

static void getters(void) {
    CHECK_OK(uvring_timer_start(&timer, on_due, 2500001, 1000001));
    CHECK_EQ(uv_timer_get_due_in(&timer), 3);
    CHECK_EQ(uv_timer_get_repeat(&timer), 2);
    CHECK_OK(uvring_timer_start(&timer, on_due, 2000000, 2000000));
    CHECK_EQ(uv_timer_get_due_in(&timer), 2);
    CHECK_EQ(uv_timer_get_repeat(&timer), 2);
    uv_timer_stop(&timer);
    CHECK_EQ(uvring_timer_start(&timer, NULL, 1, 0), UV_EINVAL);
}

/* It fires once all the same: nothing overflows. */
static void for_ever(void) {
    CHECK_OK(uvring_timer_start(&timer, on_due, UINT64_MAX, UINT64_MAX));
    CHECK_EQ(uv_backend_timeout(&loop) > 1000000000, 1);
    CHECK_OK(uv_timer_again(&timer));
    uv_timer_stop(&timer);
}

int main(void) {
    alarm(20);
    CHECK_OK(uv_loop_init(&loop));
    ordered();
    CHECK_OK(uv_timer_init(&loop, &timer));
    getters();
    for_ever();
    fired = 0;
    start = now_ns();
    uv_update_time(&loop);
    CHECK_OK(uvring_timer_start(&timer, on_due, 1234567, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(fired, 1);

    start = now_ns();
    uv_update_time(&loop);
    CHECK_OK(uvring_timer_start(&timer, on_repeat, 250000, 250000));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(repeats, 5);

    /* A repeat value that is set counts in milliseconds. */
    repeats = 0;
    start = now_ns();
    uv_update_time(&loop);
    CHECK_OK(uvring_timer_start(&timer, on_milliseconds, 100000, 100000));
    uv_timer_set_repeat(&timer, 2);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(repeats, 2);

    uv_close((uv_handle_t*)&timer, NULL);
    CHECK_EQ(uvring_timer_start(&timer, on_due, 1, 0), UV_EINVAL);
    for (int i = 0; i < 3; i++) uv_close((uv_handle_t*)&timers[i], NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
