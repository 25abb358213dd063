/* A connection fails, and its callback asks for a shutdown while writes are still queued. The writes end at once. The shutdown ends in
 * the next poll phase if the callback wrote something too, which has the loop look at the socket again; else only the close ends it. */
#include "check.h"

static uv_tcp_t tcp;
static uv_write_t requests[3];
static uv_shutdown_t shutdown_req;
static uv_buf_t some;
static int writes_again, wrote, shut, turns, shut_in_turn;

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    shut = status;
    shut_in_turn = turns;
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ECANCELED);
    CHECK_EQ(shut, 0);
    wrote++;
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, UV_ECONNREFUSED);
    if (writes_again) CHECK_OK(uv_write(&requests[2], req->handle, &some, 1, on_write));
    CHECK_OK(uv_shutdown(&shutdown_req, req->handle, on_shutdown));
    turns = 0;
}

static void on_check(uv_check_t* handle) {
    turns++;
    if (turns == 3) uv_close((uv_handle_t*)handle, NULL);
}

static void on_idle(uv_idle_t* handle) {
    if (turns == 3) uv_close((uv_handle_t*)handle, NULL);
}

static void fail(int writes_before, int writes_again_, int in_turn, int with) {
    uv_loop_t loop;
    uv_check_t check;
    uv_idle_t idle;
    uv_connect_t connect_req;
    struct sockaddr_in addr = loopback(0);
    int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(bound, (struct sockaddr*)&addr, sizeof addr), 0);
    addr = loopback(socket_port(bound));
    writes_again = writes_again_;
    wrote = shut = 0;
    turns = -1000;
    shut_in_turn = -1;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    for (int i = 0; i < writes_before; i++) {
        CHECK_OK(uv_write(&requests[i], (uv_stream_t*)&tcp, &some, 1, on_write));
    }
    while (!uv_is_closing((uv_handle_t*)&idle)) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(wrote, writes_before + writes_again);
    CHECK_EQ(shut_in_turn, in_turn);
    close(bound);
    finish_loop(&loop);
    CHECK_EQ(shut, with);
}

int main(void) {
    watchdog(10);
    some = uv_buf_init((char*)"hello", 5);
    fail(1, 0, -1, UV_ECANCELED);
    fail(2, 0, -1, UV_ECANCELED);
    fail(1, 1, 1, UV_ENOTCONN);
    fail(2, 1, 1, UV_ENOTCONN);
    return 0;
}
