/* UV_THREADPOOL_SIZE is read as atoi() reads it: blanks and a sign may come first, what is no number is 0, and means 1. A negative number is a large
 * one, and a value of 16 bytes and more does not count. */
/* timeout: 40 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: jobs are left behind */
#include "check.h"

enum { JOBS = 12 };

static uv_work_t works[JOBS];
static int running;

static void do_wait(uv_work_t* req) {
    UNUSED(req);
    __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    for (;;) pause();
}

static void after(uv_work_t* req, int status) {
    UNUSED(req);
    UNUSED(status);
}

static void child(const char* value, int expected) {
    watchdog(20);
    if (value == NULL) CHECK_EQ(unsetenv("UV_THREADPOOL_SIZE"), 0);
    else CHECK_EQ(setenv("UV_THREADPOOL_SIZE", value, 1), 0);
    for (int i = 0; i < JOBS; i++) CHECK_OK(uv_queue_work(uv_default_loop(), &works[i], do_wait, after));
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) < expected) sleep_ms(1);
    sleep_ms(30);
    CHECK_EQ(__atomic_load_n(&running, __ATOMIC_SEQ_CST), expected);
    _exit(0);
}

int main(void) {
    static const struct {
        const char* value;
        int expected;
    } cases[] = {
        {NULL, 4}, {"3", 3}, {" 8", 8}, {"\t\n+8", 8}, {"+8", 8}, {"007", 7}, {"3x", 3}, {"2 9", 2}, {"0", 1}, {"-0", 1}, {"", 1},
        {" ", 1}, {"x", 1}, {"0x5", 1}, {"+-5", 1}, {"-1", JOBS}, {"2000", JOBS}, {"4294967298", 2}, {"000000000000003", 3},
        {"0000000000000003", 4}, {"2               ", 4},
    };
    watchdog(38);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) child(cases[i].value, cases[i].expected);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("\"%s\": the child ended with status %x", cases[i].value ? cases[i].value : "(unset)", status);
    }
    return 0;
}
