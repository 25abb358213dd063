/* A child forked while jobs run and wait in the pool has a pool of its own. What was queued can be cancelled there and counts for nothing:
 * jobs and lookups of the child run, and a pool full of the child's jobs holds lookups up, as ever. What ran is under way for ever.
 * The parent's jobs are done in the parent. */
/* timeout: 30 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
/* on tsan: a process with threads forks here */
#include "check.h"

#include <netdb.h>

enum { WORKERS = 4, QUEUED = 8 };

static uv_loop_t loop, idle_loop;
static uv_work_t running[WORKERS], queued[QUEUED], fresh[WORKERS];
static uv_getaddrinfo_t waiting;
static uv_sem_t started, may_end;
static int done, cancelled, looked;

static void do_wait(uv_work_t* req) {
    UNUSED(req);
    uv_sem_post(&started);
    uv_sem_wait(&may_end);
}

static void after(uv_work_t* req, int status) {
    UNUSED(req);
    if (status == UV_ECANCELED) cancelled++;
    else done++;
}

static void on_info(uv_getaddrinfo_t* req, int status, struct addrinfo* res) {
    UNUSED(req);
    if (status == UV_EAI_CANCELED) {
        cancelled++;
        return;
    }
    CHECK_EQ(status, 0);
    uv_freeaddrinfo(res);
    looked++;
}

static void run_until(uv_loop_t* l, int* count, int target) {
    while (*count < target) {
        uv_run(l, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_EQ(*count, target);
}

/* Jobs and lookups on a loop of the child's. */
static void use_loop(uv_loop_t* l) {
    uv_getaddrinfo_t info;
    unsigned before = l->active_reqs.count;
    done = looked = cancelled = 0;
    CHECK_OK(uv_getaddrinfo(l, &info, on_info, "localhost", "80", NULL));
    run_until(l, &looked, 1);
    CHECK_OK(uv_queue_work(l, &fresh[0], do_nothing, after));
    run_until(l, &done, 1);
    /* A full pool. */
    CHECK_OK(uv_sem_init(&started, 0));
    CHECK_OK(uv_sem_init(&may_end, 0));
    for (int i = 0; i < WORKERS; i++) CHECK_OK(uv_queue_work(l, &fresh[i], do_wait, after));
    for (int i = 0; i < WORKERS; i++) uv_sem_wait(&started);
    CHECK_OK(uv_getaddrinfo(l, &info, on_info, "localhost", "80", NULL));
    sleep_ms(20);
    CHECK_OK(uv_cancel((uv_req_t*)&info));
    run_until(l, &cancelled, 1);
    for (int i = 0; i < WORKERS; i++) uv_sem_post(&may_end);
    run_until(l, &done, WORKERS + 1);
    CHECK_EQ(l->active_reqs.count, before);
}

static void child(int kind) {
    uv_loop_t own;
    watchdog(10);
    switch (kind) {
        case 0: /* All that waited is taken back, first of all. */
            CHECK_OK(uv_loop_fork(&loop));
            CHECK_EQ(uv_cancel((uv_req_t*)&running[0]), UV_EBUSY);
            for (int i = 0; i < QUEUED; i++) CHECK_OK(uv_cancel((uv_req_t*)&queued[i]));
            CHECK_OK(uv_cancel((uv_req_t*)&waiting));
            run_until(&loop, &cancelled, QUEUED + 1);
            CHECK_EQ(loop.active_reqs.count, WORKERS);
            use_loop(&loop);
            break;
        case 1: /* Or when the child has a pool. */
            CHECK_OK(uv_loop_fork(&loop));
            use_loop(&loop);
            cancelled = 0;
            for (int i = QUEUED - 1; i >= 0; i--) CHECK_OK(uv_cancel((uv_req_t*)&queued[i]));
            run_until(&loop, &cancelled, QUEUED);
            use_loop(&loop);
            break;
        case 2:
            CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
            CHECK_OK(uv_loop_close(&idle_loop));
            CHECK_OK(uv_loop_init(&own));
            use_loop(&own);
            CHECK_OK(uv_loop_close(&own));
            break;
        case 3:
            CHECK_OK(uv_loop_fork(&loop));
            CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
            break;
    }
    _exit(0);
}

int main(void) {
    watchdog(28);
    CHECK_OK(uv_sem_init(&started, 0));
    CHECK_OK(uv_sem_init(&may_end, 0));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_loop_init(&idle_loop));
    for (int i = 0; i < WORKERS; i++) CHECK_OK(uv_queue_work(&loop, &running[i], do_wait, after));
    for (int i = 0; i < WORKERS; i++) uv_sem_wait(&started);
    for (int i = 0; i < QUEUED; i++) CHECK_OK(uv_queue_work(&loop, &queued[i], do_nothing, after));
    CHECK_OK(uv_getaddrinfo(&loop, &waiting, on_info, "localhost", "80", NULL));
    /* libuv's child may find what is taken back in its own queue, run it, or lose what it has queued itself. */
    for (int kind = strcmp(getenv("UVRING_TEST_DRIVER"), "libuv") == 0 ? 2 : 0; kind < 4; kind++) {
        int status;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) child(kind);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("child of kind %d ended with status %x", kind, status);
    }
    for (int i = 0; i < WORKERS; i++) uv_sem_post(&may_end);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, WORKERS + QUEUED);
    CHECK_EQ(looked, 1);
    CHECK_EQ(cancelled, 0);
    finish_loop(&loop);
    finish_loop(&idle_loop);
    return 0;
}
