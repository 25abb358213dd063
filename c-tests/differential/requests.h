/* The second sort of program: jobs and file operations. Jobs go through the pool's one thread in order; file operations
 * are in no order with anything. Between them nothing else happens. */
#ifndef UVRING_DIFFERENTIAL_REQUESTS_H
#define UVRING_DIFFERENTIAL_REQUESTS_H

#include "files.h"
#include "forks.h"

enum { JOBS = 12 };

struct job { uv_work_t req; int number; int depth; bool blocks; };

static uv_sem_t gate;
static struct job jobs[JOBS];
static int jobs_run;

static void do_job(uv_work_t* req) {
    struct job* job = (struct job*)req;
    if (job->blocks) uv_sem_wait(&gate);
    __atomic_add_fetch(&jobs_run, 1, __ATOMIC_SEQ_CST);
}

static void job_done(uv_work_t* req, int status) {
    struct job* job = (struct job*)req;
    say("job %d: %d alive %d", job->number, status, is_alive());
    if (status == 0 && job->depth > 0 && !job->blocks) {
        job->depth--;
        say("job %d again: %d", job->number, uv_queue_work(&loop, req, do_job, job_done));
        /* Whether the thread has begun it is a matter of luck, so it is not cancelled. */
    }
}

/* One round: a job that holds the thread, others behind it, some of which are cancelled, and chains of file operations. */
static void round_of_requests(uint64_t* numbers) {
    int count = 2 + below(numbers, JOBS - 2);
    bool held = one_in(numbers, 2);
    for (int i = 0; i < count; i++) {
        jobs[i].number = i;
        jobs[i].depth = below(numbers, 3);
        jobs[i].blocks = held && i == 0;
        CHECK_OK(uv_queue_work(&loop, &jobs[i].req, do_job, job_done));
    }
    if (held) {
        for (int i = 1; i < count; i++) {
            if (one_in(numbers, 3)) say("cancel %d: %d", i, uv_cancel((uv_req_t*)&jobs[i].req));
        }
        if (one_in(numbers, 2)) {
            say("cancelled ones come first: %d alive", uv_run(&loop, UV_RUN_NOWAIT));
        }
        uv_sem_post(&gate);
    }
    say("run: %d", uv_run(&loop, UV_RUN_DEFAULT));
    say("run %d jobs so far", jobs_run);
    for (int i = 0; i < CHAINS; i++) start_chain(&chains[i], i, numbers);
    say("run: %d alive %d", uv_run(&loop, UV_RUN_DEFAULT), is_alive());
}

static void rounds_of_requests(void) {
    for (; steps_left > 0; steps_left--) {
        say("round");
        round_of_requests(&seed_numbers);
        if (one_in(&seed_numbers, 6)) fork_here(rounds_of_requests, close_loop);
    }
}

static void program_of_requests(void) {
    CHECK_OK(uv_sem_init(&gate, 0));
    rounds_of_requests();
    close_loop();
}

#endif
