/* Many short file operations are under way, and one among them hangs: an open of a FIFO that nobody writes to. The others come back all
 * the same, and so does one that is taken back; the open does when there is a writer. */
/* on tsan: threads meet here */
#include "check.h"

enum { MANY = 60, ROUNDS = 20, WARM = 3000 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t reqs[MANY], hanging;
static char folder[300], fifo[400];
static int left, warm, rounds, opened, cancelled;

static void start_round(void);

static void on_hanging(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    CHECK_EQ(left, 0);
    CHECK_OK(close((int)req->result));
    uv_fs_req_cleanup(req);
    opened++;
}

/* The writer. Until somebody opens the FIFO for reading there is ENXIO. */
static void on_timer(uv_timer_t* handle) {
    int fd = open(fifo, O_WRONLY | O_NONBLOCK);
    if (fd < 0) CHECK_EQ(errno, ENXIO);
    if (fd >= 0) close(fd);
    if (opened == rounds) {
        uv_timer_stop(handle);
        if (rounds < ROUNDS) start_round();
        else uv_close((uv_handle_t*)handle, NULL);
    }
}

static void on_done(uv_fs_t* req) {
    if (req->result != UV_ECANCELED) CHECK_EQ(req->result, 0);
    else cancelled--;
    uv_fs_req_cleanup(req);
    if (--left == 0) CHECK_OK(uv_timer_start(&timer, on_timer, 0, 1));
}

static void start(int i) {
    if (i % 3 == 0) CHECK_OK(uv_fs_access(&loop, &reqs[i], folder, R_OK, on_done));
    if (i % 3 == 1) CHECK_OK(uv_fs_lstat(&loop, &reqs[i], folder, on_done));
    if (i % 3 == 2) CHECK_OK(uv_fs_stat(&loop, &reqs[i], fifo, on_done));
}

static void start_round(void) {
    int place = rounds++ * 7 % MANY;
    left = MANY;
    for (int i = 0; i < MANY; i++) {
        /* Such an open takes a thread. */
        if (i == place) CHECK_OK(uv_fs_open(&loop, &hanging, fifo, UV_FS_O_RDONLY | UV_FS_O_CREAT, 0600, on_hanging));
        start(i);
    }
    cancelled = uv_cancel((uv_req_t*)&reqs[MANY - 3]) == 0;
}

/* Until whoever does them has seen that they are short. */
static void on_warm(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    if (warm++ < WARM) CHECK_OK(uv_fs_access(&loop, req, folder, R_OK, on_warm));
    else if (warm == WARM + MANY) start_round();
}

int main(void) {
    watchdog(40);
    snprintf(folder, sizeof folder, "%s", temp_dir());
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    CHECK_OK(mkfifo(fifo, 0600));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    for (int i = 0; i < MANY; i++) CHECK_OK(uv_fs_access(&loop, &reqs[i], folder, R_OK, on_warm));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(rounds, ROUNDS);
    CHECK_EQ(opened, ROUNDS);
    CHECK_EQ(cancelled, 0);
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
