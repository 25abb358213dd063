/* In a forked child, after uv_loop_fork, UV_RUN_ONCE sleeps until something happens: nothing of the parent's wakes it. */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
#include "check.h"
#include <sys/wait.h>

static int called;

static void on_timer(uv_timer_t* handle) {
    called++;
    uv_close((uv_handle_t*)handle, NULL);
}

int main(void) {
    uv_loop_t* loop = uv_default_loop();
    uv_timer_t timer;
    pid_t pid;
    watchdog(10);
    CHECK_OK(uv_timer_init(loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_OK(uv_loop_fork(loop));
        CHECK_OK(uv_timer_init(loop, &timer));
        CHECK_OK(uv_timer_start(&timer, on_timer, 50, 0));
        uv_run(loop, UV_RUN_ONCE);
        CHECK_EQ(called, 2);
        _exit(0);
    }
    expect_child_success(pid);
    finish_loop(loop);
    return 0;
}
