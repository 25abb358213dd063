/* uv_poll when the other end is gone: a hang-up makes everything ready that was asked for, urgent data included; an error
 * ends the polling with UV_EBADF. */
#include "check.h"

static int calls, last_events, last_status;

static void on_poll(uv_poll_t* handle, int status, int events) {
    calls++;
    last_status = status;
    last_events = events;
    CHECK_EQ(uv_is_active((uv_handle_t*)handle), status == 0);
}

static void hung_up_socket(int fds[2]) {
    unix_pair(fds);
    close(fds[1]);
}

static void hung_up_pipe(int fds[2]) {
    CHECK_EQ(pipe(fds), 0);
    close(fds[1]);
}

static void hung_up_pipe_with_data(int fds[2]) {
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    close(fds[1]);
}

static void socket_never_connected(int fds[2]) {
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_GE(fds[0], 0);
}

/* Its reader has gone. */
static void broken_pipe(int fds[2]) {
    int both[2];
    CHECK_EQ(pipe(both), 0);
    close(both[0]);
    fds[0] = both[1];
}

/* The other end closed without having read. */
static void reset_socket(int fds[2]) {
    unix_pair(fds);
    CHECK_EQ(write(fds[0], "x", 1), 1);
    close(fds[1]);
}

static const struct {
    void (*make)(int fds[2]);
    int status;
} cases[] = {
    {hung_up_socket, 0}, {hung_up_pipe, 0}, {hung_up_pipe_with_data, 0}, {socket_never_connected, 0},
    {broken_pipe, UV_EBADF}, {reset_socket, UV_EBADF},
};

int main(void) {
    uv_loop_t loop;
    uv_poll_t poll_;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int wanted = 1; wanted < 16; wanted++) {
            int fds[2];
            cases[i].make(fds);
            calls = 0;
            CHECK_OK(uv_poll_init(&loop, &poll_, fds[0]));
            CHECK_OK(uv_poll_start(&poll_, wanted, on_poll));
            uv_run(&loop, UV_RUN_NOWAIT);
            if (calls != 1 || last_status != cases[i].status || last_events != (last_status == 0 ? wanted : 0)) {
                FAIL("case %zu, wanted %d: %d calls, status %d, events %d", i, wanted, calls, last_status, last_events);
            }
            uv_close((uv_handle_t*)&poll_, NULL);
            uv_run(&loop, UV_RUN_NOWAIT);
            close(fds[0]);
        }
    }
    finish_loop(&loop);
    return 0;
}
