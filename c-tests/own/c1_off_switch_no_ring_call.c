/* C1: with UV_USE_IO_URING=0 in the environment the process makes no ring system call at all. The test runs itself
 * under strace, doing a bit of everything. */
/* not on libuv: it sets up a ring for its own epoll changes whatever the variable says */
/* timeout: 30 */
/* not on aarch64: strace does not see the calls of what qemu runs */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
#include "everything.h"

static void in_thread(void* arg) {
    UNUSED(arg);
    everything();
}

static void child(void) {
    uv_thread_t thread;
    everything();
    everything();
    CHECK_OK(uv_thread_create(&thread, in_thread, NULL));
    CHECK_OK(uv_thread_join(&thread));
}

int main(int argc, char** argv) {
    char line[1000];
    FILE* file;
    int lines = 0;
    watchdog(28);
    if (argc > 1) {
        child();
        return 0;
    }
    UNUSED(argv);
    file = trace_of_child("trace=exit_group,io_uring_setup,io_uring_enter,io_uring_register", "UV_USE_IO_URING", "0");
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
        if (strstr(line, "io_uring_") != NULL) FAIL("a ring call with the switch off: %s", line);
    }
    fclose(file);
    CHECK_GT(lines, 0);
    return 0;
}
