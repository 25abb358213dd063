/* A process forks while other threads are inside uv_async_send. In the child, after uv_loop_fork, nobody is: handles can be sent, are
 * called for it, and can be closed; and the loop can. (Without uv_loop_fork libuv waits for those threads when a handle is closed.) */
/* timeout: 60 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* on tsan: a process with threads forks here */
#include "check.h"

enum { ASYNCS = 4, SENDERS = 3, FORKS = 60 };

static uv_loop_t loop;
static uv_async_t asyncs[ASYNCS];
static uv_timer_t timer;
static int called[ASYNCS];
static _Atomic int over;
static _Atomic long sent;

static void on_async(uv_async_t* handle) { called[handle - asyncs]++; }
static void on_timer(uv_timer_t* handle) { UNUSED(handle); }

static void* send_all_the_time(void* arg) {
    uv_async_t* mine = arg;
    while (!over) {
        CHECK_OK(uv_async_send(mine));
        CHECK_OK(uv_async_send(&asyncs[0]));
        sent++;
    }
    return NULL;
}

static void in_child(int kind) {
    watchdog(10);
    if (kind == 3) {
        for (int i = 0; i < ASYNCS; i++) uv_close((uv_handle_t*)&asyncs[i], NULL);
        _exit(0);
    }
    CHECK_OK(uv_loop_fork(&loop));
    uv_run(&loop, UV_RUN_NOWAIT);
    for (int round = 0; kind != 0 && round < 2; round++) {
        memset(called, 0, sizeof called);
        for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_send(&asyncs[i]));
        uv_run(&loop, UV_RUN_ONCE);
        for (int i = 0; i < ASYNCS; i++) CHECK_EQ(called[i], 1);
    }
    finish_loop(&loop);
    _exit(0);
}

int main(void) {
    const char* driver = getenv("UVRING_TEST_DRIVER");
    int kinds = driver && strcmp(driver, "libuv") == 0 ? 3 : 4;
    pthread_t senders[SENDERS];
    watchdog(55);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_init(&loop, &asyncs[i], on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    for (int i = 0; i < SENDERS; i++) CHECK_EQ(pthread_create(&senders[i], NULL, send_all_the_time, &asyncs[i + 1]), 0);
    for (int i = 0; i < FORKS; i++) {
        long before = sent;
        int status;
        pid_t pid;
        for (int turns = 0; turns < 1000 && sent < before + 100; turns++) uv_run(&loop, UV_RUN_ONCE);
        pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) in_child(i % kinds);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("child %d ended with status %x", i, status);
    }
    over = 1;
    for (int i = 0; i < SENDERS; i++) CHECK_EQ(pthread_join(senders[i], NULL), 0);
    finish_loop(&loop);
    return 0;
}
