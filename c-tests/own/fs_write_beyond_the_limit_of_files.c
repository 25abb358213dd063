/* RLIMIT_FSIZE, where SIGXFSZ is ignored: a write up to the limit is whole, one across it is as short as the plain call, one behind it is
 * UV_EFBIG, and so is a longer ftruncate. In callbacks of a running loop and before, at a place and at the file's own. */
#include "check.h"

enum { LIMIT = 10000, LENGTH = 4000 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req;
static int fd, step, own_place;
static int64_t place;
static char data[LENGTH];

/* What each write gives in turn; then the ftruncate. */
static const int64_t expected[] = {LENGTH, LENGTH, LIMIT - 2 * LENGTH, UV_EFBIG, UV_EFBIG};

static void on_done(uv_fs_t* r) {
    uv_buf_t buf = uv_buf_init(data, sizeof data);
    if (r != NULL) {
        CHECK_EQ(r->result, expected[step]);
        if (r->result > 0) place += r->result;
        uv_fs_req_cleanup(r);
        step++;
    }
    if (step < 4) {
        CHECK_OK(uv_fs_write(&loop, &req, fd, &buf, 1, own_place ? -1 : place, on_done));
    } else if (step == 4) {
        CHECK_OK(uv_fs_ftruncate(&loop, &req, fd, LIMIT + 1, on_done));
    }
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    on_done(NULL);
}

static void run(int in_callback) {
    struct stat st;
    step = 0;
    place = 0;
    fd = open("file", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    if (in_callback) {
        CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    } else {
        on_done(NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(step, 5);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(st.st_size, LIMIT);
    close(fd);
}

int main(void) {
    struct rlimit limit = {LIMIT, LIMIT};
    watchdog(20);
    CHECK_EQ(chdir(temp_dir()), 0);
    signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    for (own_place = 0; own_place < 2; own_place++) {
        run(0);
        run(1);
    }
    finish_loop(&loop);
    return 0;
}
