/* uv_timer_again, uv_timer_set_repeat, the due time, and how a repeating timer that is late goes on: from the pass,
 * with no run made up for; set_repeat in the callback counts from the next rearming. */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t timer;
static int calls;
static uint64_t times[32];

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    times[calls++] = uv_now(&loop);
    CHECK_LT(calls, 32);
}

static void on_change(uv_timer_t* handle) {
    calls++;
    if (calls == 2) return;
    /* A repeating timer is active again before its callback runs, so 0 here stops it only after one more. */
    CHECK_EQ(uv_is_active((uv_handle_t*)handle), 1);
    uv_timer_set_repeat(handle, 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)handle), 1);
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_EQ(uv_timer_again(&timer), UV_EINVAL);
    CHECK_EQ(uv_timer_start(&timer, NULL, 1, 0), UV_EINVAL);
    CHECK_EQ(uv_timer_stop(&timer), 0);
    CHECK_EQ(uv_timer_get_due_in(&timer), 0);

    /* Not repeating: again does nothing. */
    CHECK_OK(uv_timer_start(&timer, on_timer, 100, 0));
    CHECK_EQ(uv_timer_get_repeat(&timer), 0);
    CHECK_EQ(uv_timer_get_due_in(&timer), 100);
    CHECK_EQ(uv_timer_again(&timer), 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)&timer), 1);
    CHECK_EQ(uv_timer_get_due_in(&timer), 100);

    /* Repeating: again starts it anew with the repeat as its timeout. */
    CHECK_OK(uv_timer_start(&timer, on_timer, 100, 7));
    CHECK_EQ(uv_timer_get_repeat(&timer), 7);
    CHECK_EQ(uv_timer_again(&timer), 0);
    CHECK_EQ(uv_timer_get_due_in(&timer), 7);
    uv_timer_set_repeat(&timer, 9);
    CHECK_EQ(uv_timer_get_repeat(&timer), 9);
    CHECK_EQ(uv_timer_get_due_in(&timer), 7);
    CHECK_EQ(uv_timer_stop(&timer), 0);
    CHECK_EQ(uv_timer_get_repeat(&timer), 9);
    CHECK_EQ(uv_timer_again(&timer), 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)&timer), 1);
    CHECK_EQ(uv_timer_get_due_in(&timer), 9);

    /* A huge timeout does not wrap. */
    CHECK_OK(uv_timer_start(&timer, on_timer, UINT64_MAX, UINT64_MAX));
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(calls, 0);
    CHECK_GT(uv_backend_timeout(&loop), 1000000);

    /* Late by many periods: one run, and the next a whole period after the pass. */
    uv_update_time(&loop);
    CHECK_OK(uv_timer_start(&timer, on_timer, 10, 10));
    sleep_ms(55);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, 1);
    while (calls < 4) uv_run(&loop, UV_RUN_ONCE);
    for (int i = 1; i < 4; i++) CHECK_GE(times[i] - times[i - 1], 10);
    CHECK_OK(uv_timer_stop(&timer));

    calls = 0;
    uv_update_time(&loop);
    CHECK_OK(uv_timer_start(&timer, on_change, 2, 2));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 2);
    finish_loop(&loop);
    return 0;
}
