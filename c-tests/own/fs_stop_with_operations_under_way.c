/* uv_stop with file operations under way: uv_run returns soon, whatever they wait for (the other end of a FIFO, bytes in
 * a pipe); the callbacks come in the next run, each once, and no bytes are lost. */
#include "check.h"

enum { FILES = 40, LEN = 3000 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t opened[FILES], fifo_req, pipe_req, missing_req;
static char paths[FILES][300], fifo[300], pipe_data[8], data[LEN];
static int fds[FILES], ends[2], calls, fifo_calls, pipe_calls, missing_calls;

static void on_write(uv_fs_t* req) {
    CHECK_EQ(req->result, LEN);
    uv_fs_req_cleanup(req);
    calls++;
}

static void on_fifo(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    close((int)req->result);
    uv_fs_req_cleanup(req);
    fifo_calls++;
}

static void on_pipe(uv_fs_t* req) {
    CHECK_EQ(req->result, 3);
    uv_fs_req_cleanup(req);
    pipe_calls++;
}

static void on_missing(uv_fs_t* req) {
    CHECK_EQ(req->result, UV_ENOENT);
    uv_fs_req_cleanup(req);
    missing_calls++;
}

static void start_all(void) {
    uv_buf_t out = uv_buf_init(data, LEN), in = uv_buf_init(pipe_data, sizeof pipe_data);
    for (int i = 0; i < FILES; i++)
        CHECK_OK(uv_fs_write(&loop, &opened[i], fds[i], &out, 1, i % 2 == 0 ? 0 : -1, on_write));
    CHECK_OK(uv_fs_open(&loop, &fifo_req, fifo, UV_FS_O_RDONLY, 0, on_fifo));
    CHECK_OK(uv_fs_read(&loop, &pipe_req, ends[0], &in, 1, -1, on_pipe));
    CHECK_OK(uv_fs_stat(&loop, &missing_req, "/nonexistent/path", on_missing));
}

static void on_start_and_stop(uv_timer_t* handle) {
    UNUSED(handle);
    start_all();
    uv_stop(&loop);
}

static void on_stop(uv_timer_t* handle) {
    UNUSED(handle);
    uv_stop(&loop);
}

static void finish_all(void) {
    uint64_t start = now_ns();
    int writer;
    /* As long as the pipe is empty and the FIFO has no other end, nothing of theirs comes. */
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(fifo_calls + pipe_calls, 0);
    CHECK_EQ(write(ends[1], "abc", 3), 3);
    do writer = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    while (writer < 0 && errno == ENXIO && now_ns() - start < 5000000000u && (sleep_ms(1), 1));
    CHECK_GE(writer, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(writer);
    CHECK_EQ(calls, FILES);
    CHECK_EQ(fifo_calls, 1);
    CHECK_EQ(pipe_calls, 1);
    CHECK_EQ(missing_calls, 1);
    CHECK_EQ(memcmp(pipe_data, "abc", 3), 0);
    calls = fifo_calls = pipe_calls = missing_calls = 0;
}

static void on_start_stop_later(uv_timer_t* handle) {
    start_all();
    CHECK_OK(uv_timer_start(handle, on_stop, 20, 0));
}

int main(void) {
    const char* dir;
    watchdog(20);
    dir = temp_dir();
    pattern_fill(data, 0, LEN);
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    CHECK_EQ(mkfifo(fifo, 0600), 0);
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d", dir, i);
        fds[i] = open(paths[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK_GE(fds[i], 0);
    }
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));

    /* Stopped at once. */
    CHECK_OK(uv_timer_start(&timer, on_start_and_stop, 1, 0));
    CHECK_NE(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_all();
    /* In flight for a while before the stop. */
    CHECK_OK(uv_timer_start(&timer, on_start_stop_later, 1, 0));
    CHECK_NE(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_all();
    /* Started outside uv_run. */
    start_all();
    finish_all();
    finish_loop(&loop);
    for (int i = 0; i < FILES; i++) {
        char back[LEN];
        CHECK_EQ(pread(fds[i], back, LEN, 0), LEN);
        pattern_check(back, 0, LEN);
        close(fds[i]);
    }
    return 0;
}
