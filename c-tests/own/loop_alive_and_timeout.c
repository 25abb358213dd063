/* What keeps a loop alive, what uv_run returns, and what uv_backend_timeout says: active and referenced handles,
 * requests and closing handles count; inactive, unreferenced and internal ones do not. */
#include "check.h"

static uv_loop_t loop;
static int calls;

static void on_timer(uv_timer_t* handle) { UNUSED(handle); calls++; }
static void on_idle(uv_idle_t* handle) { UNUSED(handle); calls++; }
static void on_async(uv_async_t* handle) { UNUSED(handle); calls++; }
static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); calls++; }

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    UNUSED(status);
}

static void expect(int alive, int timeout) {
    CHECK_EQ(uv_loop_alive(&loop), alive);
    CHECK_EQ(uv_backend_timeout(&loop), timeout);
}

int main(void) {
    uv_timer_t timer;
    uv_idle_t idle;
    uv_async_t async;
    uv_tcp_t tcp;
    uv_work_t work;
    uint64_t start;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    expect(0, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0);

    CHECK_OK(uv_timer_init(&loop, &timer));
    expect(0, 0);
    /* One whole turn, so that the loop's own descriptors are watched. */
    CHECK_OK(uv_timer_start(&timer, on_timer, 1000, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_OK(uv_timer_stop(&timer));
    uv_update_time(&loop);
    CHECK_OK(uv_timer_start(&timer, on_timer, 1000, 0));
    expect(1, 1000);
    CHECK_EQ(loop.active_handles, 1);
    uv_unref((uv_handle_t*)&timer);
    uv_unref((uv_handle_t*)&timer);
    CHECK_EQ(uv_has_ref((uv_handle_t*)&timer), 0);
    CHECK_EQ(loop.active_handles, 0);
    expect(0, 0);
    uv_ref((uv_handle_t*)&timer);
    uv_ref((uv_handle_t*)&timer);
    CHECK_EQ(loop.active_handles, 1);
    expect(1, 1000);
    uv_unref((uv_handle_t*)&timer);
    CHECK_OK(uv_timer_stop(&timer));
    uv_ref((uv_handle_t*)&timer);
    expect(0, 0);

    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1000, 0));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    expect(1, 0);
    CHECK_OK(uv_idle_stop(&idle));
    CHECK_OK(uv_timer_stop(&timer));

    /* An async is active from its init on. */
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_EQ(uv_is_active((uv_handle_t*)&async), 1);
    expect(1, -1);
    uv_unref((uv_handle_t*)&async);
    expect(0, 0);
    /* A loop that is not alive makes no turn; one that is hears the unreferenced async too. */
    calls = 0;
    CHECK_OK(uv_async_send(&async));
    for (int i = 0; i < 3; i++) CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0);
    CHECK_EQ(calls, 0);
    CHECK_OK(uv_timer_start(&timer, on_timer, 60000, 0));
    for (int i = 0; i < 3; i++) CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(calls, 1);
    CHECK_OK(uv_timer_stop(&timer));

    /* What was asked for outside a turn needs one before anybody may sleep on the backend's descriptor. */
    tcp_listen(&loop, &tcp, 1, on_connection);
    expect(1, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    expect(1, -1);
    uv_close((uv_handle_t*)&tcp, NULL);
    expect(1, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0);
    expect(0, 0);

    calls = 0;
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(loop.active_reqs.count, 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
    expect(0, 0);

    /* ONCE waits for one event, and a timer's expiry is one; NOWAIT never waits. */
    calls = 0;
    uv_update_time(&loop);
    start = now_ns();
    CHECK_OK(uv_timer_start(&timer, on_timer, 40, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_LT(now_ns() - start, 30000000u);
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE), 0);
    CHECK_EQ(calls, 1);
    CHECK_GE(now_ns() - start, 38000000u);

    /* The loop's clock stands still between turns unless it is asked to move. */
    start = uv_now(&loop);
    sleep_ms(5);
    CHECK_EQ(uv_now(&loop), start);
    CHECK_EQ(loop.time, start);
    uv_update_time(&loop);
    CHECK_GE(uv_now(&loop) - start, 4);
    finish_loop(&loop);
    return 0;
}
