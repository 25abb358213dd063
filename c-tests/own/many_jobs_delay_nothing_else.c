/* While the pool has hundreds of short jobs to do, and gives each back as soon as it is done, a loop still sees timers,
 * other threads' asyncs and sockets in time, and each job comes back once. */
/* not on kernels: an emulated processor is late */
#include "check.h"

#include <stdatomic.h>

enum { JOBS = 300, ROUNDS = 100, LATE_MS = 100 };

struct job {
    uv_work_t req;
    int runs;
};

static uv_loop_t loop;
static struct job jobs[JOBS];
static uv_timer_t timer;
static uv_async_t async;
static uv_pipe_t stream;
static char slab[64];
static int peer, ticks, back, left = JOBS;
static uint64_t last_tick;
static atomic_int asked, ended;

static void on_done(uv_work_t* req, int status) {
    struct job* job = (struct job*)req;
    CHECK_EQ(status, 0);
    back++;
    job->runs++;
    if (!ended) {
        CHECK_OK(uv_queue_work(&loop, req, do_nothing, on_done));
    } else if (--left == 0) {
        uv_close((uv_handle_t*)&timer, NULL);
        uv_close((uv_handle_t*)&async, NULL);
        uv_close((uv_handle_t*)&stream, NULL);
    }
}

static void on_timer(uv_timer_t* handle) {
    uint64_t now = uv_hrtime() / 1000000;
    UNUSED(handle);
    if (ticks++ > 0) CHECK_LE(now - last_tick, LATE_MS);
    last_tick = now;
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* handle, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    CHECK_OK(uv_async_send(&async));
}

static void on_async(uv_async_t* handle) {
    UNUSED(handle);
    atomic_fetch_add(&asked, -1);
}

static void* ask(void* data) {
    UNUSED(data);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t before = uv_hrtime();
        atomic_store(&asked, 1);
        CHECK_EQ(write(peer, "x", 1), 1);
        while (atomic_load(&asked)) usleep(50);
        CHECK_LE((uv_hrtime() - before) / 1000000, LATE_MS);
    }
    ended = 1;
    return NULL;
}

int main(void) {
    pthread_t thread;
    int runs = 0;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    peer = pipe_handle(&loop, &stream);
    CHECK_OK(uv_read_start((uv_stream_t*)&stream, on_alloc, on_read));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    for (int i = 0; i < JOBS; i++) CHECK_OK(uv_queue_work(&loop, &jobs[i].req, do_nothing, on_done));
    CHECK_EQ(pthread_create(&thread, NULL, ask, NULL), 0);
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        CHECK(jobs[i].runs > 0);
        runs += jobs[i].runs;
    }
    CHECK_EQ(runs, back);
    CHECK(ticks > 0);
    CHECK_EQ(close(peer), 0);
    finish_loop(&loop);
    return 0;
}
