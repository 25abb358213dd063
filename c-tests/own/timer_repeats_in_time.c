/* A repeating timer whose callbacks take a quarter of its time is not that much late each time: from one call to the next is its repeat. A
 * machine with other things to do may be late; it is enough that it once was not. */
/* not on libuv: it waits for the whole repeat after the callback, for it takes the time at which the turn began for that at which it waits */
/* not on kernels: an emulated processor is late */
#include "check.h"

enum { REPEAT_MS = 20, BUSY_MS = 8, MOST = 200 };

static uint64_t last;
static int calls;

static void on_timer(uv_timer_t* timer) {
    uint64_t now = now_ns();
    int in_time = calls > 0 && now - last < (REPEAT_MS + BUSY_MS) * 1000000ull;
    last = now;
    if (in_time) return uv_close((uv_handle_t*)timer, NULL);
    CHECK_LT(++calls, MOST);
    while (now_ns() - now < BUSY_MS * 1000000ull) continue;
}

int main(void) {
    uv_loop_t loop;
    uv_timer_t timer;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, REPEAT_MS, REPEAT_MS));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_loop(&loop);
    return 0;
}
