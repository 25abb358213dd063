/* The library is given a handle that was freed: only an instrumented library, not an instrumented test, shows the write. */
/* found by asan: heap-use-after-free */
/* found by valgrind: Invalid write */
#include <stdlib.h>
#include <uv.h>

int main(void) {
    static uv_loop_t loop;
    uv_timer_t* volatile timer = malloc(sizeof *timer);
    if (uv_loop_init(&loop) != 0) return 1;
    free(timer);
    uv_timer_init(&loop, timer);
    return 0;
}
