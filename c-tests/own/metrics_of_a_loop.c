/* uvring_metrics counts what a loop does, and from its first call on measures how long callbacks take, how much a wait brings and how
 * long jobs wait for a thread; also for programs built with an older or a newer header. A forked child measures for itself. */
/* not on libuv: it has no such function */
#include "check.h"

#include <stdatomic.h>
#include <uvring.h>

enum { TIMES = 20, JOBS = 12 };

static uv_loop_t loop;
static int ticks, done;

static uvring_metrics_t metrics_of(uv_loop_t* of) {
    struct {
        uvring_metrics_t metrics;
        unsigned char more[32];
    } newer;
    memset(&newer, 0xaa, sizeof newer);
    newer.metrics.size = sizeof newer;
    CHECK_OK(uvring_metrics(of, &newer.metrics));
    CHECK_EQ(newer.metrics.size, sizeof newer.metrics);
    for (size_t i = 0; i < sizeof newer.more; i++) CHECK_EQ(newer.more[i], 0xaa);
    return newer.metrics;
}

static uint64_t sum(const uint64_t histogram[UVRING_HISTOGRAM], int from) {
    uint64_t all = 0;
    for (int i = from; i < UVRING_HISTOGRAM; i++) all += histogram[i];
    return all;
}

static void on_timer(uv_timer_t* timer) {
    if (ticks == 0) usleep(5000);
    if (++ticks == TIMES) uv_timer_stop(timer);
}

static atomic_int may_go;

/* The first jobs hold all threads until the last one was cancelled. */
static void job(uv_work_t* req) {
    UNUSED(req);
    while (!atomic_load(&may_go)) usleep(1000);
    usleep(2000);
}

static void after(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK(status == 0 || status == UV_ECANCELED);
    done++;
}

static void on_fs(uv_fs_t* req) { uv_fs_req_cleanup(req); }
static void on_post(uvring_post_t* req) { UNUSED(req); }
static void free_loop(uv_handle_t* handle) {
    CHECK_OK(uv_loop_close(handle->loop));
    free(handle->loop);
}

/* The loop is gone, memory and all, when its last callback comes back. */
static void loop_that_goes_in_a_callback(void) {
    uv_loop_t* other = malloc(sizeof *other);
    uv_timer_t timer;
    CHECK_OK(uv_loop_init(other));
    metrics_of(other);
    CHECK_OK(uv_timer_init(other, &timer));
    uv_close((uv_handle_t*)&timer, free_loop);
    CHECK_EQ(uv_run(other, UV_RUN_DEFAULT), 0);
}

static void child_measures_for_itself(uint64_t before) {
    uv_timer_t timer;
    uvring_metrics_t metrics;
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_OK(uv_loop_fork(&loop));
        CHECK_EQ(sum(metrics_of(&loop).callback_ns, 0), 0);
        ticks = 1;
        CHECK_OK(uv_timer_init(&loop, &timer));
        CHECK_OK(uv_timer_start(&timer, on_timer, 0, 1));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(sum(metrics_of(&loop).callback_ns, 0), TIMES - 1);
        _exit(0);
    }
    expect_child_success(pid);
    metrics = metrics_of(&loop);
    CHECK_EQ(sum(metrics.callback_ns, 0), before);
}

int main(void) {
    uvring_metrics_t metrics;
    uv_timer_t timer;
    uv_work_t jobs[JOBS];
    uv_fs_t fs;
    uvring_post_t post;
    uint64_t callbacks;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    metrics.size = sizeof metrics - 1;
    CHECK_EQ(uvring_metrics(&loop, &metrics), UV_EINVAL);
    metrics.size = sizeof metrics;
    CHECK_EQ(uvring_metrics(NULL, &metrics), UV_EINVAL);
    CHECK_EQ(uvring_metrics(&loop, NULL), UV_EINVAL);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    metrics = metrics_of(&loop);
    CHECK_GE(metrics.turns, 1);
    CHECK_GE(metrics.epoll_waits, 1);
    /* Nobody looked yet. */
    CHECK_EQ(sum(metrics.callback_ns, 0), 0);
    CHECK_EQ(metrics.handles, 0);

    ticks = 0;
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    CHECK_EQ(metrics_of(&loop).handles, 1);
    for (int i = 0; i < JOBS; i++) CHECK_OK(uv_queue_work(&loop, &jobs[i], job, after));
    CHECK_EQ(metrics_of(&loop).requests, JOBS);
    CHECK_EQ(metrics_of(&loop).pool_waiting, JOBS);
    CHECK_OK(uv_cancel((uv_req_t*)&jobs[JOBS - 1]));
    atomic_store(&may_go, 1);
    CHECK_OK(uvring_post(&post, &loop, 0, on_post));
    CHECK_OK(uv_fs_stat(&loop, &fs, "/", on_fs));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, JOBS);
    metrics = metrics_of(&loop);
    CHECK_EQ(metrics.pool_waiting, 0);
    CHECK_EQ(metrics.requests, 0);
    CHECK_EQ(metrics.posts, 1);
    CHECK_EQ(metrics.cancels, 1);
    CHECK_EQ(metrics.files_inline + metrics.files_ring + metrics.files_pool, 1);
    CHECK_GE(metrics.completions, 1);
    CHECK_GT(metrics.asleep_ns, 1000000);
    /* Each tick, each job's end, the stat's and the post's; one tick took 5 ms, more than 2^22 ns. */
    callbacks = sum(metrics.callback_ns, 0);
    CHECK_EQ(callbacks, TIMES + JOBS + 2);
    CHECK_GE(sum(metrics.callback_ns, 22), 1);
    CHECK_GE(sum(metrics.completions_per_enter, 0), 1);
    /* All but the cancelled one; twelve jobs of 2 ms with four threads: some waited more than 2^20 ns. The stat may be one of them. */
    CHECK_GE(sum(metrics.pool_wait_ns, 0), JOBS - 1);
    CHECK_LE(sum(metrics.pool_wait_ns, 0), JOBS);
    CHECK_GE(sum(metrics.pool_wait_ns, 20), 1);

    child_measures_for_itself(callbacks);
    loop_that_goes_in_a_callback();
    uv_close((uv_handle_t*)&timer, NULL);
    finish_loop(&loop);
    CHECK_EQ(uvring_metrics(&loop, &metrics), UV_EINVAL);
    return 0;
}
