/* C2: under a filter that kills the process at any ring call, UV_USE_IO_URING=0 keeps it alive and working. */
/* not on libuv: it sets up a ring for its own epoll changes whatever the variable says, and is killed */
#include "everything.h"
#include "refuse_syscalls.h"

static void twice(void) {
    if (!refuse_syscalls(IO_URING_SETUP, IO_URING_REGISTER, SECCOMP_RET_KILL_PROCESS)) _exit(77);
    everything();
    everything();
}

int main(void) {
    watchdog(10);
    CHECK_EQ(setenv("UV_USE_IO_URING", "0", 1), 0);
    run_silently(twice, "killing filter");
    return 0;
}
