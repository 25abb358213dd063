/* close_cbs run in the closing phase of the turn, the handle closed last first; a handle closed from a close_cb waits
 * for the closing phase of the next turn. No close_cb runs inside uv_close. */
#include "check.h"

enum { HANDLES = 6 };

static uv_loop_t loop;
static uv_timer_t timers[HANDLES];
static uv_idle_t late;
static char order[32];

static void note(char c) {
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = c;
}

static void on_late_close(uv_handle_t* handle) {
    CHECK(handle == (uv_handle_t*)&late);
    note('L');
}

static void on_close(uv_handle_t* handle) {
    int i = (int)((uv_timer_t*)handle - timers);
    CHECK(uv_is_closing(handle));
    CHECK(!uv_is_active(handle));
    note((char)('0' + i));
    if (i == 3) {
        uv_close((uv_handle_t*)&late, on_late_close);
        CHECK(uv_is_closing((uv_handle_t*)&late));
    }
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_idle_init(&loop, &late));
    for (int i = 0; i < HANDLES; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    CHECK_EQ(uv_loop_alive(&loop), 0);
    for (int i = 0; i < HANDLES; i++) uv_close((uv_handle_t*)&timers[i], on_close);
    CHECK_STR(order, "");
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(uv_backend_timeout(&loop), 0);
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_STR(order, "543210");
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0);
    CHECK_STR(order, "543210L");
    CHECK_EQ(uv_loop_alive(&loop), 0);
    CHECK_EQ(uv_loop_close(&loop), 0);
    return 0;
}
