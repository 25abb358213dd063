/* A timer's callback never runs before its timeout has passed on the monotonic clock, counted from the call that
 * started it, whatever part of a millisecond the loop's clock was at. */
/* not on libuv: it rounds the clock down to milliseconds and may be early by one */
#include "check.h"

enum { ROUNDS = 250 };

static uv_loop_t loop;
static uv_timer_t timer, again;
static uint64_t start;
static int rounds;
static uint64_t timeout;

static void begin(void);

static void on_timer(uv_timer_t* handle) {
    uint64_t took = now_ns() - start;
    UNUSED(handle);
    if (took < timeout * 1000000u) {
        FAIL("%llu ms took only %llu us", (unsigned long long)timeout, (unsigned long long)took / 1000);
    }
    if (++rounds < ROUNDS) begin();
}

static void begin(void) {
    struct timespec ts = {0, 37000L * (rounds % 27)};
    nanosleep(&ts, NULL);
    timeout = 1 + (uint64_t)rounds % 5;
    /* The loop's idea of the time is fresh: what is left is its resolution. Not the other way round: what passes between
     * the two, when another process gets the processor, would count against the timer. */
    start = now_ns();
    uv_update_time(&loop);
    CHECK_OK(uv_timer_start(&timer, on_timer, timeout, 0));
}

static uint64_t repeat_start;
static int repeats;

static void on_repeat(uv_timer_t* handle) {
    repeats++;
    /* The first after 3 ms, each later one 3 ms after the one before: never ahead of the schedule from the start. */
    CHECK_GE(now_ns() - repeat_start, (uint64_t)repeats * 3000000u);
    if (repeats == 50) CHECK_OK(uv_timer_stop(handle));
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    begin();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(rounds, ROUNDS);

    CHECK_OK(uv_timer_init(&loop, &again));
    uv_update_time(&loop);
    repeat_start = now_ns();
    CHECK_OK(uv_timer_start(&again, on_repeat, 3, 3));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(repeats, 50);
    finish_loop(&loop);
    return 0;
}
