/* What was sent to a loop before a fork is the parent's: after uv_loop_fork the child's asyncs are as if nobody had sent them, and
 * can be sent anew. The parent still gets them. Those that the poll phase in which the fork happens has yet to call are called in both. */
/* on tsan: a process with threads forks here */
#include "check.h"

enum { ASYNCS = 3 };

static uv_loop_t loop;
static uv_async_t asyncs[ASYNCS];
static int called[ASYNCS], forks;
static pid_t parent, child;

static void check_called(int first, int second, int third) {
    CHECK_EQ(called[0], first);
    CHECK_EQ(called[1], second);
    CHECK_EQ(called[2], third);
}

static void on_async(uv_async_t* handle) {
    called[handle - asyncs]++;
    if (!forks) return;
    /* The first of two, which is sent again. */
    forks = 0;
    CHECK_OK(uv_async_send(&asyncs[0]));
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
    }
}

int main(void) {
    watchdog(20);
    parent = getpid();
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_init(&loop, &asyncs[i], on_async));
    uv_run(&loop, UV_RUN_NOWAIT);

    CHECK_OK(uv_async_send(&asyncs[0]));
    CHECK_OK(uv_async_send(&asyncs[2]));
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
        uv_run(&loop, UV_RUN_NOWAIT);
        check_called(0, 0, 0);
        CHECK_OK(uv_async_send(&asyncs[2]));
        CHECK_OK(uv_async_send(&asyncs[1]));
        uv_run(&loop, UV_RUN_ONCE);
        check_called(0, 1, 1);
        finish_loop(&loop);
        _exit(0);
    }
    expect_child_success(child);
    uv_run(&loop, UV_RUN_ONCE);
    check_called(1, 0, 1);

    forks = 1;
    CHECK_OK(uv_async_send(&asyncs[0]));
    CHECK_OK(uv_async_send(&asyncs[1]));
    uv_run(&loop, UV_RUN_ONCE);
    check_called(2, 1, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    check_called(child == 0 ? 2 : 3, 1, 1);
    if (child == 0) {
        CHECK_OK(uv_async_send(&asyncs[0]));
        uv_run(&loop, UV_RUN_ONCE);
        check_called(3, 1, 1);
    }
    finish_loop(&loop);
    if (child == 0) _exit(0);
    expect_child_success(child);
    return 0;
}
