/* A callback of uv_walk may walk, too: the outer walk still visits each handle once, also those closed meanwhile, and none
 * that a callback initialised. */
#include "check.h"

enum { HANDLES = 5 };

static uv_loop_t loop;
static uv_timer_t timers[HANDLES], late;
static int visits[HANDLES], inner, late_visits;

static void on_inner(uv_handle_t* handle, void* arg) {
    UNUSED(handle);
    UNUSED(arg);
    inner++;
}

static void on_outer(uv_handle_t* handle, void* arg) {
    CHECK(arg == &loop);
    if (handle == (uv_handle_t*)&late) {
        late_visits++;
        return;
    }
    int i = (int)((uv_timer_t*)handle - timers);
    CHECK(i >= 0 && i < HANDLES);
    visits[i]++;
    uv_walk(&loop, on_inner, NULL);
    if (i == 1) uv_close(handle, NULL);
    if (i == 2) CHECK_OK(uv_timer_init(&loop, &late));
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < HANDLES; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    uv_walk(&loop, on_outer, &loop);
    for (int i = 0; i < HANDLES; i++) CHECK_EQ(visits[i], 1);
    CHECK_EQ(late_visits, 0);
    CHECK_GT(inner, 0);
    finish_loop(&loop);
    return 0;
}
