/* Reads and writes past the cache (UV_FS_O_DIRECT), many in flight and started by callbacks, give what was written. A buffer or a length
 * that the device does not take is an error or works, as with the plain call. The flag may come and go while the file is open. */
/* not on mergerfs: it copies what is written to a place that is not aligned */
#include "check.h"

enum { BLOCK = 4096, BLOCKS = 256, IN_FLIGHT = 40 };

static uv_loop_t loop;
static uv_fs_t reqs[IN_FLIGHT], odd;
static char* space[IN_FLIGHT];
static int fd, next, ended, reading;
static ssize_t plain;

static void on_block(uv_fs_t* req);

static void start(int i) {
    uv_buf_t buf = uv_buf_init(space[i], BLOCK);
    int block = next++;
    reqs[i].data = (void*)(intptr_t)block;
    if (reading) {
        memset(space[i], 0, BLOCK);
        CHECK_OK(uv_fs_read(&loop, &reqs[i], fd, &buf, 1, (int64_t)block * BLOCK, on_block));
    } else {
        memset(space[i], 'a' + block % 26, BLOCK);
        CHECK_OK(uv_fs_write(&loop, &reqs[i], fd, &buf, 1, (int64_t)block * BLOCK, on_block));
    }
}

static void on_block(uv_fs_t* req) {
    int i = (int)(req - reqs), block = (int)(intptr_t)req->data;
    CHECK_EQ(req->result, BLOCK);
    for (int at = 0; reading && at < BLOCK; at++) CHECK_EQ(space[i][at], 'a' + block % 26);
    uv_fs_req_cleanup(req);
    ended++;
    if (next % 50 == 0) CHECK_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^ O_DIRECT), 0);
    if (next < BLOCKS) start(i);
}

static void on_odd(uv_fs_t* req) {
    CHECK_EQ(req->result, plain);
    uv_fs_req_cleanup(req);
    ended++;
}

static void on_timer(uv_timer_t* timer) {
    uv_close((uv_handle_t*)timer, NULL);
    for (int i = 0; i < IN_FLIGHT; i++) start(i);
}

static void run_all(int reads) {
    uv_timer_t timer;
    reading = reads;
    next = ended = 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(ended, BLOCKS);
}

static void start_odd(uv_timer_t* timer) {
    uv_buf_t buf = uv_buf_init(space[0] + 1, 1001);
    uv_close((uv_handle_t*)timer, NULL);
    CHECK_OK(uv_fs_read(&loop, &odd, fd, &buf, 1, 3, on_odd));
}

int main(void) {
    uv_timer_t timer;
    char path[300];
    watchdog(50);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | UV_FS_O_DIRECT, 0600);
    if (fd < 0 && errno == EINVAL) SKIP("this file system has no O_DIRECT");
    CHECK_GE(fd, 0);
    for (int i = 0; i < IN_FLIGHT; i++) CHECK_EQ(posix_memalign((void**)&space[i], BLOCK, BLOCK), 0);
    CHECK_OK(uv_loop_init(&loop));
    run_all(0);
    run_all(1);
    CHECK_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_DIRECT), 0);
    plain = pread(fd, space[0] + 1, 1001, 3);
    if (plain < 0) plain = -errno;
    ended = 0;
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, start_odd, 1, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(ended, 1);
    close(fd);
    for (int i = 0; i < IN_FLIGHT; i++) free(space[i]);
    finish_loop(&loop);
    return 0;
}
