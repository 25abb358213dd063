/* A child that keeps its parent's user and group runs no handler of pthread_atfork. */
/* not on aarch64: under an emulator all children are made by fork() */
/* not on valgrind: the same */
#include "spawns.h"

static int ran;

static void on_fork(void) { ran++; }

int main(void) {
    uv_loop_t loop;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(pthread_atfork(on_fork, on_fork, on_fork), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(start(&loop, "/bin/sh", "exit 3", NULL, 0, 3), 0);
        CHECK_EQ(start(&loop, "/nonexistent", "", NULL, 0, 0), UV_ENOENT);
    }
    CHECK_EQ(ran, 0);
    finish_loop(&loop);
    return 0;
}
