/* A callback that leaves uv_run with longjmp leaves the loop as good as any other for who waits on its descriptor: what is sent,
 * finished or started afterwards, and what was under way, makes the descriptor readable, whether it was asked for before the jump
 * or after it. */
/* on tsan: threads meet here */
#include "check.h"

#include <setjmp.h>

static uv_loop_t loop;
static uv_timer_t timer;
static uv_async_t async;
static uv_work_t work;
static uv_fs_t fs;
static jmp_buf out;
static int called, pipe_fds[2];
static char byte;

static void on_timer(uv_timer_t* handle) { UNUSED(handle); longjmp(out, 1); }
static void on_async(uv_async_t* handle) { UNUSED(handle); called++; }
static void do_work(uv_work_t* req) { UNUSED(req); sleep_ms(20); }
static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); called++; }

static void on_fs(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    if (req->fs_type == UV_FS_OPEN) close((int)req->result);
    uv_fs_req_cleanup(req);
    called++;
}

static void* sender(void* arg) {
    UNUSED(arg);
    sleep_ms(20);
    CHECK_OK(uv_async_send(&async));
    return NULL;
}

static void begin(char kind) {
    uv_buf_t buf = uv_buf_init(&byte, 1);
    switch (kind) {
        case 'k':
            CHECK_OK(uv_queue_work(&loop, &work, do_work, after_work));
            break;
        case 's':
            CHECK_OK(uv_fs_stat(&loop, &fs, "/", on_fs));
            break;
        case 'o':
            CHECK_OK(uv_fs_open(&loop, &fs, "/etc/passwd", O_RDONLY, 0, on_fs));
            break;
        case 'r':
            CHECK_OK(uv_fs_read(&loop, &fs, pipe_fds[0], &buf, 1, -1, on_fs));
            break;
        default:
            break;
    }
}

/* What `kind` is about comes after the jump; with `before` it begins in the turn out of which the callback jumps. */
static void jump_and_wait(char kind, int asked_before, int before) {
    static volatile int fd;
    pthread_t thread;
    int turns = 0;
    called = 0;
    fd = -1;
    CHECK_EQ(pipe(pipe_fds), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    if (asked_before) fd = uv_backend_fd(&loop);
    CHECK_OK(uv_timer_start(&timer, on_timer, 2, 0));
    if (before) begin(kind);
    if (setjmp(out) == 0) {
        uv_run(&loop, UV_RUN_DEFAULT);
        FAIL("there was no jump");
    }
    if (!asked_before) fd = uv_backend_fd(&loop);
    if (!before) begin(kind);
    if (kind == 'a') CHECK_EQ(pthread_create(&thread, NULL, sender, NULL), 0);
    if (kind == 'r') CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
    while (called == 0) {
        struct pollfd waiting = {fd, POLLIN, 0};
        int timeout = uv_backend_timeout(&loop);
        if (timeout == 0) turns++;
        if (timeout != 0 && poll(&waiting, 1, 5000) != 1) FAIL("%c %d %d: nothing tells", kind, asked_before, before);
        CHECK_LT(turns, 100);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    if (kind == 'a') CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(called, 1);
    finish_loop(&loop);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int main(void) {
    watchdog(30);
    for (int asked = 0; asked < 2; asked++) {
        jump_and_wait('a', asked, 0);
        for (const char* kind = "ksor"; *kind; kind++) {
            jump_and_wait(*kind, asked, 0);
            if (*kind == 'k' || *kind == 'r') jump_and_wait(*kind, asked, 1);
        }
    }
    return 0;
}
