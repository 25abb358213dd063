/* B4: after uv_poll_stop (or uv_close of the poll handle) the descriptor belongs to the program again: closing it ends
 * the connection at once, and a new socket on the same number is nobody's. */
#include "check.h"

static uv_loop_t loop;
static int calls;

static void on_poll(uv_poll_t* handle, int status, int events) {
    UNUSED(handle);
    UNUSED(events);
    CHECK_EQ(status, 0);
    calls++;
}

static void on_poll_stop_inside(uv_poll_t* handle, int status, int events) {
    int* fds = handle->data;
    char byte;
    UNUSED(events);
    CHECK_EQ(status, 0);
    calls++;
    CHECK_OK(uv_poll_stop(handle));
    CHECK_EQ(close(fds[0]), 0);
    /* One byte had been sent and was not read: the end is a reset. */
    set_receive_timeout(fds[1], 3000);
    CHECK_EQ(recv(fds[1], &byte, 1, 0), -1);
    CHECK_EQ(errno, ECONNRESET);
}

static void stop_outside(int turns, int close_handle) {
    uv_poll_t poll_;
    int fds[2], again[2];
    char byte;
    tcp_pair(fds);
    calls = 0;
    CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
    CHECK_OK(uv_poll_start(&poll_, UV_READABLE, on_poll));
    for (int i = 0; i < turns; i++) uv_run(&loop, UV_RUN_NOWAIT);
    if (close_handle) {
        uv_close((uv_handle_t*)&poll_, NULL);
    } else {
        CHECK_OK(uv_poll_stop(&poll_));
    }
    CHECK_EQ(close(fds[0]), 0);
    set_receive_timeout(fds[1], 3000);
    CHECK_EQ(recv(fds[1], &byte, 1, 0), 0);
    close(fds[1]);

    /* The number is used again, for a socket with data: the old handle hears nothing of it. */
    tcp_pair(again);
    send_all(again[0], "x", 1);
    send_all(again[1], "x", 1);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, 0);
    close(again[0]);
    close(again[1]);
    if (!close_handle) uv_close((uv_handle_t*)&poll_, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void stop_inside(void) {
    uv_poll_t poll_;
    int fds[2];
    tcp_pair(fds);
    calls = 0;
    poll_.data = fds;
    CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
    CHECK_OK(uv_poll_start(&poll_, UV_READABLE, on_poll_stop_inside));
    uv_run(&loop, UV_RUN_NOWAIT);
    send_all(fds[1], "x", 1);
    while (calls == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(calls, 1);
    uv_close((uv_handle_t*)&poll_, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(fds[1]);
}

/* Changing what is asked for, on every turn, with the socket ready for both. */
static void change_events(void) {
    uv_poll_t poll_;
    int fds[2];
    tcp_pair(fds);
    calls = 0;
    CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
    for (int i = 0; i < 50; i++) {
        CHECK_OK(uv_poll_start(&poll_, i % 2 ? UV_READABLE : UV_WRITABLE, on_poll));
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_EQ(calls, 25);
    uv_close((uv_handle_t*)&poll_, NULL);
    CHECK_EQ(close(fds[0]), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(fds[1]);
}

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int turns = 0; turns < 4; turns++) {
        stop_outside(turns, 0);
        stop_outside(turns, 1);
    }
    stop_inside();
    change_events();
    finish_loop(&loop);
    return 0;
}
