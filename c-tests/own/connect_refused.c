/* A refused connect is reported in connect_cb, never by uv_tcp_connect itself; what was queued behind it fails after
 * it, with UV_ECANCELED, in order. A shutdown afterwards gives UV_ENOTCONN in its callback. */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t tcp;
static char order[32];

static void note(char c) {
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = c;
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, UV_ECONNREFUSED);
    CHECK(req->handle == (uv_stream_t*)&tcp);
    note('N');
}

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, UV_ECANCELED);
    note((char)('0' + (int)(intptr_t)req->data));
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ENOTCONN);
    note('S');
}

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    note('C');
}

/* A port on which nobody listens: bound, so that nobody else takes it meanwhile. */
static int closed_port(int* fd) {
    struct sockaddr_in addr = loopback(0);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(*fd, (struct sockaddr*)&addr, sizeof addr), 0);
    return socket_port(*fd);
}

int main(void) {
    uv_connect_t connect_req, second;
    uv_write_t writes[2];
    uv_shutdown_t shutdown_req;
    struct sockaddr_in addr;
    uv_buf_t buf = uv_buf_init((char*)"abc", 3);
    int fd;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    addr = loopback(closed_port(&fd));

    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(uv_tcp_connect(&second, &tcp, (struct sockaddr*)&addr, on_connect), UV_EALREADY);
    CHECK_STR(order, "");
    for (int i = 0; i < 2; i++) {
        writes[i].data = (void*)(intptr_t)i;
        CHECK_OK(uv_write(&writes[i], (uv_stream_t*)&tcp, &buf, 1, on_write));
    }
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 6);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_STR(order, "N01");
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    CHECK_EQ(loop.active_reqs.count, 0);
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&tcp, on_shutdown));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    uv_close((uv_handle_t*)&tcp, on_close);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_STR(order, "N01SC");

    close(fd);
    finish_loop(&loop);
    return 0;
}
