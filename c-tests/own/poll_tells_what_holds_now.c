/* uv_poll tells what is ready when the callback is called: not what was ready between two turns and is no more, nor urgent
 * data where there is none; and all of it at once. */
#include "check.h"

static uv_loop_t loop;
static int calls, last_events;

static void on_poll(uv_poll_t* handle, int status, int events) {
    UNUSED(handle);
    CHECK_EQ(status, 0);
    calls++;
    last_events = events;
}

static void turn(int expected_calls, int expected_events) {
    calls = 0;
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, expected_calls);
    if (expected_calls > 0) CHECK_EQ(last_events, expected_events);
}

static void check_on(int fds[2]) {
    uv_poll_t poll_;
    char bytes[8];
    CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
    CHECK_OK(uv_poll_start(&poll_, UV_READABLE | UV_PRIORITIZED | UV_DISCONNECT, on_poll));
    turn(0, 0);
    send_all(fds[1], "ab", 2);
    recv_all(fds[0], bytes, 2);
    turn(0, 0);
    turn(0, 0);
    send_all(fds[1], "ab", 2);
    sleep_ms(2);
    turn(1, UV_READABLE);
    turn(1, UV_READABLE);
    recv_all(fds[0], bytes, 2);
    turn(0, 0);
    send_all(fds[1], "ab", 2);
    CHECK_EQ(shutdown(fds[1], SHUT_WR), 0);
    sleep_ms(2);
    turn(1, UV_READABLE | UV_DISCONNECT);
    uv_close((uv_handle_t*)&poll_, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(fds[0]);
    close(fds[1]);
}

int main(void) {
    int fds[2];
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    unix_pair(fds);
    check_on(fds);
    tcp_pair(fds);
    check_on(fds);
    finish_loop(&loop);
    return 0;
}
