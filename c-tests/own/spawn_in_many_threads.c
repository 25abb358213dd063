/* Threads with a loop each start programs at the same time, with and without success: each hears of its own children and
 * failures. */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* on tsan: threads meet here */
#include "spawns.h"

enum { THREADS = 4, ROUNDS = 12 };

static void run(void* arg) {
    uv_loop_t loop;
    UNUSED(arg);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ROUNDS; i++) fail_and_succeed(&loop);
    finish_loop(&loop);
}

int main(void) {
    uv_thread_t threads[THREADS];
    watchdog(60);
    directory = temp_dir();
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_create(&threads[i], run, NULL));
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_join(&threads[i]));
    return 0;
}
