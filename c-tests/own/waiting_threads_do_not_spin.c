/* A loop that other threads wake now and then, a pool that gets a job now and then, and a semaphore that is posted now and
 * then take next to no processor time between, also after a time in which each waited for the other without a pause. */
#include "check.h"

#include <stdatomic.h>

enum { QUICK = 2000, SLOW = 100, PAUSE_MS = 4 };

static uv_loop_t loop;
static uv_async_t async;
static uv_sem_t posted;
static uv_work_t work;
static atomic_int left_quick = QUICK, is_slow, ended;
static int is_queued;

static void on_done(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    is_queued = 0;
    if (left_quick > 0 && --left_quick > 0) CHECK_OK(uv_queue_work(&loop, req, do_nothing, on_done));
}

static void on_async(uv_async_t* handle) {
    uv_sem_post(&posted);
    if (ended) {
        uv_close((uv_handle_t*)handle, NULL);
        return;
    }
    /* On a busy machine the last one may still be under way. */
    if (is_slow && !is_queued) {
        is_queued = 1;
        CHECK_OK(uv_queue_work(&loop, &work, do_nothing, on_done));
    }
}

static void sender(void* data) {
    double before;
    UNUSED(data);
    for (int i = 0; i < QUICK; i++) {
        CHECK_OK(uv_async_send(&async));
        uv_sem_wait(&posted);
    }
    while (left_quick > 0) sleep_ms(1);
    sleep_ms(20);
    is_slow = 1;
    before = processor_seconds();
    for (int i = 0; i < SLOW; i++) {
        CHECK_OK(uv_async_send(&async));
        uv_sem_wait(&posted);
        sleep_ms(PAUSE_MS);
    }
    /* Who spun would have taken 100 % or more. */
    CHECK_LE(processor_seconds() - before, SLOW * PAUSE_MS / 1000.0 / 2);
    ended = 1;
    CHECK_OK(uv_async_send(&async));
}

int main(void) {
    uv_thread_t thread;
    watchdog(30);
    CHECK_OK(uv_sem_init(&posted, 0));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, on_done));
    CHECK_OK(uv_thread_create(&thread, sender, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    uv_sem_destroy(&posted);
    finish_loop(&loop);
    return 0;
}
