/* Two threads use a loop at once, without a lock. */
/* found by tsan: data race */
#include <signal.h>
#include <uv.h>

static uv_loop_t loop;

static void use(void* arg) {
    int i;
    for (i = 0; i < 1000; i++) uv_loop_configure(arg, UV_LOOP_BLOCK_SIGNAL, SIGPROF);
}

int main(void) {
    uv_thread_t thread;
    if (uv_loop_init(&loop) != 0 || uv_thread_create(&thread, use, &loop) != 0) return 1;
    use(&loop);
    return uv_thread_join(&thread) == 0 ? 0 : 1;
}
