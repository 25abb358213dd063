/* Many file operations in flight at once, across the depth at which an implementation changes its ways: each callback
 * once, each with its own result, none from inside the call, and other handles keep running. */
/* on tsan: threads meet here */
#include "check.h"

enum { FILES = 64, ROUNDS = 4, LEN = 5000 };

typedef struct {
    uv_fs_t req;
    char path[300];
    char data[LEN];
    int index, fd, step;
    uint64_t round;
} File;

static uv_loop_t loop;
static File files[FILES];
static uv_timer_t timer;
static int inside, finished, ticks;

static void advance(uv_fs_t* req) {
    File* file = (File*)((char*)req - offsetof(File, req));
    uv_buf_t buf = uv_buf_init(file->data, LEN);
    uint64_t seed = (uint64_t)file->index * 1000003u + file->round * 7;
    CHECK_EQ(inside, 0);
    inside = 1;
    if (file->step > 0) {
        ssize_t result = req->result;
        if (result < 0) FAIL("step %d of file %d: %s", file->step, file->index, uv_strerror((int)result));
        if (file->step == 1) file->fd = (int)result;
        if (file->step == 2 || file->step == 4) CHECK_EQ(result, LEN);
        if (file->step == 3) CHECK_EQ(req->statbuf.st_size, LEN);
        if (file->step == 4) pattern_check(file->data, seed, LEN);
        uv_fs_req_cleanup(req);
    }
    switch (file->step++) {
        case 0:
            CHECK_OK(uv_fs_open(&loop, req, file->path, UV_FS_O_RDWR | UV_FS_O_CREAT, 0600, advance));
            break;
        case 1:
            pattern_fill(file->data, seed, LEN);
            CHECK_OK(uv_fs_write(&loop, req, file->fd, &buf, 1, 0, advance));
            break;
        case 2:
            CHECK_OK(uv_fs_stat(&loop, req, file->path, advance));
            break;
        case 3:
            memset(file->data, 0, LEN);
            CHECK_OK(uv_fs_read(&loop, req, file->fd, &buf, 1, 0, advance));
            break;
        case 4:
            CHECK_OK(uv_fs_close(&loop, req, file->fd, advance));
            break;
        case 5:
            CHECK_OK(uv_fs_unlink(&loop, req, file->path, advance));
            break;
        default:
            if (++file->round < ROUNDS) {
                file->step = 1;
                CHECK_OK(uv_fs_open(&loop, req, file->path, UV_FS_O_RDWR | UV_FS_O_CREAT, 0600, advance));
            } else if (++finished == FILES) {
                uv_close((uv_handle_t*)&timer, NULL);
            }
            break;
    }
    inside = 0;
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    ticks++;
}

int main(void) {
    const char* dir;
    watchdog(20);
    dir = temp_dir();
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 1));
    for (int i = 0; i < FILES; i++) {
        files[i].index = i;
        snprintf(files[i].path, sizeof files[i].path, "%s/%d", dir, i);
        advance(&files[i].req);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(finished, FILES);
    CHECK_GT(ticks, 0);
    CHECK_EQ(loop.active_reqs.count, 0);
    finish_loop(&loop);
    return 0;
}
