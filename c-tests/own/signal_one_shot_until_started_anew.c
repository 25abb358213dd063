/* A one-shot signal handle that has ended, or was stopped, and is started anew is not one-shot any more. In a forked child a one-shot handle whose signal was caught before
 * the fork, and not delivered, waits for another one. */
/* not on libuv: the handle stays one-shot; and in the child the signal has its default action */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
#include "check.h"
#include <sys/wait.h>

static int heard;

static void on_signal(uv_signal_t* handle, int signum) {
    UNUSED(handle);
    CHECK_EQ(signum, SIGUSR1);
    heard++;
}

static void hear(uv_loop_t* loop) {
    int before = heard;
    CHECK_EQ(raise(SIGUSR1), 0);
    while (heard == before) uv_run(loop, UV_RUN_ONCE);
}

int main(void) {
    uv_loop_t loop;
    uv_signal_t signal;
    pid_t pid;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_signal_init(&loop, &signal));
    CHECK_OK(uv_signal_start_oneshot(&signal, on_signal, SIGUSR1));
    hear(&loop);
    CHECK(!uv_is_active((uv_handle_t*)&signal));
    CHECK_OK(uv_signal_start(&signal, on_signal, SIGUSR1));
    hear(&loop);
    CHECK(uv_is_active((uv_handle_t*)&signal));
    hear(&loop);
    CHECK_OK(uv_signal_stop(&signal));

    CHECK_OK(uv_signal_start_oneshot(&signal, on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
        hear(&loop);
        _exit(uv_is_active((uv_handle_t*)&signal));
    }
    expect_child_success(pid);
    uv_close((uv_handle_t*)&signal, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_loop(&loop);
    return 0;
}
