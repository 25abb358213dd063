/* uvring_fs_stat_many and uvring_fs_load_many answer for every item, each with its own status, and call back once; what uvring_cancel or
 * uvring_timeout ends is left out, and says so. */
/* not on libuv: libuv has no such functions */
/* on tsan: threads meet here */
#include "check.h"

#include <uvring.h>

enum { FILES = 300, ROOM = 64 };

static uv_loop_t loop;
static char folder[300], paths[FILES][400], rooms[FILES][ROOM];
static uvring_stat_item_t stats[FILES];
static uvring_load_item_t loads[FILES];
static int calls, inside;

static size_t length_of(int i) { return (size_t)(i % 3 == 2 ? ROOM + i : i % ROOM); }

static void make_files(void) {
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
        if (i % 10 == 7) continue;
        if (i % 10 == 8) {
            CHECK_OK(symlink(paths[i - 3], paths[i]));
            continue;
        }
        FILE* file = fopen(paths[i], "w");
        CHECK(file != NULL);
        for (size_t at = 0; at < length_of(i); at++) fputc((int)('a' + (i + at) % 26), file);
        CHECK_EQ(fclose(file), 0);
    }
}

static void on_stats(uvring_many_t* req, int status) {
    CHECK_EQ(inside, 0);
    CHECK_EQ(status, 0);
    CHECK_EQ(req->status, 0);
    CHECK_EQ(req->failed, FILES / 10);
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        int gone = i % 10 == 7;
        CHECK_EQ(stats[i].status, gone ? UV_ENOENT : 0);
        if (gone) continue;
        CHECK_EQ(req->data == NULL ? stat(paths[i], &st) : lstat(paths[i], &st), 0);
        CHECK_EQ(stats[i].stat.st_ino, st.st_ino);
        CHECK_EQ(stats[i].stat.st_size, st.st_size);
        CHECK_EQ(stats[i].stat.st_mode, st.st_mode);
    }
    calls++;
    memset(req, 0xff, sizeof *req);
}

static void on_loads(uvring_many_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(req->failed, FILES / 10 + 2);
    for (int i = 0; i < FILES; i++) {
        int of = i % 10 == 8 ? i - 3 : i;
        size_t length = length_of(of);
        if (i < 2) {
            CHECK_EQ(loads[i].status, i == 0 ? UV_EINVAL : UV_EISDIR);
        } else if (i % 10 == 7) {
            CHECK_EQ(loads[i].status, UV_ENOENT);
        } else {
            CHECK_EQ(loads[i].status, 0);
            CHECK_EQ(loads[i].size, length);
            CHECK_EQ(loads[i].done, length < ROOM ? length : ROOM);
            for (size_t at = 0; at < loads[i].done; at++) CHECK_EQ(rooms[i][at], 'a' + (int)((of + at) % 26));
        }
    }
    calls++;
}

static void start_stats(uvring_many_t* req, unsigned flags) {
    memset(stats, 0xff, sizeof stats);
    for (int i = 0; i < FILES; i++) {
        stats[i].path = paths[i];
        stats[i].dir = UVRING_CWD;
    }
    req->data = flags == 0 ? NULL : req;
    inside = 1;
    CHECK_OK(uvring_fs_stat_many(&loop, req, stats, FILES, flags, on_stats));
    inside = 0;
}

static void start_loads(uvring_many_t* req, int dir) {
    for (int i = 0; i < FILES; i++) {
        loads[i] = (uvring_load_item_t){.path = strrchr(paths[i], '/') + 1, .dir = dir, .base = rooms[i], .len = ROOM};
    }
    loads[0].base = NULL;
    loads[1].path = ".";
    CHECK_OK(uvring_fs_load_many(&loop, req, loads, FILES, on_loads));
}

static void job(uv_work_t* req) {
    UNUSED(req);
    uv_sleep(300);
}

static void on_job(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
}

static void on_ended(uvring_many_t* req, int status) {
    CHECK_EQ(status, (int)(intptr_t)req->data);
    CHECK_EQ(req->failed, status == 0 ? 0 : FILES);
    for (int i = 0; i < FILES; i++) CHECK_EQ(stats[i].status, status == 0 ? 0 : UV_ECANCELED);
    CHECK_EQ(uvring_cancel((uvring_req_t*)req), UV_ENOENT);
    calls++;
}

/* Behind jobs that have all threads of the pool. */
static void ended_before_it_began(void) {
    uvring_many_t req;
    uv_work_t jobs[4];
    memset(&req, 0xff, sizeof req);
    for (int i = 0; i < FILES; i++) stats[i].path = folder;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 4; i++) CHECK_OK(uv_queue_work(&loop, &jobs[i], job, on_job));
        req.data = (void*)(intptr_t)(round == 0 ? UV_ECANCELED : round == 1 ? UV_ETIMEDOUT : 0);
        if (round == 1) CHECK_OK(uvring_timeout((uvring_req_t*)&req, 20 * 1000 * 1000));
        if (round == 2) CHECK_OK(uvring_timeout((uvring_req_t*)&req, (uint64_t)1 << 40));
        CHECK_OK(uvring_fs_stat_many(&loop, &req, stats, FILES, 0, on_ended));
        CHECK_EQ(uvring_timeout((uvring_req_t*)&req, 1), UV_EBUSY);
        CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
        if (round == 0) CHECK_OK(uvring_cancel((uvring_req_t*)&req));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    }
    CHECK_EQ(calls, 4);
    calls = 0;
}

int main(void) {
    uvring_many_t req[2];
    int dir;
    watchdog(30);
    memset(req, 0xff, sizeof req);
    snprintf(folder, sizeof folder, "%s", temp_dir());
    make_files();
    dir = open(folder, O_RDONLY | O_DIRECTORY);
    CHECK_GE(dir, 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uvring_fs_stat_many(NULL, req, stats, FILES, 0, on_stats), UV_EINVAL);
    CHECK_EQ(uvring_fs_stat_many(&loop, req, NULL, FILES, 0, on_stats), UV_EINVAL);
    CHECK_EQ(uvring_fs_stat_many(&loop, req, stats, FILES, 2, on_stats), UV_EINVAL);
    CHECK_EQ(uvring_fs_stat_many(&loop, req, stats, FILES, 0, NULL), UV_EINVAL);
    CHECK_EQ(uvring_fs_load_many(&loop, NULL, loads, FILES, on_loads), UV_EINVAL);
    CHECK_EQ(uvring_cancel((uvring_req_t*)req), UV_ENOENT);
    for (unsigned flags = 0; flags <= UVRING_STAT_NOFOLLOW; flags++) {
        start_stats(&req[0], flags);
        start_loads(&req[1], dir);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    }
    CHECK_EQ(calls, 4);
    calls = 0;
    CHECK_OK(uvring_fs_stat_many(&loop, req, NULL, 0, 0, on_ended));
    req[0].data = NULL;
    for (int i = 0; i < FILES; i++) stats[i].status = 0;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);
    calls = 0;
    ended_before_it_began();
    CHECK_OK(uv_loop_close(&loop));
    close(dir);
    return 0;
}
