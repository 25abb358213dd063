/* A job may end the process: exit(), called on a worker, runs what the library does at its unloading, which waits for the
 * other workers and not for this one. */
/* not on libuv: it waits for the thread that it is on, and aborts */
/* on tsan: threads meet here */
#include "check.h"

static void do_exit(uv_work_t* req) {
    UNUSED(req);
    exit(42);
}

static void after(uv_work_t* req, int status) {
    UNUSED(req);
    UNUSED(status);
}

int main(void) {
    int status;
    pid_t pid;
    watchdog(20);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        static uv_work_t work;
        watchdog(10);
        CHECK_OK(uv_queue_work(uv_default_loop(), &work, do_exit, after));
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
        _exit(1);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 42);
    return 0;
}
