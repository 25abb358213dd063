/* A program may call epoll_wait itself on uv_backend_fd (Passenger does) before it runs the loop: that takes nothing
 * away. Each kind of event is still delivered by the run that follows. */
/* not on libuv: its wake-up is edge-triggered, so the foreign wait eats it and finished file operations never arrive */
/* on tsan: threads meet here */
#include "check.h"

enum { ROUNDS = 30 };

static uv_loop_t loop;
static uv_async_t async;
static uv_tcp_t tcp;
static int asyncs, works, files, received;

static void on_async(uv_async_t* handle) { UNUSED(handle); asyncs++; }
static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); works++; }

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    files++;
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_GE(nread, 0);
    received += (int)nread;
}

/* Waits on the descriptor, twice, then runs the loop; until `*what` has changed. */
static void until(int* what, int value) {
    for (int i = 0; i < 100 && *what < value; i++) {
        struct epoll_event events[16];
        int timeout = uv_backend_timeout(&loop);
        if (timeout < 0 || timeout > 100) timeout = 100;
        epoll_wait(uv_backend_fd(&loop), events, 16, timeout);
        epoll_wait(uv_backend_fd(&loop), events, 16, 0);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_GE(*what, value);
}

int main(void) {
    uv_work_t work;
    uv_fs_t fs_req;
    int peer;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    for (int round = 1; round <= ROUNDS; round++) {
        CHECK_OK(uv_async_send(&async));
        until(&asyncs, round);
        CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
        until(&works, round);
        CHECK_OK(uv_fs_stat(&loop, &fs_req, "/", on_fs));
        until(&files, round);
        send_all(peer, "x", 1);
        until(&received, round);
    }
    close(peer);
    finish_loop(&loop);
    return 0;
}
