/* A process forks in a callback while a pipe is read, and a file request was just made: in the child, after uv_loop_fork, these are
 * the parent's. They are not done there, hold nothing up and keep the loop alive; new requests work, on the same files, too. */
/* on tsan: a process with threads forks here */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
#include "check.h"

enum { STOP_AND_RUN, CLOSE_LOOP, MODES };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t read_req, append_req, stat_req, write_req;
static int ends[2], file, reads, appends, stats, writes, mode;
static char room[16];
static pid_t parent;

static void on_read(uv_fs_t* req) {
    CHECK_EQ(getpid(), parent);
    CHECK_EQ(req->result, 6);
    reads++;
}

/* In the child, too, if a thread had done it before the fork. */
static void on_append(uv_fs_t* req) {
    CHECK_EQ(req->result, 5);
    appends++;
}

static void on_stat(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    stats++;
    uv_fs_req_cleanup(req);
}

static void on_write(uv_fs_t* req) {
    CHECK_EQ(req->result, 1);
    writes++;
    uv_fs_req_cleanup(req);
}

static void start_all(uv_timer_t* handle) {
    uv_buf_t text = uv_buf_init((char*)"once\n", 5);
    pid_t pid;
    CHECK_OK(uv_fs_write(&loop, &append_req, file, &text, 1, -1, on_append));
    pid = fork();
    CHECK_GE(pid, 0);
    uv_close((uv_handle_t*)handle, NULL);
    if (pid == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
        if (mode == CLOSE_LOOP) {
            CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
            _exit(0);
        }
        uv_stop(&loop);
        return;
    }
    expect_child_success(pid);
    CHECK_EQ(write(ends[1], "PARENT", 6), 6);
}

static void in_child(void) {
    uv_buf_t text = uv_buf_init((char*)"+", 1);
    CHECK_NE(uv_run(&loop, UV_RUN_NOWAIT), 0);
    CHECK_OK(uv_fs_stat(&loop, &stat_req, "file", on_stat));
    /* Where the parent's request is writing. */
    CHECK_OK(uv_fs_write(&loop, &write_req, file, &text, 1, -1, on_write));
    for (int i = 0; i < 2000 && (stats == 0 || writes == 0); i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_EQ(stats, 1);
    CHECK_EQ(writes, 1);
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    _exit(0);
}

int main(void) {
    uv_buf_t whole = uv_buf_init(room, sizeof room);
    watchdog(30);
    parent = getpid();
    for (mode = 0; mode < MODES; mode++) {
        struct stat st;
        reads = appends = 0;
        CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
        file = open("file", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
        CHECK_GE(file, 0);
        CHECK_OK(uv_loop_init(&loop));
        CHECK_OK(uv_fs_read(&loop, &read_req, ends[0], &whole, 1, -1, on_read));
        CHECK_OK(uv_timer_init(&loop, &timer));
        CHECK_OK(uv_timer_start(&timer, start_all, 30, 0));
        uv_run(&loop, UV_RUN_DEFAULT);
        if (getpid() != parent) in_child();
        CHECK_EQ(reads, 1);
        CHECK_EQ(appends, 1);
        CHECK_EQ(fstat(file, &st), 0);
        CHECK_EQ(st.st_size, mode == STOP_AND_RUN ? 6 : 5);
        CHECK_EQ(uv_loop_close(&loop), 0);
        close(file);
    }
    return 0;
}
