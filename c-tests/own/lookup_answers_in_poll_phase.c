/* The answer to a lookup of digits comes in a poll phase, like that of a lookup which took time: not inside the call, after
 * prepare and before check, one event each; what its callback asks comes in a later turn, so that timers and sockets get
 * theirs in between. uv_cancel before the callback takes it back or says UV_EBUSY; from the callback on it is UV_EBUSY. */
#include "check.h"

#include <netdb.h>

enum { CHAIN = 200 };

static uv_loop_t loop;
static uv_getaddrinfo_t req;
static uv_getnameinfo_t name_req;
static struct addrinfo hints;
static struct sockaddr_in addr;
static uv_getaddrinfo_cb chain_cb;
static int inside, calls, name_calls, turn, turn_of_last, in_poll, endless;

static void on_prepare(uv_prepare_t* handle) { UNUSED(handle); turn++; in_poll = 1; }
static void on_check(uv_check_t* handle) { UNUSED(handle); in_poll = 0; }

static void ask(uv_getaddrinfo_cb cb) {
    inside = 1;
    CHECK_OK(uv_getaddrinfo(&loop, &req, cb, "127.0.0.1", "80", &hints));
    inside = 0;
}

static void on_chain(uv_getaddrinfo_t* r, int status, struct addrinfo* found) {
    CHECK(!inside);
    CHECK(in_poll);
    CHECK_EQ(status, 0);
    CHECK_GT(turn, turn_of_last);
    turn_of_last = turn;
    CHECK_EQ(((struct sockaddr_in*)found->ai_addr)->sin_port, htons(80));
    uv_freeaddrinfo(found);
    CHECK_EQ(uv_cancel((uv_req_t*)r), UV_EBUSY);
    if (++calls < CHAIN || endless) ask(chain_cb);
}

static void on_name(uv_getnameinfo_t* r, int status, const char* host, const char* service) {
    CHECK(!inside);
    CHECK_EQ(status, 0);
    CHECK_STR(host, "127.0.0.1");
    CHECK_STR(service, "7");
    CHECK_EQ(uv_cancel((uv_req_t*)r), UV_EBUSY);
    name_calls++;
}

static void ask_name(void) {
    inside = 1;
    CHECK_OK(uv_getnameinfo(&loop, &name_req, on_name, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
    inside = 0;
}

/* --- cancelled --- */

static int taken_back;

static void on_maybe(uv_getaddrinfo_t* r, int status, struct addrinfo* found) {
    UNUSED(r);
    CHECK_EQ(status, taken_back ? UV_EAI_CANCELED : 0);
    CHECK_EQ(found == NULL, taken_back);
    uv_freeaddrinfo(found);
    calls++;
}

static void on_maybe_name(uv_getnameinfo_t* r, int status, const char* host, const char* service) {
    UNUSED(r);
    CHECK_EQ(status, taken_back ? UV_EAI_CANCELED : 0);
    CHECK_EQ(host == NULL, taken_back);
    CHECK_EQ(service == NULL, taken_back);
    calls++;
}

static void cancel_some(void) {
    calls = 0;
    for (int i = 0; i < 20; i++) {
        int status;
        if (i % 2) {
            ask(on_maybe);
            status = uv_cancel((uv_req_t*)&req);
        } else {
            CHECK_OK(uv_getnameinfo(&loop, &name_req, on_maybe_name, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
            status = uv_cancel((uv_req_t*)&name_req);
        }
        CHECK(status == 0 || status == UV_EBUSY);
        taken_back = status == 0;
        CHECK_EQ(calls, i);
        CHECK_EQ(loop.active_reqs.count, 1);
        CHECK_EQ(uv_loop_alive(&loop), 1);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(calls, i + 1);
    }
}

/* --- beside others --- */

static int timer_rang, echoes, other;

static void on_timer(uv_timer_t* timer) {
    if (++timer_rang == 5) uv_timer_stop(timer);
}

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    static char memory[64];
    UNUSED(handle);
    UNUSED(size);
    *buf = uv_buf_init(memory, sizeof memory);
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    CHECK_GT(n, 0);
    if (++echoes == 50) {
        uv_read_stop(stream);
        return;
    }
    send_all(other, "x", 1);
}

/* Asks from each callback anew, until the timer and the socket had their turns. */
static void on_endless(uv_getaddrinfo_t* r, int status, struct addrinfo* found) {
    endless = timer_rang < 5 || echoes < 50;
    calls = CHAIN;
    on_chain(r, status, found);
}

int main(void) {
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t timer;
    uv_tcp_t tcp;
    uv_metrics_t before, after;
    struct pollfd fd;
    watchdog(20);
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addr = loopback(7);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_check_start(&check, on_check));
    uv_unref((uv_handle_t*)&prepare);
    uv_unref((uv_handle_t*)&check);

    CHECK_OK(uv_metrics_info(&loop, &before));
    chain_cb = on_chain;
    ask(on_chain);
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, CHAIN);
    CHECK_OK(uv_metrics_info(&loop, &after));
    CHECK_EQ(after.events - before.events, CHAIN);
    CHECK_EQ(uv_cancel((uv_req_t*)&req), UV_EBUSY);

    ask_name();
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE), 0);
    CHECK_EQ(name_calls, 1);
    ask_name();
    while (uv_run(&loop, UV_RUN_NOWAIT) != 0) sleep_ms(1);
    CHECK_EQ(name_calls, 2);
    CHECK_OK(uv_metrics_info(&loop, &after));
    CHECK_EQ(after.events - before.events, CHAIN + 2);

    cancel_some();

    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    other = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
    send_all(other, "x", 1);
    chain_cb = on_endless;
    ask(on_endless);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(timer_rang, 5);
    CHECK_EQ(echoes, 50);
    close(other);

    /* Who waits for the backend's descriptor hears of an answer that is there when uv_run is not running. */
    fd.fd = uv_backend_fd(&loop);
    fd.events = POLLIN;
    calls = CHAIN - 1;
    endless = 0;
    ask(on_chain);
    CHECK_EQ(poll(&fd, 1, 5000), 1);
    while (uv_run(&loop, UV_RUN_NOWAIT) != 0) sleep_ms(1);
    CHECK_EQ(calls, CHAIN);
    finish_loop(&loop);
    return 0;
}
