/* Forks: the child goes on with the program for some steps while its parent waits, so that what both of them have in
 * their hands is used by one at a time. */
#ifndef UVRING_DIFFERENTIAL_FORKS_H
#define UVRING_DIFFERENTIAL_FORKS_H

#include "rules.h"

/* Of this process. */
static int forks;

static void go_on_in_child(void (*steps)(void), void (*finish)(void)) {
    generation++;
    lineage = 10 * lineage + forks;
    watchdog(15);
    seed_numbers ^= 0xf0f0f0f0f0f0f0f0u;
    steps_left = 1 + below(&seed_numbers, 4);
    forks = 0;
    int r = uv_loop_fork(&loop);
    say("in the child: %d", r);
    if (r == 0) {
        steps();
        if (one_in(&seed_numbers, 2)) finish();
    }
    say("end of the child");
    flush_out();
    _exit(0);
}

static void fork_here(void (*steps)(void), void (*finish)(void)) {
    int status;
    static const int most = 9;
    if (generation > 1 || forks == most || !may_fork()) return;
    forks++;
    say("fork");
    flush_out();
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) go_on_in_child(steps, finish);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    say("forked: %d", status);
}

static void close_loop(void) {
    say("close: %d", uv_loop_close(&loop));
}

#endif
