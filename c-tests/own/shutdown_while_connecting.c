/* A shutdown that is asked for while a connection is being made ends when the connection is there and what was queued, if something was, is
 * out. */
/* not on libuv: it never calls back where nothing was queued */
#include "check.h"

static char order[8];

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
    strcat(order, "N");
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
    strcat(order, "W");
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK_OK(status);
    strcat(order, "S");
    uv_close((uv_handle_t*)req->handle, NULL);
}

static void shut_down(int writes, const char* expected) {
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_connect_t connect_req;
    uv_write_t write_req;
    uv_shutdown_t shutdown_req;
    uv_buf_t buf = uv_buf_init((char*)"last", 4);
    char got[8];
    int server = listen_plain(1), fd;
    struct sockaddr_in addr = loopback(socket_port(server));
    order[0] = 0;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    if (writes) CHECK_OK(uv_write(&write_req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&tcp, on_shutdown));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_STR(order, expected);
    fd = accept(server, NULL, NULL);
    CHECK_EQ(recv(fd, got, sizeof got, MSG_WAITALL), writes ? 4 : 0);
    close(fd);
    close(server);
    finish_loop(&loop);
}

int main(void) {
    watchdog(10);
    shut_down(1, "NWS");
    shut_down(0, "NS");
    return 0;
}
