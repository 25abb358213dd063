/* uv_spawn says why a program could not be started, the first time and after programs were started; and a child has all
 * signals at their defaults and none blocked, while the parent's stay as they were. */
#include "spawns.h"

int main(void) {
    /* Not the shell's own, which it changes. The C library's signals may be ignored. */
    static const char blocked[] = "exec grep -q '^SigBlk:.0*$' /proc/self/status";
    static const char ignored[] = "exec grep -q '^SigIgn:.*0000000$' /proc/self/status";
    uv_loop_t loop;
    sigset_t set;
    watchdog(20);
    directory = temp_dir();
    CHECK_OK(uv_loop_init(&loop));
    fail_and_succeed(&loop);
    fail_and_succeed(&loop);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    signal(SIGUSR2, SIG_IGN);
    CHECK_EQ(start(&loop, "/bin/sh", blocked, NULL, 0, 0), 0);
    CHECK_EQ(start(&loop, "/bin/sh", ignored, NULL, 0, 0), 0);
    /* The parent's are as they were. */
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, NULL, &set), 0);
    CHECK_EQ(sigismember(&set, SIGUSR1), 1);
    CHECK_EQ(sigismember(&set, SIGUSR2), 0);
    finish_loop(&loop);
    return 0;
}
