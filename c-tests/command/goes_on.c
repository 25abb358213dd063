/* Goes on for a minute, or until it is told to end: timers, a stat every now and then, jobs. Says `ready` first. */
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static uv_fs_t stat_req;
static uv_work_t jobs[6];
static int left;

static void on_fs(uv_fs_t* req) { uv_fs_req_cleanup(req); }

static void job(uv_work_t* req) {
    (void)req;
    usleep(1000);
}

static void after(uv_work_t* req, int status) {
    (void)req;
    (void)status;
    left--;
}

static void now_and_then(uv_timer_t* timer) {
    usleep(300);
    uv_fs_stat(timer->loop, &stat_req, "/", on_fs);
    if (left > 0) return;
    for (left = 0; left < 6; left++) uv_queue_work(timer->loop, &jobs[left], job, after);
}

int main(void) {
    uv_timer_t timer;
    alarm(60);
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, now_and_then, 0, 20);
    puts("ready");
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
