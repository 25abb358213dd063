/* Many writes at the current position of one file, all started at once: each lands whole and once, none over another, as
 * long as they are started and whatever the mode of the run. In any order. */
#include "check.h"

enum { WRITES = 200, LEN = 512 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t reqs[WRITES];
static char data[WRITES][LEN];
static int fd, calls;

static void on_write(uv_fs_t* req) {
    CHECK_EQ(req->result, LEN);
    uv_fs_req_cleanup(req);
    calls++;
}

static void start_all(void) {
    for (int i = 0; i < WRITES; i++) {
        uv_buf_t bufs[2] = {uv_buf_init(data[i], 100), uv_buf_init(data[i] + 100, LEN - 100)};
        CHECK_OK(uv_fs_write(&loop, &reqs[i], fd, bufs, 2, -1, on_write));
    }
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    start_all();
}

static void check_all(void) {
    static char back[WRITES * LEN + 1];
    char seen[WRITES] = {0};
    CHECK_EQ(calls, WRITES);
    CHECK_EQ(pread(fd, back, sizeof back, 0), WRITES * LEN);
    for (int i = 0; i < WRITES; i++) {
        int which = (unsigned char)back[i * LEN];
        CHECK_LT(which, WRITES);
        CHECK_EQ(seen[which], 0);
        CHECK_EQ(memcmp(back + i * LEN, data[which], LEN), 0);
        seen[which] = 1;
    }
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(ftruncate(fd, 0), 0);
    calls = 0;
}

int main(void) {
    char path[300];
    watchdog(20);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    for (int i = 0; i < WRITES; i++) memset(data[i], i, LEN);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    start_all();
    uv_run(&loop, UV_RUN_DEFAULT);
    check_all();
    for (int mode = UV_RUN_DEFAULT; mode <= UV_RUN_NOWAIT; mode++) {
        CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
        do uv_run(&loop, (uv_run_mode)mode);
        while (calls < WRITES);
        check_all();
    }
    finish_loop(&loop);
    close(fd);
    return 0;
}
