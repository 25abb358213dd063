/* uv_poll: what is ready is reported on each turn until it is taken; only what was asked for; a second poller for the
 * same descriptor gives UV_EEXIST, a regular file UV_EPERM, a closed number UV_EBADF. */
#include "check.h"

static uv_loop_t loop;
static int calls, last_events, last_status;

static void on_poll(uv_poll_t* handle, int status, int events) {
    UNUSED(handle);
    calls++;
    last_status = status;
    last_events = events;
}

static void turn(int expected_calls, int expected_events) {
    calls = 0;
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, expected_calls);
    if (expected_calls > 0) {
        CHECK_EQ(last_status, 0);
        CHECK_EQ(last_events, expected_events);
    }
}

int main(void) {
    uv_poll_t poll_, second;
    int fds[2], file, round;
    char byte;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    unix_pair(fds);
    CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
    CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(uv_poll_init(&loop, &second, 10000 + fds[0]), UV_EBADF);
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_GE(file, 0);
    CHECK_EQ(uv_poll_init(&loop, &second, file), UV_EPERM);
    close(file);

    CHECK_OK(uv_poll_start(&poll_, UV_READABLE, on_poll));
    CHECK_EQ(uv_poll_init(&loop, &second, fds[0]), UV_EEXIST);
    turn(0, 0);
    send_all(fds[1], "ab", 2);
    for (round = 0; round < 5; round++) turn(1, UV_READABLE);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    for (round = 0; round < 3; round++) turn(1, UV_READABLE);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    turn(0, 0);

    CHECK_OK(uv_poll_start(&poll_, UV_READABLE | UV_WRITABLE, on_poll));
    for (round = 0; round < 3; round++) turn(1, UV_WRITABLE);
    send_all(fds[1], "a", 1);
    turn(1, UV_READABLE | UV_WRITABLE);
    CHECK_OK(uv_poll_start(&poll_, UV_WRITABLE, on_poll));
    turn(1, UV_WRITABLE);
    /* Asking for nothing is stopping. */
    CHECK_OK(uv_poll_start(&poll_, 0, on_poll));
    CHECK_EQ(uv_is_active((uv_handle_t*)&poll_), 0);
    turn(0, 0);
    CHECK_EQ(read(fds[0], &byte, 1), 1);

    CHECK_OK(uv_poll_start(&poll_, UV_READABLE | UV_DISCONNECT, on_poll));
    turn(0, 0);
    CHECK_EQ(shutdown(fds[1], SHUT_WR), 0);
    for (round = 0; round < 3; round++) turn(1, UV_READABLE | UV_DISCONNECT);
    uv_close((uv_handle_t*)&poll_, NULL);
    close(fds[0]);
    turn(0, 0);
    close(fds[1]);
    finish_loop(&loop);
    return 0;
}
