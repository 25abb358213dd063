/* UV_USE_IO_URING is read as atoi() reads it, as libuv reads it: a loop has no ring if it is there and not a number above 0. */
/* not on libuv: it has no such function */
/* not on aarch64: qemu has no io_uring */
#include "check.h"

#include <uvring.h>

/* The driver of a loop in a process with this value, or without the variable. */
static unsigned driver_with(const char* value) {
    int status;
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        uvring_loop_stats_t stats = {.size = sizeof stats};
        uv_loop_t loop;
        watchdog(10);
        CHECK_EQ(value ? setenv("UV_USE_IO_URING", value, 1) : unsetenv("UV_USE_IO_URING"), 0);
        CHECK_OK(uv_loop_init(&loop));
        CHECK_OK(uvring_loop_stats(&loop, &stats));
        _exit((int)stats.driver + 10);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    return (unsigned)WEXITSTATUS(status) - 10;
}

int main(void) {
    static const char* const off[] = {"0", " 0", "00", "+0", "-1", "", " ", "no", "0x1", "x1"};
    static const char* const on[] = {"1", " 1", "+2", "01", "1x"};
    unsigned usual;
    watchdog(20);
    usual = driver_with(NULL);
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) CHECK_EQ(driver_with(off[i]), UVRING_DRIVER_EPOLL);
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) CHECK_EQ(driver_with(on[i]), usual);
    return 0;
}
