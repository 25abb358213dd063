/* Law 7: after loops were opened and closed on a thread, that thread's own epoll_wait, poll, select, nanosleep,
 * sem_timedwait and recv with a timeout run their full time: none returns EINTR. */
/* not on libuv: it closes a ring with its loop, and the thread's next waiting call returns EINTR */
/* timeout: 30 */
#include "owner_calls.h"

static uv_fs_t fs_req;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_GE(nread, 0);
}

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
}

static void open_and_close(int count) {
    for (int i = 0; i < count; i++) {
        uv_loop_t loop;
        uv_tcp_t tcp;
        int peer;
        CHECK_OK(uv_loop_init(&loop));
        peer = tcp_handle(&loop, &tcp);
        CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
        CHECK_OK(uv_fs_stat(&loop, &fs_req, "/proc/self/exe", on_fs));
        uv_run(&loop, i % 2 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        finish_loop(&loop);
        close(peer);
    }
}

/* More loops at once than a thread may keep rings for. */
static void open_many_and_close(void) {
    enum { MANY = 12 };
    static uv_loop_t loops[MANY];
    static uv_tcp_t tcps[MANY];
    int peers[MANY];
    for (int i = 0; i < MANY; i++) {
        CHECK_OK(uv_loop_init(&loops[i]));
        peers[i] = tcp_handle(&loops[i], &tcps[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&tcps[i], lend_slab, on_read));
        uv_run(&loops[i], UV_RUN_NOWAIT);
    }
    for (int i = 0; i < MANY; i++) {
        finish_loop(&loops[i]);
        close(peers[i]);
    }
}

static void in_thread(void* arg) {
    UNUSED(arg);
    open_and_close(2);
    owner_calls();
    open_and_close(1);
}

int main(void) {
    uv_thread_t thread;
    watchdog(28);
    open_and_close(1);
    owner_calls();
    open_and_close(4);
    owner_calls();
    open_many_and_close();
    owner_calls();
    /* Threads that had loops come and go. */
    CHECK_OK(uv_thread_create(&thread, in_thread, NULL));
    CHECK_OK(uv_thread_join(&thread));
    owner_calls();
    return 0;
}
