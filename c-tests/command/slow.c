/* Once, a timer computes for 150 ms; then a stat, a job that sends an async, a child if it is told of one: for traces and slow callbacks. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

static uv_fs_t stat_req;
static uv_work_t work;
static uv_async_t async;
static uv_process_t child;
static char** arguments;

static __attribute__((noinline)) int compute_for_long(void) {
    struct timespec from, now;
    volatile double x = 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        for (int i = 0; i < 1000; i++) x *= 1.0001;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000 + (now.tv_nsec - from.tv_nsec) < 150000000);
    return x > 0;
}

static void on_stat(uv_fs_t* req) { uv_fs_req_cleanup(req); }
static void on_async(uv_async_t* handle) { uv_close((uv_handle_t*)handle, NULL); }

static void a_job(uv_work_t* req) {
    (void)req;
    usleep(2000);
    uv_async_send(&async);
}

static void after_the_job(uv_work_t* req, int status) {
    (void)req;
    (void)status;
}

static void on_exit_of_child(uv_process_t* process, int64_t status, int signal) {
    (void)status;
    (void)signal;
    uv_close((uv_handle_t*)process, NULL);
}

static void slow_timer(uv_timer_t* timer) {
    uv_process_options_t options = {.exit_cb = on_exit_of_child, .file = arguments[0], .args = arguments};
    /* Which keeps the call from being the function's end, and the function on the stack. */
    if (!compute_for_long()) return;
    uv_fs_stat(timer->loop, &stat_req, "/a \"path\"", on_stat);
    uv_queue_work(timer->loop, &work, a_job, after_the_job);
    if (arguments[0] != NULL) uv_spawn(timer->loop, &child, &options);
}

int main(int argc, char** argv) {
    uv_timer_t timer;
    (void)argc;
    arguments = argv + 1;
    alarm(60);
    uv_timer_init(uv_default_loop(), &timer);
    uv_async_init(uv_default_loop(), &async, on_async);
    uv_timer_start(&timer, slow_timer, 5, 0);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
