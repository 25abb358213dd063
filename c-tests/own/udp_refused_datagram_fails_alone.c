/* The first datagram goes out inside uv_udp_send, those behind it in batches. One that the kernel refuses ends with its
 * error, the others are sent; callbacks come in order, never from inside uv_udp_send; until its callback a request counts
 * in the queue, and keeps uv_udp_try_send away. */
#include "check.h"

enum { COUNT = 30, TOO_LONG = 7 };

static uv_loop_t loop;
static uv_udp_t sender;
static uv_udp_send_t requests[COUNT];
static char too_long[70000];
static int called, sending;

static void on_sent(uv_udp_send_t* req, int status) {
    CHECK(!sending);
    CHECK(req == &requests[called]);
    CHECK_EQ(status, called == TOO_LONG ? UV_EMSGSIZE : 0);
    called++;
    CHECK_EQ(sender.send_queue_count, COUNT - called);
}

int main(void) {
    struct sockaddr_in addr = loopback(0);
    socklen_t len = sizeof addr;
    char byte = 0;
    int receiver = socket(AF_INET, SOCK_DGRAM, 0);
    watchdog(10);
    CHECK_EQ(bind(receiver, (struct sockaddr*)&addr, len), 0);
    CHECK_EQ(getsockname(receiver, (struct sockaddr*)&addr, &len), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &sender));
    for (int i = 0; i < COUNT; i++) {
        uv_buf_t buf = uv_buf_init(&byte, 1);
        if (i == TOO_LONG) buf = uv_buf_init(too_long, sizeof too_long);
        sending = 1;
        CHECK_OK(uv_udp_send(&requests[i], &sender, &buf, 1, (struct sockaddr*)&addr, on_sent));
        sending = 0;
        CHECK_EQ(sender.send_queue_count, i + 1);
        if (i == 0) CHECK_EQ(recv(receiver, &byte, 1, MSG_DONTWAIT), 1);
        CHECK_EQ(uv_udp_try_send(&sender, &buf, 1, (struct sockaddr*)&addr), UV_EAGAIN);
    }
    CHECK_EQ(sender.send_queue_size, COUNT - 1 + sizeof too_long);
    while (called < COUNT) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(sender.send_queue_size, 0);
    CHECK(!uv_is_active((uv_handle_t*)&sender));
    for (int i = 0; i < COUNT - 2; i++) CHECK_EQ(recv(receiver, &byte, 1, MSG_DONTWAIT), 1);
    CHECK_EQ(recv(receiver, &byte, 1, MSG_DONTWAIT), -1);
    close(receiver);
    finish_loop(&loop);
    return 0;
}
