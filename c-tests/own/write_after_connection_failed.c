/* A connection fails and its queued write with it; what that write's callback writes fails before the check phase of the
 * same turn. */
#include "check.h"

static uv_tcp_t tcp;
static uv_write_t requests[3];
static uv_buf_t none, some;
static int ended, ended_at_check = -1;

static void on_write(uv_write_t* req, int status) {
    CHECK_LT(status, 0);
    if (req == &requests[0]) CHECK_OK(uv_write(&requests[2], req->handle, &some, 1, on_write));
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

int main(void) {
    uv_loop_t loop;
    uv_check_t check;
    uv_connect_t connect_req;
    struct sockaddr_in addr = loopback(0);
    int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    watchdog(10);
    none = uv_buf_init((char*)"", 0);
    some = uv_buf_init((char*)"hello", 5);
    CHECK_EQ(bind(bound, (struct sockaddr*)&addr, sizeof addr), 0);
    addr = loopback(socket_port(bound));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    uv_unref((uv_handle_t*)&check);
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uv_write(&requests[0], (uv_stream_t*)&tcp, &none, 1, on_write));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, 3);
    CHECK_EQ(ended_at_check, 3);
    close(bound);
    finish_loop(&loop);
    return 0;
}
