/* Law 7: with handles armed and data arriving for them, the loop thread's own epoll_wait, poll, select, nanosleep,
 * sem_timedwait and recv with a timeout run their full time: none returns EINTR. */
/* timeout: 30 */
#include "owner_calls.h"

enum { HANDLES = 8 };

static uv_loop_t loop;
static uv_tcp_t streams[HANDLES];
static int peers[HANDLES];
static uv_async_t async;
static uv_fs_t fs_req;
static uv_work_t work;
static _Atomic int poking;
static _Atomic int ended;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_GE(nread, 0);
}

static void on_async(uv_async_t* handle) { UNUSED(handle); }
static void on_fs(uv_fs_t* req) { uv_fs_req_cleanup(req); }
static void after_work(uv_work_t* req, int status) { UNUSED(req); UNUSED(status); }

/* Keeps finishing what the loop has armed, while the loop's thread is busy with calls of its own. */
static void poke(void* arg) {
    int i = 0;
    UNUSED(arg);
    while (!ended) {
        sleep_ms(5);
        if (!poking) continue;
        send_all(peers[i++ % HANDLES], "x", 1);
        CHECK_OK(uv_async_send(&async));
    }
}

int main(void) {
    uv_thread_t poker;
    watchdog(28);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    for (int i = 0; i < HANDLES; i++) {
        peers[i] = tcp_handle(&loop, &streams[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&streams[i], lend_slab, on_read));
    }
    CHECK_OK(uv_thread_create(&poker, poke, NULL));
    /* Armed and quiet. */
    uv_run(&loop, UV_RUN_NOWAIT);
    owner_calls();
    /* Armed and completing. */
    uv_run(&loop, UV_RUN_NOWAIT);
    poking = 1;
    owner_calls();
    /* The same with a file operation and work under way when the loop returns. */
    CHECK_OK(uv_fs_stat(&loop, &fs_req, "/proc/self/exe", on_fs));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    uv_run(&loop, UV_RUN_NOWAIT);
    owner_calls();
    ended = 1;
    CHECK_OK(uv_thread_join(&poker));
    finish_loop(&loop);
    for (int i = 0; i < HANDLES; i++) close(peers[i]);
    return 0;
}
