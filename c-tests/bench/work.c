/* uv_queue_work with `depth` jobs in flight that do nothing. */
#include "bench.h"

enum { MOST = 256 };

struct job {
    uv_work_t req;
    int queued, ran;
};

static uv_loop_t loop;
static struct job jobs[MOST];

static void run(uv_work_t* req) {
    ((struct job*)req)->ran++;
}

static void queue(struct job* job);

static void after(uv_work_t* req, int status) {
    struct job* job = (struct job*)req;
    CHECK_OK(status);
    CHECK(job->queued == 1 && job->ran == 1);
    job->queued = 0;
    if (window_count(1, 16)) queue(job);
}

static void queue(struct job* job) {
    job->queued = 1;
    job->ran = 0;
    CHECK_OK(uv_queue_work(&loop, &job->req, run, after));
}

int main(int argc, char** argv) {
    begin(argc, argv);
    size_t depth = (size_t)number("depth", 1);
    CHECK(depth >= 1 && depth <= MOST);
    CHECK_OK(uv_loop_init(&loop));
    window_prepare();
    for (size_t i = 0; i < depth; i++) queue(&jobs[i]);
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    for (size_t i = 0; i < depth; i++) CHECK(jobs[i].queued == 0);
    window_report();
    end_loop(&loop);
    return 0;
}
