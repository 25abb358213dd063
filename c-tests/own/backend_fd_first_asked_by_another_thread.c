/* uv_backend_fd may be asked for by one thread while another runs the loop: it gives the descriptor, and the loop goes on. */
/* on tsan: threads meet here */
#include "check.h"

enum { LOOPS = 500 };

static uv_loop_t loop;
static uv_timer_t timer;
static int stop;

static void on_timer(uv_timer_t* t) {
    UNUSED(t);
}

static void run(void* arg) {
    UNUSED(arg);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) uv_run(&loop, UV_RUN_NOWAIT);
}

int main(void) {
    watchdog(50);
    for (int i = 0; i < LOOPS; i++) {
        uv_thread_t thread;
        struct epoll_event event;
        int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        CHECK_GE(epoll_fd, 0);
        stop = 0;
        CHECK_OK(uv_loop_init(&loop));
        CHECK_OK(uv_timer_init(&loop, &timer));
        CHECK_OK(uv_timer_start(&timer, on_timer, 0, 1));
        CHECK_OK(uv_thread_create(&thread, run, NULL));
        for (volatile int j = 0; j < i % 50 * 400 + 20000; j++) {
        }
        event.events = EPOLLIN;
        CHECK_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(&loop), &event), 0);
        __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
        CHECK_OK(uv_thread_join(&thread));
        uv_close((uv_handle_t*)&timer, NULL);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        finish_loop(&loop);
        close(epoll_fd);
    }
    return 0;
}
