/* A timer started with 0 from a timer's callback waits for the next pass: timers cannot starve the rest of the turn. A
 * timer restarted from its own callback counts from then; one stopped by an earlier callback of the pass does not
 * run. */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t zero, first, second, third, self;
static uv_check_t check;
static int zeros, checks, seconds, thirds, selves;

static void on_zero(uv_timer_t* handle) {
    zeros++;
    /* One timer callback for each turn: between two there was a check phase. */
    CHECK_LE(zeros, checks + 1);
    if (zeros < 10) CHECK_OK(uv_timer_start(handle, on_zero, 0, 0));
}

static void on_check(uv_check_t* handle) { UNUSED(handle); checks++; }
static void on_second(uv_timer_t* handle) { UNUSED(handle); seconds++; }
static void on_third(uv_timer_t* handle) { UNUSED(handle); thirds++; }

static void on_first(uv_timer_t* handle) {
    UNUSED(handle);
    CHECK_OK(uv_timer_stop(&second));
    CHECK_EQ(uv_is_active((uv_handle_t*)&second), 0);
    /* Already due in this pass, and started again with 0: not in this pass any more. */
    CHECK_OK(uv_timer_start(&third, on_third, 0, 0));
}

static void on_self(uv_timer_t* handle) {
    selves++;
    if (selves < 3) {
        CHECK_OK(uv_timer_start(handle, on_self, 5, 0));
        CHECK_EQ(uv_timer_get_due_in(handle), 5);
    }
}

int main(void) {
    uint64_t start;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    uv_unref((uv_handle_t*)&check);
    CHECK_OK(uv_timer_init(&loop, &zero));
    CHECK_OK(uv_timer_start(&zero, on_zero, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(zeros, 10);
    CHECK_GE(checks, 9);

    CHECK_OK(uv_timer_init(&loop, &first));
    CHECK_OK(uv_timer_init(&loop, &second));
    CHECK_OK(uv_timer_init(&loop, &third));
    CHECK_OK(uv_timer_start(&first, on_first, 1, 0));
    CHECK_OK(uv_timer_start(&second, on_second, 1, 0));
    CHECK_OK(uv_timer_start(&third, on_third, 1, 0));
    sleep_ms(3);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(seconds, 0);
    CHECK_EQ(thirds, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0);
    CHECK_EQ(thirds, 1);
    CHECK_EQ(seconds, 0);

    CHECK_OK(uv_timer_init(&loop, &self));
    uv_update_time(&loop);
    start = uv_now(&loop);
    CHECK_OK(uv_timer_start(&self, on_self, 5, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(selves, 3);
    CHECK_GE(uv_now(&loop) - start, 15);
    finish_loop(&loop);
    return 0;
}
