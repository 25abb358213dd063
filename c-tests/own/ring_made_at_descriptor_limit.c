/* Loops start file operations while another thread takes and gives back the last descriptors, so that a ring can be made at
 * one moment and not at the next: every operation is called back. */
/* timeout: 60 */
/* not on valgrind: it keeps descriptors for itself, and has the limit stay below them */
#include "check.h"

enum { LOOPS = 600, EACH = 16, SPARE = 8 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t reqs[EACH];
static int file, called_back, stopping;

static unsigned random_below(unsigned* state, unsigned limit) {
    *state = *state * 1103515245u + 12345u;
    return (*state >> 16) % limit;
}

static void burn(unsigned rounds) {
    for (volatile unsigned left = rounds; left > 0; left--) {
    }
}

static void flip(void* arg) {
    unsigned state = 1;
    UNUSED(arg);
    while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
        int held[SPARE], count = 0, fd;
        while (count < SPARE && (fd = dup(0)) >= 0) held[count++] = fd;
        burn(random_below(&state, 3000));
        while (count > 0) close(held[--count]);
        burn(random_below(&state, 3000));
    }
}

static void on_close(uv_fs_t* req) {
    called_back++;
    uv_fs_req_cleanup(req);
}

static void start(uv_timer_t* handle) {
    for (int i = 0; i < EACH; i++) CHECK_OK(uv_fs_close(&loop, &reqs[i], dup(file), on_close));
    uv_close((uv_handle_t*)handle, NULL);
}

/* On a thread of its own: what a thread keeps for its next loop would be a ring. */
static void one_loop(void* arg) {
    UNUSED(arg);
    if (uv_loop_init(&loop) != 0) return;
    called_back = 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, start, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(called_back, EACH);
    CHECK_EQ(uv_loop_close(&loop), 0);
}

int main(void) {
    struct rlimit limit;
    uv_thread_t flipper, thread;
    int next;
    uint64_t end = now_ns() + 10 * 1000000000ull;
    watchdog(50);
    file = open("file", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CHECK_GE(file, 0);
    /* What a process does once is done. */
    one_loop(NULL);
    next = dup(0);
    CHECK_GE(next, 0);
    close(next);
    limit.rlim_cur = limit.rlim_max = (rlim_t)next + SPARE;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_OK(uv_thread_create(&flipper, flip, NULL));
    for (int i = 0; i < LOOPS && now_ns() < end; i++) {
        CHECK_OK(uv_thread_create(&thread, one_loop, NULL));
        CHECK_OK(uv_thread_join(&thread));
    }
    __atomic_store_n(&stopping, 1, __ATOMIC_RELAXED);
    CHECK_OK(uv_thread_join(&flipper));
    return 0;
}
