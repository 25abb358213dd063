/* An async that is sent from its own callback is called in the next turn, also when another async is closed meanwhile. */
/* on tsan: threads meet here */
#include "check.h"

static uv_async_t again, closing;
static int calls;

static void on_again(uv_async_t* handle) {
    calls++;
    CHECK_OK(uv_async_send(handle));
}

static void on_closing(uv_async_t* handle) { uv_close((uv_handle_t*)handle, NULL); }

int main(void) {
    uv_loop_t loop;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &again, on_again));
    CHECK_OK(uv_async_init(&loop, &closing, on_closing));
    CHECK_OK(uv_async_send(&again));
    CHECK_OK(uv_async_send(&closing));
    for (int i = 1; i < 4; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(calls, i);
    }
    finish_loop(&loop);
    return 0;
}
