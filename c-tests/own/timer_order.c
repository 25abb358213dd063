/* Timers due in one pass run by timeout, and those with the same timeout in the order in which they were started. */
#include "check.h"

enum { TIMERS = 300 };

static uv_loop_t loop;
static uv_timer_t timers[TIMERS];
static uint64_t due[TIMERS];
static int started[TIMERS];
static int ran, last = -1;

static void on_timer(uv_timer_t* handle) {
    int i = (int)(handle - timers);
    CHECK(!uv_is_active((uv_handle_t*)handle));
    if (last >= 0) {
        CHECK_LE(due[last], due[i]);
        if (due[last] == due[i]) CHECK_LT(started[last], started[i]);
    }
    last = i;
    ran++;
}

int main(void) {
    uint64_t state = 5;
    int start = 0;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    uint64_t base = uv_now(&loop);
    for (int i = 0; i < TIMERS; i++) {
        CHECK_OK(uv_timer_init(&loop, &timers[i]));
        due[i] = random_next(&state) % 12;
        CHECK_OK(uv_timer_start(&timers[i], on_timer, due[i], 0));
        started[i] = start++;
    }
    /* Some are started anew, which puts them behind those with the same timeout. */
    for (int i = 0; i < TIMERS; i += 3) {
        due[i] = random_next(&state) % 12;
        CHECK_OK(uv_timer_start(&timers[i], on_timer, due[i], 0));
        started[i] = start++;
    }
    for (int i = 0; i < TIMERS; i += 10) {
        CHECK_OK(uv_timer_stop(&timers[i]));
    }
    CHECK_EQ(uv_now(&loop), base);
    /* All due at once, then in parts. */
    sleep_ms(6);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ran, TIMERS - TIMERS / 10);
    finish_loop(&loop);
    return 0;
}
