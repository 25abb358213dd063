/* uv_backend_fd, uv_backend_timeout and uv_loop_alive answer a thread that waits in the loop's stead, while the loop's own thread
 * starts timers, files, jobs and handles, and runs. */
/* on tsan: the questions read what the loop's thread writes */
#include "check.h"

enum { TIMERS = 50, ASKERS = 2 };

static uv_loop_t loop;
static uv_timer_t timers[TIMERS];
static uv_idle_t idle;
static uv_async_t async;
static uv_work_t work;
static uv_fs_t fs;
static _Atomic int over;
static _Atomic long answers;
static int files, jobs, sent;

static void on_timer(uv_timer_t* handle) { UNUSED(handle); }
static void on_idle(uv_idle_t* handle) { UNUSED(handle); }
static void on_async(uv_async_t* handle) { UNUSED(handle); sent++; }
static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    jobs++;
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
}

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    files++;
    CHECK_OK(uv_fs_stat(&loop, &fs, "/", on_fs));
}

static void* ask(void* arg) {
    UNUSED(arg);
    while (!over) {
        int timeout = uv_backend_timeout(&loop);
        CHECK_GE(timeout, 0);
        CHECK_LE(timeout, 1000);
        CHECK_EQ(uv_loop_alive(&loop), 1);
        CHECK_GE(uv_backend_fd(&loop), 0);
        CHECK_OK(uv_async_send(&async));
        answers++;
    }
    return NULL;
}

int main(void) {
    pthread_t askers[ASKERS];
    uint64_t random = 88172645463325252u, end;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < TIMERS; i++) CHECK_OK(uv_timer_init(&loop, &timers[i]));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_start(&timers[0], on_timer, 100, 100));
    CHECK_OK(uv_fs_stat(&loop, &fs, "/", on_fs));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    for (int i = 0; i < ASKERS; i++) CHECK_EQ(pthread_create(&askers[i], NULL, ask, NULL), 0);
    end = now_ns() + 1000000000u;
    while (now_ns() < end || answers < 100 || files == 0 || jobs == 0 || sent == 0) {
        for (int i = 0; i < 100; i++) {
            uv_timer_t* timer = &timers[1 + random_next(&random) % (TIMERS - 1)];
            CHECK_OK(uv_timer_start(timer, on_timer, random_next(&random) % 500, random_next(&random) % 3));
            if (i % 10 == 0) CHECK_OK(i % 20 ? uv_idle_start(&idle, on_idle) : uv_idle_stop(&idle));
        }
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    over = 1;
    for (int i = 0; i < ASKERS; i++) CHECK_EQ(pthread_join(askers[i], NULL), 0);
    _exit(0);
}
