/* The other sort of program: jobs and file operations. Jobs go through the pool's one thread in order; file operations are in
 * no order with anything, so each chain of them has a pocket. Between them nothing else happens. */
#ifndef UVRING_DIFFERENTIAL_REQUESTS_H
#define UVRING_DIFFERENTIAL_REQUESTS_H

#include "world.h"

enum { JOBS = 12, CHAINS = 8 };

struct job { uv_work_t req; int number; int depth; bool blocks; };
struct chain { uv_fs_t req; uint64_t numbers; int number, left, fd; char path[40], bytes[600]; };

static uv_sem_t gate;
static struct job jobs[JOBS];
static struct chain chains[CHAINS];
static int jobs_run;

static void do_job(uv_work_t* req) {
    struct job* job = (struct job*)req;
    if (job->blocks) uv_sem_wait(&gate);
    __atomic_add_fetch(&jobs_run, 1, __ATOMIC_SEQ_CST);
}

static void job_done(uv_work_t* req, int status) {
    struct job* job = (struct job*)req;
    say("job %d: %d alive %d", job->number, status, uv_loop_alive(&loop));
    if (status == 0 && job->depth > 0 && !job->blocks) {
        job->depth--;
        say("job %d again: %d", job->number, uv_queue_work(&loop, req, do_job, job_done));
        /* Whether the thread has begun it is a matter of luck, so it is not cancelled. */
    }
}

static void next_of_chain(struct chain* c);

static void tell_result(struct chain* c) {
    uv_fs_t* req = &c->req;
    unsigned sum = 0;
    if (req->fs_type == UV_FS_READ) {
        for (ssize_t i = 0; i < req->result; i++) sum = sum * 31 + (unsigned char)c->bytes[i];
    }
    /* A descriptor's number says nothing. */
    int result = req->fs_type == UV_FS_OPEN && req->result >= 0 ? 0 : (int)req->result;
    tell(c->number, "fs %d of %d: %d %08x path %s", (int)req->fs_type, c->number, result, sum,
         req->path != NULL ? req->path : "-");
    if (req->result < 0) return;
    switch (req->fs_type) {
        case UV_FS_STAT: case UV_FS_LSTAT: case UV_FS_FSTAT:
            tell(c->number, "mode %o size %d links %d", (unsigned)req->statbuf.st_mode, (int)req->statbuf.st_size,
                 (int)req->statbuf.st_nlink);
            break;
        case UV_FS_SCANDIR: {
            uv_dirent_t entry;
            while (uv_fs_scandir_next(req, &entry) != UV_EOF) tell(c->number, "%s %d", entry.name, (int)entry.type);
            break;
        }
        case UV_FS_READLINK: tell(c->number, "to %s", (char*)req->ptr); break;
        default: break;
    }
}

static void on_fs(uv_fs_t* req) {
    struct chain* c = (struct chain*)req;
    tell_result(c);
    if (req->fs_type == UV_FS_OPEN && req->result >= 0) c->fd = (int)req->result;
    if (req->fs_type == UV_FS_CLOSE) c->fd = -1;
    uv_fs_req_cleanup(req);
    next_of_chain(c);
}

static int start_fs(struct chain* c, uv_fs_t* req, uv_fs_cb cb) {
    uint64_t* n = &c->numbers;
    char other[60];
    uv_buf_t bufs[2] = {uv_buf_init(c->bytes, (unsigned)below(n, 300)), uv_buf_init(c->bytes + 300, (unsigned)below(n, 300))};
    unsigned nbufs = 1 + (unsigned)below(n, 2);
    int64_t offset = below(n, 4) - 1 + (one_in(n, 4) ? 500 : 0);
    snprintf(other, sizeof other, "%s%s", c->path, one_in(n, 2) ? ".b" : ".c");
    if (one_in(n, 10)) snprintf(other, sizeof other, "no/such");
    int fd = one_in(n, 15) ? -1 : c->fd;
    if (c->fd == -1 && one_in(n, 2)) {
        int flags = one_in(n, 3) ? O_RDONLY : O_RDWR | (one_in(n, 2) ? O_CREAT : 0) | (one_in(n, 5) ? O_EXCL : 0);
        return uv_fs_open(&loop, req, c->path, flags, 0640, cb);
    }
    switch (below(n, 20)) {
        case 0: return uv_fs_stat(&loop, req, c->path, cb);
        case 1: return uv_fs_lstat(&loop, req, other, cb);
        case 2: return uv_fs_fstat(&loop, req, fd, cb);
        case 3: case 4: return uv_fs_read(&loop, req, fd, bufs, nbufs, offset, cb);
        case 5: case 6: return uv_fs_write(&loop, req, fd, bufs, nbufs, offset, cb);
        case 7: return uv_fs_close(&loop, req, c->fd, cb);
        case 8: return uv_fs_unlink(&loop, req, one_in(n, 2) ? c->path : other, cb);
        case 9: return uv_fs_mkdir(&loop, req, other, 0750, cb);
        case 10: return uv_fs_rmdir(&loop, req, other, cb);
        case 11: return uv_fs_rename(&loop, req, c->path, other, cb);
        case 12: return uv_fs_link(&loop, req, c->path, other, cb);
        case 13: return uv_fs_symlink(&loop, req, c->path, other, 0, cb);
        case 14: return uv_fs_readlink(&loop, req, other, cb);
        case 15: return uv_fs_ftruncate(&loop, req, fd, below(n, 700), cb);
        case 16: return uv_fs_chmod(&loop, req, c->path, 0600 + below(n, 64), cb);
        case 17: return uv_fs_scandir(&loop, req, other, 0, cb);
        case 18: return uv_fs_access(&loop, req, c->path, below(n, 8), cb);
        default: return one_in(n, 2) ? uv_fs_fsync(&loop, req, fd, cb) : uv_fs_copyfile(&loop, req, c->path, other, 0, cb);
    }
}

static void next_of_chain(struct chain* c) {
    while (c->left > 0) {
        c->left--;
        bool at_once = one_in(&c->numbers, 5);
        int r = start_fs(c, &c->req, at_once ? NULL : on_fs);
        if (!at_once) {
            if (r == 0) return;
            tell(c->number, "not started: %d", r);
            continue;
        }
        tell_result(c);
        if (c->req.fs_type == UV_FS_OPEN && r >= 0) c->fd = r;
        if (c->req.fs_type == UV_FS_CLOSE) c->fd = -1;
        uv_fs_req_cleanup(&c->req);
    }
    if (c->fd != -1) close(c->fd);
    c->fd = -1;
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
    for (int i = 0; i < CHAINS; i++) {
        struct chain* c = &chains[i];
        c->number = i;
        c->fd = -1;
        c->left = below(numbers, 12);
        c->numbers = next_number(numbers);
        memcpy(c->bytes, big + i, sizeof c->bytes);
        snprintf(c->path, sizeof c->path, "f%d", i);
        next_of_chain(c);
    }
    say("run: %d alive %d", uv_run(&loop, UV_RUN_DEFAULT), uv_loop_alive(&loop));
}

static void program_of_requests(void) {
    CHECK_OK(uv_sem_init(&gate, 0));
    for (; steps_left > 0; steps_left--) {
        say("round");
        round_of_requests(&seed_numbers);
    }
}

#endif
