/* With UV_THREADPOOL_SIZE=1 work runs in the order of uv_queue_work, and the after_work callbacks come in that order,
 * on the loop's thread, inside uv_run. */
/* on tsan: threads meet here */
#include "check.h"

enum { JOBS = 300 };

static uv_loop_t loop;
static uv_work_t jobs[JOBS];
static _Atomic int started;
static int finished;
static pthread_t loop_thread, pool_thread;

static void do_work(uv_work_t* req) {
    int i = (int)(req - jobs);
    CHECK_EQ(i, started);
    if (i == 0) pool_thread = pthread_self();
    CHECK(pthread_equal(pool_thread, pthread_self()));
    CHECK(!pthread_equal(loop_thread, pthread_self()));
    started = started + 1;
}

static void after_work(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(req - jobs, finished);
    CHECK(pthread_equal(loop_thread, pthread_self()));
    finished++;
}

int main(void) {
    watchdog(10);
    CHECK_EQ(setenv("UV_THREADPOOL_SIZE", "1", 1), 0);
    loop_thread = pthread_self();
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_queue_work(&loop, &jobs[0], NULL, after_work), UV_EINVAL);
    for (int i = 0; i < JOBS; i++) CHECK_OK(uv_queue_work(&loop, &jobs[i], do_work, after_work));
    CHECK_EQ(loop.active_reqs.count, JOBS);
    CHECK_EQ(uv_loop_alive(&loop), 1);
    sleep_ms(20);
    CHECK_EQ(finished, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(finished, JOBS);
    finish_loop(&loop);
    return 0;
}
