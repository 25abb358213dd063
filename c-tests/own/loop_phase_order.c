/* The phases of a turn: timers, pending, idle, prepare, poll, check, closing. Under UV_RUN_DEFAULT timers come first
 * and again after the closing phase; under ONCE and NOWAIT due timers run only at the end. */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t timer;
static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;
static uv_async_t async;
static uv_tcp_t tcp;
static uv_write_t write_req;
static char order[200];

static void note(char c) {
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = c;
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); note('T'); }
static void on_idle(uv_idle_t* handle) { UNUSED(handle); note('I'); }
static void on_prepare(uv_prepare_t* handle) { UNUSED(handle); note('P'); }
static void on_async(uv_async_t* handle) { UNUSED(handle); note('A'); }
static void on_close(uv_handle_t* handle) { free(handle); note('X'); }
static void on_check(uv_check_t* handle) { UNUSED(handle); note('C'); }

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    note('W');
}

/* All phases have something to do in the coming turn. The write was done inside uv_write; its callback is the pending
 * phase's. */
static void prepare_turn(void) {
    uv_timer_t* victim = malloc(sizeof *victim);
    uv_buf_t buf = uv_buf_init((char*)"x", 1);
    memset(order, 0, sizeof order);
    CHECK_OK(uv_timer_init(&loop, victim));
    uv_close((uv_handle_t*)victim, on_close);
    CHECK_OK(uv_async_send(&async));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    CHECK_OK(uv_write(&write_req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    CHECK_STR(order, "");
}

static void stop_in_check(uv_check_t* handle) {
    UNUSED(handle);
    note('C');
    uv_stop(&loop);
}

int main(void) {
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_idle_start(&idle, on_idle));

    prepare_turn();
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_STR(order, "WIPACXT");
    prepare_turn();
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE), 1);
    CHECK_STR(order, "WIPACXT");
    CHECK_OK(uv_check_stop(&check));
    CHECK_OK(uv_check_start(&check, stop_in_check));
    prepare_turn();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    CHECK_STR(order, "TWIPACX");
    finish_loop(&loop);
    close(peer);
    return 0;
}
