/* A poll phase asks for 1024 events, calls back, and asks again if there were as many: what callbacks of the first 1024 do is
 * seen in the same phase. With fewer events there is one round, and it is seen in the next turn. */
#include "check.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

enum { ROUND = 1024, MORE = 1100 };

static uv_loop_t loop;
static uv_poll_t polls[MORE + 1];
static uv_check_t check;
static int fds[MORE + 1];
static int count, called, turns, late_turn, drain_all;

static void ring_bell(int fd) {
    uint64_t one = 1;
    CHECK_EQ(write(fd, &one, sizeof one), sizeof one);
}

static void drain(int fd) {
    uint64_t value;
    CHECK(read(fd, &value, sizeof value) == sizeof value || errno == EAGAIN);
}

static void on_late(uv_poll_t* handle, int status, int events) {
    CHECK_EQ(status, 0);
    CHECK_EQ(events, UV_READABLE);
    drain(fds[handle - polls]);
    late_turn = turns;
}

static void on_ready(uv_poll_t* handle, int status, int events) {
    CHECK_EQ(status, 0);
    CHECK_EQ(events, UV_READABLE);
    drain(fds[handle - polls]);
    if (called++ > 0) return;
    ring_bell(fds[count]);
    if (drain_all)
        for (int i = 0; i < count; i++) drain(fds[i]);
}

static void on_check(uv_check_t* handle) {
    if (++turns == 3) uv_close((uv_handle_t*)handle, NULL);
}

/* `n` descriptors are readable, and another one becomes so in the first callback. */
static void phase(int n) {
    count = n;
    called = turns = 0;
    late_turn = -1;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    for (int i = 0; i <= n; i++) {
        fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        CHECK_GE(fds[i], 0);
        CHECK_OK(uv_poll_init(&loop, &polls[i], fds[i]));
        CHECK_OK(uv_poll_start(&polls[i], UV_READABLE, i == n ? on_late : on_ready));
        if (i < n) ring_bell(fds[i]);
    }
    while (turns < 3) uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i <= n; i++) uv_close((uv_handle_t*)&polls[i], NULL);
    finish_loop(&loop);
    for (int i = 0; i <= n; i++) close(fds[i]);
}

int main(void) {
    struct rlimit limit;
    watchdog(20);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_cur < MORE + 100) SKIP("too few files may be open");

    phase(ROUND);
    CHECK_EQ(called, ROUND);
    CHECK_EQ(late_turn, 0);
    phase(ROUND - 1);
    CHECK_EQ(called, ROUND - 1);
    CHECK_EQ(late_turn, 1);
    /* The second round does not tell of what has been read meanwhile. */
    drain_all = 1;
    phase(MORE);
    CHECK_EQ(called, ROUND);
    CHECK_EQ(late_turn, 0);
    return 0;
}
