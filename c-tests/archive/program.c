/* A program with libuv.a inside, and another Rust archive where TWO is defined. */
#include <stdio.h>
#include <uv.h>

int other_sum(int n);

static void on_timer(uv_timer_t* timer) {
    *(int*)timer->data += 1;
    uv_close((uv_handle_t*)timer, NULL);
}

int main(void) {
    uv_timer_t timer;
    int calls = 0;
    timer.data = &calls;
    if (uv_timer_init(uv_default_loop(), &timer) != 0 || uv_timer_start(&timer, on_timer, 1, 0) != 0) return 1;
    if (uv_run(uv_default_loop(), UV_RUN_DEFAULT) != 0 || calls != 1) return 2;
#ifdef TWO
    if (other_sum(4) != 6) return 3;
#endif
    return 0;
}
