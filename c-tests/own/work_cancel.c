/* uv_cancel: queued work is taken back (0, then after_work with UV_ECANCELED in a later turn, the work itself never
 * runs); running or finished work cannot be (UV_EBUSY); requests that are not the pool's give UV_EINVAL. */
/* on tsan: threads meet here */
#include "check.h"

enum { QUEUED = 20 };

static uv_loop_t loop;
static uv_work_t blocker, queued[QUEUED];
static uv_sem_t is_running, may_end;
static int ran, cancelled, finished, blocker_done;

static void do_block(uv_work_t* req) {
    UNUSED(req);
    uv_sem_post(&is_running);
    uv_sem_wait(&may_end);
}

static void after_block(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    blocker_done++;
}

static void do_work(uv_work_t* req) {
    UNUSED(req);
    ran++;
}

static void after_work(uv_work_t* req, int status) {
    if (status == UV_ECANCELED) {
        CHECK((req - queued) % 2 == 0);
        cancelled++;
    } else {
        CHECK_EQ(status, 0);
        CHECK((req - queued) % 2 == 1);
        finished++;
    }
}

static void on_connect(uv_connect_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); }

int main(void) {
    uv_tcp_t tcp;
    uv_connect_t connect_req;
    struct sockaddr_in addr;
    int listener;
    watchdog(10);
    CHECK_EQ(setenv("UV_THREADPOOL_SIZE", "1", 1), 0);
    CHECK_OK(uv_sem_init(&is_running, 0));
    CHECK_OK(uv_sem_init(&may_end, 0));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_queue_work(&loop, &blocker, do_block, after_block));
    uv_sem_wait(&is_running);
    CHECK_EQ(uv_cancel((uv_req_t*)&blocker), UV_EBUSY);
    for (int i = 0; i < QUEUED; i++) CHECK_OK(uv_queue_work(&loop, &queued[i], do_work, after_work));
    for (int i = 0; i < QUEUED; i += 2) CHECK_EQ(uv_cancel((uv_req_t*)&queued[i]), 0);
    CHECK_EQ(cancelled, 0);
    CHECK_EQ(loop.active_reqs.count, QUEUED + 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(cancelled, QUEUED / 2);
    CHECK_EQ(finished, 0);
    CHECK_EQ(blocker_done, 0);
    uv_sem_post(&may_end);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ran, QUEUED / 2);
    CHECK_EQ(finished, QUEUED / 2);
    CHECK_EQ(blocker_done, 1);
    CHECK_EQ(uv_cancel((uv_req_t*)&blocker), UV_EBUSY);

    listener = listen_plain(1);
    addr = loopback(socket_port(listener));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(uv_cancel((uv_req_t*)&connect_req), UV_EINVAL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(listener);
    finish_loop(&loop);
    uv_sem_destroy(&is_running);
    uv_sem_destroy(&may_end);
    return 0;
}
