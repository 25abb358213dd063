/* The system gives some threads and then no more. The threads that are there do all: jobs one after the other, lookups in between.
 * A request that no thread could do fails at the call, and is started again later. When threads are to be had again, the next
 * job makes those that were missing. */
/* timeout: 30 */
/* not on libuv: it ends the process */
/* on tsan: threads meet here */
#include "refuse_threads.h"

#include <netdb.h>

enum { WORKERS = 4, JOBS = 20 };

static uv_loop_t loop;
static uv_sem_t started, may_end;
static pthread_barrier_t all_together;
static int worked, looked, cancelled;

static void do_block(uv_work_t* req) {
    UNUSED(req);
    uv_sem_post(&started);
    uv_sem_wait(&may_end);
}

static void do_meet(uv_work_t* req) {
    UNUSED(req);
    pthread_barrier_wait(&all_together);
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    worked++;
}

static void on_info(uv_getaddrinfo_t* req, int status, struct addrinfo* res) {
    UNUSED(req);
    if (status == UV_EAI_CANCELED) {
        cancelled++;
        return;
    }
    CHECK_EQ(status, 0);
    CHECK(res != NULL);
    uv_freeaddrinfo(res);
    looked++;
}

static void on_fs(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    uv_fs_req_cleanup(req);
    worked++;
}

static void run(void) {
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(loop.active_reqs.count, 0);
}

/* With one worker. */
static void all_is_done(void) {
    static uv_work_t works[JOBS];
    static uv_getaddrinfo_t infos[JOBS];
    static uv_fs_t files[JOBS];
    static uv_work_t blocker;
    worked = looked = cancelled = 0;
    CHECK_OK(uv_queue_work(&loop, &blocker, do_block, after_work));
    uv_sem_wait(&started);
    for (int i = 0; i < JOBS; i++) {
        CHECK_OK(uv_fs_scandir(&loop, &files[i], "/", 0, on_fs));
        CHECK_OK(uv_getaddrinfo(&loop, &infos[i], on_info, "localhost", "80", NULL));
        CHECK_OK(uv_queue_work(&loop, &works[i], do_nothing, after_work));
    }
    /* They wait, and can be taken back. */
    for (int i = 0; i < JOBS; i += 2) CHECK_OK(uv_cancel((uv_req_t*)&infos[i]));
    sleep_ms(20);
    CHECK_EQ(worked + looked, 0);
    uv_sem_post(&may_end);
    run();
    CHECK_EQ(worked, 2 * JOBS + 1);
    CHECK_EQ(looked, JOBS / 2);
    CHECK_EQ(cancelled, JOBS / 2);
    /* A worker without work takes them, too. */
    for (int i = 0; i < 5; i++) {
        CHECK_OK(uv_getaddrinfo(&loop, &infos[0], on_info, "localhost", "80", NULL));
        CHECK_OK(uv_getaddrinfo(&loop, &infos[1], on_info, "localhost", "80", NULL));
        run();
    }
    CHECK_EQ(looked, JOBS / 2 + 10);
}

int main(void) {
    static uv_work_t works[WORKERS], one_more;
    uv_getaddrinfo_t info;
    watchdog(28);
    CHECK_OK(uv_sem_init(&started, 0));
    CHECK_OK(uv_sem_init(&may_end, 0));
    CHECK_EQ(pthread_barrier_init(&all_together, NULL, WORKERS), 0);
    CHECK_OK(uv_loop_init(&loop));

    allow_threads(0);
    CHECK_EQ(uv_queue_work(&loop, &works[0], do_nothing, after_work), UV_EAGAIN);
    CHECK_EQ(uv_getaddrinfo(&loop, &info, on_info, "localhost", "80", NULL), UV_EAGAIN);
    CHECK_EQ(uv_cancel((uv_req_t*)&works[0]), UV_EBUSY);
    CHECK_EQ(uv_cancel((uv_req_t*)&info), UV_EBUSY);
    CHECK_EQ(loop.active_reqs.count, 0);
    CHECK_EQ(uv_loop_alive(&loop), 0);

    allow_threads(1);
    all_is_done();

    /* Jobs that wait for each other, of which only the first has a thread. */
    worked = 0;
    for (int i = 0; i < WORKERS; i++) CHECK_OK(uv_queue_work(&loop, &works[i], do_meet, after_work));
    sleep_ms(20);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(worked, 0);
    allow_threads(WORKERS);
    CHECK_OK(uv_queue_work(&loop, &one_more, do_nothing, after_work));
    run();
    CHECK_EQ(worked, WORKERS + 1);
    finish_loop(&loop);
    return 0;
}
