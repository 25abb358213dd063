/* B7: thread B waits on uv_backend_fd with an epoll set of its own, as long as uv_backend_timeout says, and tells A to
 * run the loop with UV_RUN_NOWAIT (Electron's way). No event is lost, and nobody spins when there is nothing to do. */
/* timeout: 60 */
/* on tsan: threads meet here */
#include "check.h"

enum { EVENTS = 100000 };

static uv_loop_t loop;
static uv_async_t async;
static uv_tcp_t tcp;
static uv_timer_t timer;
static uv_work_t work;
static uv_sem_t may_wait, may_run, acknowledged;
static int peer, timeout_now;
static _Atomic int over;
static int wait_result;
static unsigned waits;
/* Written by the sender before it sends, read by the loop when it wakes. */
static _Atomic unsigned sent;
static unsigned seen, works, ticks;
static uint64_t bytes;

static void on_async(uv_async_t* handle) {
    unsigned now = sent;
    UNUSED(handle);
    if (now != seen) {
        seen = now;
        uv_sem_post(&acknowledged);
    }
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    CHECK_GE(nread, 0);
    for (ssize_t i = 0; i < nread; i++) {
        bytes++;
        if (buf->base[i] == '!') uv_sem_post(&acknowledged);
    }
}

static void after_work(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    works++;
    if (!over) CHECK_OK(uv_queue_work(&loop, req, do_nothing, after_work));
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); ticks++; }

/* In lockstep: a burst, then wait until the loop has answered its last event. A lost wake-up is a hang. */
static void send_events(void* arg) {
    uint64_t state = 31415;
    unsigned left = EVENTS;
    UNUSED(arg);
    while (left > 0) {
        unsigned burst = 1 + random_next(&state) % 16;
        if (burst > left) burst = left;
        if (random_next(&state) % 2) {
            for (unsigned i = 0; i < burst; i++) {
                if (i == burst - 1) sent = sent + 1;
                CHECK_OK(uv_async_send(&async));
            }
        } else {
            for (unsigned i = 0; i + 1 < burst; i++) send_all(peer, ".", 1);
            send_all(peer, "!", 1);
        }
        uv_sem_wait(&acknowledged);
        left -= burst;
    }
    over = 1;
}

static void wait_on_backend(void* arg) {
    struct epoll_event event = {.events = EPOLLIN};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    UNUSED(arg);
    CHECK_GE(epoll_fd, 0);
    CHECK_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(&loop), &event), 0);
    for (;;) {
        uv_sem_wait(&may_wait);
        if (timeout_now == -2) break;
        do {
            wait_result = epoll_wait(epoll_fd, &event, 1, timeout_now);
        } while (wait_result == -1 && errno == EINTR);
        waits++;
        uv_sem_post(&may_run);
    }
    close(epoll_fd);
}

/* One hop to B and back; B waits no longer than `most` ms. */
static int wait_in_b(int timeout, int most) {
    timeout_now = timeout < 0 || timeout > most ? most : timeout;
    uv_sem_post(&may_wait);
    uv_sem_wait(&may_run);
    return wait_result;
}

int main(void) {
    uv_thread_t waiter, sender;
    watchdog(55);
    CHECK_OK(uv_sem_init(&may_wait, 0));
    CHECK_OK(uv_sem_init(&may_run, 0));
    CHECK_OK(uv_sem_init(&acknowledged, 0));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 10, 10));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    CHECK_OK(uv_thread_create(&waiter, wait_on_backend, NULL));
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_OK(uv_thread_create(&sender, send_events, NULL));
    while (!over || works == 0) {
        wait_in_b(uv_backend_timeout(&loop), 20000);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_OK(uv_thread_join(&sender));
    CHECK_GT(works, 0);
    CHECK_GT(ticks, 0);

    /* Nothing to do: no timeout, and B sleeps. The last work item may still be on its way. */
    CHECK_OK(uv_timer_stop(&timer));
    for (int i = 0; i < 20; i++) {
        sleep_ms(2);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_EQ(uv_backend_timeout(&loop), -1);
    CHECK_EQ(wait_in_b(300, 300), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(wait_in_b(100, 100), 0);
    timeout_now = -2;
    uv_sem_post(&may_wait);
    CHECK_OK(uv_thread_join(&waiter));
    close(peer);
    finish_loop(&loop);
    uv_sem_destroy(&may_wait);
    uv_sem_destroy(&may_run);
    uv_sem_destroy(&acknowledged);
    return 0;
}
