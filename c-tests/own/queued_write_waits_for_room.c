/* A write has ended in its callback, and what is queued behind it waits until the kernel tells of room, in the poll phase: the pending phase
 * before has nothing to do. A write that ends in the pending phase leaves the loop nothing to do either. */
/* not on libuv: it tries again in the next pending phase, whether or not there is room, and once more when a write has ended there */
#include "check.h"
#include <sys/ioctl.h>

static uv_loop_t loop;
static uv_pipe_t sender;
static uv_prepare_t prepare;
static uv_check_t check;
static uv_write_t writes[3];
static int peer, ended, before_poll = -1, after_poll = -1, timeout = -1;
static char big[1 << 20];

static int unread(void) {
    int n;
    CHECK_EQ(ioctl(peer, FIONREAD, &n), 0);
    return n;
}

static void drain(void) {
    while (recv(peer, big, sizeof big, MSG_DONTWAIT) > 0) continue;
}

static void on_write(uv_write_t* req, int status) {
    CHECK(status == 0 || (req == &writes[1] && status == UV_ECANCELED));
    ended++;
    if (req != &writes[0]) return;
    drain();
    before_poll = after_poll = -2;
}

static void on_prepare(uv_prepare_t* handle) {
    UNUSED(handle);
    if (before_poll == -2) before_poll = unread();
    if (ended == 3 && timeout == -1) timeout = uv_backend_timeout(&loop);
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    if (before_poll >= 0 && after_poll == -2) after_poll = unread();
}

static void never(uv_timer_t* timer) { UNUSED(timer); FAIL("a minute is over"); }

int main(void) {
    uv_timer_t timer;
    uv_buf_t buf = uv_buf_init(big, sizeof big), last = uv_buf_init(big, 1);
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, never, 60000, 0));
    peer = pipe_handle(&loop, &sender);
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    /* The first ends when the peer reads; of the second the kernel then takes a part. */
    for (int i = 0; i < 2; i++) CHECK_OK(uv_write(&writes[i], (uv_stream_t*)&sender, &buf, 1, on_write));
    while (ended == 0) {
        drain();
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    while (after_poll < 0) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(before_poll, 0);
    CHECK_GT(after_poll, 0);

    /* The second is cancelled, and the last one, behind it, finds room in the pending phase. */
    CHECK_OK(uv_write(&writes[2], (uv_stream_t*)&sender, &last, 1, on_write));
    drain();
    CHECK_OK(uv_cancel((uv_req_t*)&writes[1]));
    while (timeout < 0) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(ended, 3);
    CHECK_GT(timeout, 0);
    close(peer);
    finish_loop(&loop);
    return 0;
}
