/* uv_loop_alive in a close callback: the other handles that are closed in the same phase do not count any more. */
#include "check.h"

static int calls;

static void on_close(uv_handle_t* handle) {
    CHECK_EQ(uv_loop_alive(handle->loop), 0);
    calls++;
}

int main(void) {
    uv_loop_t loop;
    uv_timer_t timers[3];
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(uv_timer_init(&loop, &timers[i]));
        uv_close((uv_handle_t*)&timers[i], on_close);
    }
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 3);
    finish_loop(&loop);
    return 0;
}
