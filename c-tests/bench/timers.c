/* Timers. op=million: `timers` timers with random due times below a second are started and fire; op=restart: one of
 * `timers` running timers is started anew, again and again; op=again: the same by uv_timer_again. */
#include "bench.h"

static uv_loop_t loop;
static uv_timer_t* timers;
static unsigned char* fired;
static uint64_t fired_count;

static void on_timer(uv_timer_t* timer) {
    size_t i = (size_t)(timer - timers);
    CHECK(fired[i] == 0);
    CHECK(uv_now(&loop) >= (uint64_t)(uintptr_t)timer->data);
    fired[i] = 1;
    fired_count++;
}

static void never(uv_timer_t* timer) {
    UNUSED(timer);
    FAIL("a timer fired before its time");
}

static void million(size_t count) {
    uint64_t most = (uint64_t)number("span", 1000);
    double cpu_started = cpu(), started = now();
    uv_update_time(&loop);
    for (size_t i = 0; i < count; i++) {
        uint64_t timeout = next_random() % most;
        timers[i].data = (void*)(uintptr_t)(uv_now(&loop) + timeout);
        CHECK_OK(uv_timer_start(&timers[i], on_timer, timeout, 0));
    }
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    result("cpu", cpu() - cpu_started);
    result("seconds", now() - started);
    result("ops", (double)count);
    CHECK(fired_count == count);
}

static void restart(size_t count, int again) {
    for (size_t i = 0; i < count; i++) {
        CHECK_OK(uv_timer_start(&timers[i], never, 3600000 + next_random() % 60000, 3600000));
    }
    window_prepare();
    do {
        uv_timer_t* timer = &timers[next_random() % count];
        CHECK_OK(again ? uv_timer_again(timer) : uv_timer_start(timer, never, 3600000 + next_random() % 60000, 3600000));
    } while (window_count(1, 1024));
    window_report();
    for (size_t i = 0; i < count; i++) uv_timer_stop(&timers[i]);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    size_t count = (size_t)number("timers", 1000000);
    timers = calloc(count, sizeof *timers);
    fired = calloc(count, 1);
    CHECK(timers != NULL && fired != NULL);
    CHECK_OK(uv_loop_init(&loop));
    for (size_t i = 0; i < count; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    if (arg_is("op", "million")) {
        million(count);
    } else {
        restart(count, arg_is("op", "again"));
    }
    for (size_t i = 0; i < count; i++) uv_close((uv_handle_t*)&timers[i], NULL);
    end_loop(&loop);
    return 0;
}
