/* uv_now moves in the poll phase also when that does not sleep: what a prepare handle took is seen by a check handle. */
#include "check.h"

static uint64_t before, after;

static void on_idle(uv_idle_t* handle) { UNUSED(handle); }

static void on_prepare(uv_prepare_t* handle) {
    before = uv_now(handle->loop);
    sleep_ms(20);
    CHECK_EQ(uv_now(handle->loop), before);
}

static void on_check(uv_check_t* handle) { after = uv_now(handle->loop); }

int main(void) {
    static const uv_run_mode modes[] = {UV_RUN_NOWAIT, UV_RUN_ONCE};
    uv_loop_t loop;
    uv_idle_t idle;
    uv_prepare_t prepare;
    uv_check_t check;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    for (int i = 0; i < 4; i++) {
        uv_run(&loop, modes[i % 2]);
        CHECK_GE(after - before, 19);
    }
    finish_loop(&loop);
    return 0;
}
