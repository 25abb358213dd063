/* A stream stops reading, the process forks, and the stream reads again, in the same callback, both in the child, after
 * uv_loop_fork, and in the parent: each hears of what comes to it. */
/* on tsan: a process with threads forks here */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t in_child, in_parent;
static uv_timer_t timer;
static int child_peer, parent_peer, heard;
static pid_t parent, child;
static char room[16];

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(size);
    *buf = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    CHECK_EQ(n, 1);
    CHECK(stream == (uv_stream_t*)(getpid() == parent ? &in_parent : &in_child));
    heard++;
    uv_stop(&loop);
}

static void on_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    CHECK_OK(uv_read_stop((uv_stream_t*)&in_child));
    CHECK_OK(uv_read_stop((uv_stream_t*)&in_parent));
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
        CHECK_OK(uv_read_start((uv_stream_t*)&in_child, on_alloc, on_read));
        send_all(child_peer, "x", 1);
    } else {
        CHECK_OK(uv_read_start((uv_stream_t*)&in_parent, on_alloc, on_read));
        send_all(parent_peer, "x", 1);
    }
}

int main(void) {
    watchdog(20);
    parent = getpid();
    CHECK_OK(uv_loop_init(&loop));
    child_peer = tcp_handle(&loop, &in_child);
    parent_peer = tcp_handle(&loop, &in_parent);
    CHECK_OK(uv_read_start((uv_stream_t*)&in_child, on_alloc, on_read));
    CHECK_OK(uv_read_start((uv_stream_t*)&in_parent, on_alloc, on_read));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 10, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(heard, 1);
    if (getpid() != parent) _exit(0);
    expect_child_success(child);
    finish_loop(&loop);
    return 0;
}
