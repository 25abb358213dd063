/* uv_walk visits each handle that was initialised and whose close_cb has not run, active or not, closing or not, and
 * none of the loop's own; handles may be closed while it walks. */
#include "check.h"

enum { TIMERS = 5 };

static uv_loop_t loop;
static uv_timer_t timers[TIMERS];
static uv_async_t async;
static uv_tcp_t tcp;
static int visits, visits_of[TIMERS], others, closes;

static void on_close(uv_handle_t* handle) { UNUSED(handle); closes++; }
static void on_async(uv_async_t* handle) { UNUSED(handle); }
static void after_work(uv_work_t* req, int status) { UNUSED(req); UNUSED(status); }

static void count(uv_handle_t* handle, void* arg) {
    CHECK(arg == &visits);
    CHECK(handle->loop == &loop);
    visits++;
    if (handle->type == UV_TIMER) {
        visits_of[(uv_timer_t*)handle - timers]++;
    } else {
        CHECK(handle == (uv_handle_t*)&async || handle == (uv_handle_t*)&tcp);
        others++;
    }
}

static void close_each(uv_handle_t* handle, void* arg) {
    CHECK(arg == NULL);
    if (!uv_is_closing(handle)) uv_close(handle, on_close);
}

static void expect(int timers_each, int others_) {
    visits = others = 0;
    memset(visits_of, 0, sizeof visits_of);
    uv_walk(&loop, count, &visits);
    for (int i = 0; i < TIMERS; i++) CHECK_EQ(visits_of[i], timers_each);
    CHECK_EQ(others, others_);
    CHECK_EQ(visits, timers_each * TIMERS + others_);
}

int main(void) {
    uv_work_t work;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    expect(0, 0);
    for (int i = 0; i < TIMERS; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    uv_backend_fd(&loop);
    uv_run(&loop, UV_RUN_NOWAIT);
    expect(1, 2);
    uv_unref((uv_handle_t*)&async);
    uv_walk(&loop, close_each, NULL);
    CHECK_EQ(closes, 0);
    expect(1, 2);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(closes, TIMERS + 2);
    expect(0, 0);
    finish_loop(&loop);
    return 0;
}
