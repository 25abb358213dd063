/* A connection fails and its queued writes with it. What the connection's and the writes' callbacks write fails, too: before the
 * check phase of the same turn if a write was tried at once, because nothing but empty writes was before it; else in the next
 * poll phase. A shutdown behind such a write changes nothing. */
#include "check.h"

static uv_tcp_t tcp;
static uv_write_t requests[3];
static uv_shutdown_t shutdown_req;
static uv_buf_t some;
static int with_shutdown, ended, ended_at_check;

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ENOTCONN);
    CHECK_EQ(ended, 3);
    ended++;
}

static void on_write(uv_write_t* req, int status) {
    CHECK_LT(status, 0);
    if (req == &requests[0]) CHECK_OK(uv_write(&requests[2], req->handle, &some, 1, on_write));
    if (req == &requests[1] && with_shutdown) CHECK_OK(uv_shutdown(&shutdown_req, req->handle, on_shutdown));
    ended++;
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, UV_ECONNREFUSED);
    CHECK_OK(uv_write(&requests[1], req->handle, &some, 1, on_write));
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    if (ended_at_check < 0 && ended > 0) ended_at_check = ended;
}

/* `first_length` bytes are written before the connection fails; then `at_check` writes end in the turn in which it does. */
static void fail(unsigned first_length, int at_check) {
    uv_loop_t loop;
    uv_check_t check;
    uv_connect_t connect_req;
    struct sockaddr_in addr = loopback(0);
    uv_buf_t first = uv_buf_init((char*)"hello", first_length);
    int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(bound, (struct sockaddr*)&addr, sizeof addr), 0);
    addr = loopback(socket_port(bound));
    ended = 0;
    ended_at_check = -1;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    uv_unref((uv_handle_t*)&check);
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uv_write(&requests[0], (uv_stream_t*)&tcp, &first, 1, on_write));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, 3 + with_shutdown);
    CHECK_EQ(ended_at_check, at_check);
    close(bound);
    finish_loop(&loop);
}

int main(void) {
    watchdog(10);
    some = uv_buf_init((char*)"hello", 5);
    for (with_shutdown = 0; with_shutdown < 2; with_shutdown++) {
        fail(0, 3 + with_shutdown);
        fail(5, 2);
    }
    return 0;
}
