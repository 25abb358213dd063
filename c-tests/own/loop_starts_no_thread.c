/* A program with a loop and sockets has no second thread, and never had one: the C library, which would remember it, still
 * takes the short way through read() and write(). */
#include "check.h"

#include <sys/single_threaded.h>

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_timer_t timer;

static void on_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    uv_close((uv_handle_t*)&tcp, NULL);
}

int main(void) {
    struct sockaddr_in address = loopback(0);
    watchdog(10);
    CHECK(__libc_single_threaded);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_bind(&tcp, (const struct sockaddr*)&address, 0));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 0));
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    finish_loop(&loop);
    CHECK(__libc_single_threaded);
    return 0;
}
