/* uv_library_shutdown inside a callback: the loop that calls it goes on and can be closed; jobs that were queued have been done. */
/* on tsan: threads meet here */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t timer, later;
static uv_async_t async;
static uv_work_t work[8];
static int done, ended, calls;

static void do_work(uv_work_t* req) {
    UNUSED(req);
    sleep_ms(5);
    __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    ended++;
}

static void on_async(uv_async_t* handle) {
    calls++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_later(uv_timer_t* handle) {
    calls++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_timer(uv_timer_t* handle) {
    uv_library_shutdown();
    CHECK_EQ(__atomic_load_n(&done, __ATOMIC_SEQ_CST), 8);
    CHECK_OK(uv_async_send(&async));
    uv_close((uv_handle_t*)handle, NULL);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_init(&loop, &later));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK_OK(uv_timer_start(&later, on_later, 60, 0));
    for (int i = 0; i < 8; i++) CHECK_OK(uv_queue_work(&loop, &work[i], do_work, after_work));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, 8);
    CHECK_EQ(calls, 2);
    CHECK_EQ(uv_loop_close(&loop), 0);
    uv_library_shutdown();
    return 0;
}
