/* A child forked while threads of the pool do many short file operations: what was under way stays the parent's, what was queued can be
 * cancelled, the child's loops wait and wake as ever, and its own operations are done. Each in each of many forks, because a thread of
 * the parent may hold any lock then. */
/* timeout: 50 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
/* on tsan: a process with threads forks here */
#include "check.h"

enum { OPERATIONS = 300, FORKS = 40 };

static uv_loop_t loop, own_loop;
static uv_fs_t reqs[OPERATIONS], own[OPERATIONS];
static uv_timer_t timer;
static int ended, cancelled, own_ended, fired;

static void on_access(uv_fs_t* req) {
    if (req->result == UV_ECANCELED) cancelled++;
    uv_fs_req_cleanup(req);
    ended++;
}

static void on_own(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    own_ended++;
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    fired = 1;
    uv_stop(handle->loop);
}

/* On the loop that was forked, and on one of its own. */
static void child(void) {
    int to_be_cancelled = 0;
    CHECK_OK(uv_loop_fork(&loop));
    for (int i = 0; i < OPERATIONS; i++) to_be_cancelled += uv_cancel((uv_req_t*)&reqs[i]) == 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 10, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(fired);
    /* The timer may have come first. */
    while (cancelled < to_be_cancelled) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_OK(uv_loop_init(&own_loop));
    for (int i = 0; i < OPERATIONS; i++) CHECK_OK(uv_fs_access(&own_loop, &own[i], "/", 0, on_own));
    CHECK_EQ(uv_run(&own_loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(own_ended, OPERATIONS);
    CHECK_OK(uv_loop_close(&own_loop));
    _exit(0);
}

static void on_begin(uv_timer_t* handle) {
    for (int i = 0; i < OPERATIONS; i++) CHECK_OK(uv_fs_access(handle->loop, &reqs[i], "/", 0, on_access));
}

static void fork_now(uv_timer_t* handle) {
    UNUSED(handle);
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        alarm(20);
        child();
    }
    expect_child_success(pid);
}

int main(void) {
    uv_timer_t forks, begin;
    watchdog(48);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &forks));
    CHECK_OK(uv_timer_init(&loop, &begin));
    for (int n = 0; n < FORKS; n++) {
        ended = cancelled = 0;
        /* In the loop's first turn, where operations are done in batches. */
        CHECK_OK(uv_timer_start(&begin, on_begin, 0, 0));
        /* Sometimes before the first result, sometimes among them. */
        CHECK_OK(uv_timer_start(&forks, fork_now, (uint64_t)n % 2, 0));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(ended, OPERATIONS);
        CHECK_EQ(cancelled, 0);
    }
    uv_close((uv_handle_t*)&forks, NULL);
    uv_close((uv_handle_t*)&begin, NULL);
    finish_loop(&loop);
    return 0;
}
