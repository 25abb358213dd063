/* uv_stop ends uv_run after the turn: the phases of the turn still happen, the poll does not wait. Called before
 * uv_run it makes that run return at once; it is forgotten afterwards. The loop's stop_flag may be written instead. */
#include "check.h"

static uv_loop_t loop;
static uv_prepare_t prepare;
static uv_check_t check;
static uv_timer_t timer, victim;
static int prepares, checks, timers, closes, stop_at;

static void on_prepare(uv_prepare_t* handle) {
    UNUSED(handle);
    prepares++;
    if (prepares == stop_at) uv_stop(&loop);
}

static void on_check(uv_check_t* handle) { UNUSED(handle); checks++; }
static void on_timer(uv_timer_t* handle) { UNUSED(handle); timers++; }
static void on_close(uv_handle_t* handle) { UNUSED(handle); closes++; }

int main(void) {
    uint64_t start;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 60000, 0));
    CHECK_OK(uv_timer_init(&loop, &victim));

    /* Stopped in prepare: the poll of that turn does not wait for the timer, check and closing still run. */
    stop_at = 1;
    uv_close((uv_handle_t*)&victim, on_close);
    start = now_ns();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_LT(now_ns() - start, 5000000000u);
    CHECK_EQ(prepares, 1);
    CHECK_EQ(checks, 1);
    CHECK_EQ(closes, 1);

    /* Before the run: no turn happens in any mode, and due timers do not run either. */
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    uv_stop(&loop);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_EQ(prepares, 1);
    CHECK_EQ(checks, 1);
    CHECK_EQ(timers, 0);

    /* Forgotten: the next one runs a turn. */
    stop_at = 2;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_EQ(prepares, 2);
    CHECK_EQ(checks, 2);

    uv_stop(&loop);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(prepares, 2);
    uv_stop(&loop);
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE), 1);
    CHECK_EQ(prepares, 2);

    /* Programs write the field themselves. */
    loop.stop_flag++;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_EQ(loop.stop_flag, 0);
    uv_stop(&loop);
    loop.stop_flag = 0;
    stop_at = prepares + 3;
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_EQ(prepares, stop_at);
    finish_loop(&loop);
    return 0;
}
