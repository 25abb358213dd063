/* Offset -1 reads and writes at the file's own position and moves it; a positioned transfer leaves it where it is. Each
 * operation is started in the callback of the last, so their order is fixed. O_APPEND writes at the end. */
#include "check.h"

enum { STEPS = 200, LEN = 700 };

static uv_loop_t loop;
static uv_fs_t req;
static int fd, step;
static char data[LEN];
static uint64_t at;

static void next(void);

static void on_write(uv_fs_t* r) {
    CHECK_EQ(r->result, LEN);
    uv_fs_req_cleanup(r);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), at);
    next();
}

static void on_read(uv_fs_t* r) {
    CHECK_EQ(r->result, LEN);
    uv_fs_req_cleanup(r);
    pattern_check(data, at - LEN, LEN);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), at);
    next();
}

static void on_positioned(uv_fs_t* r) {
    uint64_t where = (uint64_t)(step / 2) * LEN;
    CHECK_EQ(r->result, LEN);
    uv_fs_req_cleanup(r);
    pattern_check(data, where % (STEPS * LEN), LEN);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), at);
    next();
}

static void on_end(uv_fs_t* r) {
    CHECK_EQ(r->result, 0);
    uv_fs_req_cleanup(r);
}

/* First all the writes, then reads at the position with positioned ones between them, then the end of the file. */
static void next(void) {
    uv_buf_t buf = uv_buf_init(data, LEN);
    if (step < STEPS) {
        pattern_fill(data, at, LEN);
        at += LEN;
        step++;
        CHECK_OK(uv_fs_write(&loop, &req, fd, &buf, 1, -1, on_write));
    } else if (step == STEPS) {
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        at = LEN;
        step++;
        CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, -1, on_read));
    } else if (at < (uint64_t)STEPS * LEN) {
        step++;
        if (step % 3 == 0) {
            int64_t where = (int64_t)(step / 2) * LEN % (STEPS * LEN);
            CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, where, on_positioned));
        } else {
            at += LEN;
            CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, -1, on_read));
        }
    } else {
        CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, -1, on_end));
    }
}

static void append(const char* path) {
    uv_fs_t r;
    uv_buf_t buf = uv_buf_init((char*)"tail", 4);
    struct stat st;
    int append_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK_GE(append_fd, 0);
    CHECK_EQ(uv_fs_write(NULL, &r, append_fd, &buf, 1, -1, NULL), 4);
    uv_fs_req_cleanup(&r);
    CHECK_OK(uv_fs_write(&loop, &r, append_fd, &buf, 1, -1, uv_fs_req_cleanup));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(fstat(append_fd, &st), 0);
    CHECK_EQ(st.st_size, STEPS * LEN + 8);
    close(append_fd);
}

int main(void) {
    char path[300];
    watchdog(10);
    snprintf(path, sizeof path, "%s/data", temp_dir());
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    CHECK_OK(uv_loop_init(&loop));
    next();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(at, STEPS * LEN);
    append(path);
    close(fd);
    finish_loop(&loop);
    return 0;
}
