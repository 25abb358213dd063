/* uv_shutdown from the callback of a write that failed is carried out as well, also where the write was begun when a
 * connection had just failed. */
#include "check.h"

static uv_tcp_t tcp;
static uv_connect_t connect_req;
static uv_write_t write_req;
static uv_shutdown_t shutdown_req;
static int done;

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ENOTCONN);
    done++;
}

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, UV_EPIPE);
    CHECK_OK(uv_shutdown(&shutdown_req, req->handle, on_shutdown));
    done++;
}

static void on_connect(uv_connect_t* req, int status) {
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    CHECK_EQ(status, UV_ECONNREFUSED);
    CHECK_OK(uv_write(&write_req, req->handle, &buf, 1, on_write));
    done++;
}

int main(void) {
    uv_loop_t loop;
    struct sockaddr_in addr = loopback(0);
    int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    watchdog(10);
    CHECK_EQ(bind(bound, (struct sockaddr*)&addr, sizeof addr), 0);
    addr = loopback(socket_port(bound));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 3);
    close(bound);
    finish_loop(&loop);
    return 0;
}
