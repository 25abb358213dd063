/* A callback stops the loop in a turn that brings several events. Whatever the loop keeps of them: the next run asks the system what
 * is ready now, and tells of each event once. */
#include "check.h"

enum { PARTS = 3 };

static uv_loop_t loop;
static uv_check_t check;
static uv_udp_t udp;
static uv_udp_send_t send_req;
static uv_poll_t polls[2];
static int ends[2][2], told[2], sent;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    *buf = uv_buf_init(malloc(suggested), (unsigned)suggested);
}

static void on_sent(uv_udp_send_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    sent++;
}

static void on_datagram(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* from, unsigned flags) {
    static char text[] = "answer";
    uv_buf_t answer = uv_buf_init(text, sizeof text);
    UNUSED(flags);
    if (nread > 0) CHECK_OK(uv_udp_send(&send_req, handle, &answer, 1, from, on_sent));
    free(buf->base);
}

static void on_byte(uv_poll_t* poll, int status, int events) {
    int which = poll == &polls[1];
    char byte;
    CHECK_EQ(status, 0);
    CHECK_EQ(events, UV_READABLE);
    CHECK_EQ(read(ends[which][0], &byte, 1), 1);
    told[which]++;
}

static void on_check(uv_check_t* handle) { uv_stop(handle->loop); }

int main(void) {
    struct sockaddr_in addr = loopback(0);
    int peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), length = sizeof addr;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &length));
    CHECK_OK(uv_udp_recv_start(&udp, on_alloc, on_datagram));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(pipe2(ends[i], O_NONBLOCK | O_CLOEXEC), 0);
        CHECK_OK(uv_poll_init(&loop, &polls[i], ends[i][0]));
        CHECK_OK(uv_poll_start(&polls[i], UV_READABLE, on_byte));
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    for (int i = 0; i < PARTS; i++) {
        CHECK_EQ(sendto(peer, "question", 8, 0, (struct sockaddr*)&addr, sizeof addr), 8);
        CHECK_EQ(write(ends[0][1], "x", 1), 1);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
        CHECK_EQ(write(ends[1][1], "x", 1), 1);
        CHECK_EQ(uv_run(&loop, i == 1 ? UV_RUN_NOWAIT : UV_RUN_DEFAULT), 1);
        CHECK_EQ(told[0], i + 1);
        CHECK_EQ(told[1], i + 1);
        CHECK_EQ(sent, i + 1);
    }
    for (int i = 0; i < 4; i++) CHECK_EQ(close(ends[i / 2][i % 2]), 0);
    close(peer);
    finish_loop(&loop);
    return 0;
}
