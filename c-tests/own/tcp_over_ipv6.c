/* TCP over IPv6: bind, listen, connect, names of both ends, an IPv6-only listener, and data both ways. */
#include "check.h"

static uv_loop_t loop;
static uv_tcp_t server, client, accepted;
static uv_write_t writes[2];
static char slabs[2][64];
static int ends;

static void on_write(uv_write_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); }

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(suggested);
    *buf = uv_buf_init(slabs[handle == (uv_handle_t*)&client], 64);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    uv_buf_t out = uv_buf_init((char*)"pong", 4);
    if (nread == 0) return;
    if (nread == UV_EOF) {
        ends++;
        uv_close((uv_handle_t*)stream, NULL);
        return;
    }
    CHECK_EQ(nread, 4);
    if (stream == (uv_stream_t*)&client) {
        CHECK_EQ(memcmp(buf->base, "pong", 4), 0);
        uv_close((uv_handle_t*)stream, NULL);
        uv_close((uv_handle_t*)&server, NULL);
    } else {
        CHECK_EQ(memcmp(buf->base, "ping", 4), 0);
        CHECK_OK(uv_write(&writes[0], stream, &out, 1, on_write));
    }
}

static void on_connection(uv_stream_t* stream, int status) {
    struct sockaddr_in6 mine, theirs;
    int len = sizeof mine;
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    CHECK_OK(uv_tcp_getpeername(&accepted, (struct sockaddr*)&theirs, &len));
    CHECK_EQ(len, sizeof theirs);
    len = sizeof mine;
    CHECK_OK(uv_tcp_getsockname(&client, (struct sockaddr*)&mine, &len));
    CHECK_EQ(mine.sin6_family, AF_INET6);
    CHECK_EQ(mine.sin6_port, theirs.sin6_port);
    CHECK_OK(uv_tcp_nodelay(&accepted, 1));
    CHECK_OK(uv_tcp_keepalive(&accepted, 1, 60));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted, on_alloc, on_read));
}

static void on_connect(uv_connect_t* req, int status) {
    uv_buf_t out = uv_buf_init((char*)"ping", 4);
    CHECK_EQ(status, 0);
    CHECK_OK(uv_read_start(req->handle, on_alloc, on_read));
    CHECK_OK(uv_write(&writes[1], req->handle, &out, 1, on_write));
}

int main(void) {
    struct sockaddr_in6 addr;
    struct sockaddr_in wrong;
    uv_connect_t connect_req;
    int len = sizeof addr;
    int fd;
    watchdog(10);
    CHECK_OK(uv_ip6_addr("::1", 0, &addr));
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr*)&addr, sizeof addr) != 0) SKIP("no IPv6 loopback here");
    close(fd);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &server));
    CHECK_OK(uv_tcp_bind(&server, (struct sockaddr*)&addr, UV_TCP_IPV6ONLY));
    CHECK_OK(uv_listen((uv_stream_t*)&server, 4, on_connection));
    CHECK_OK(uv_tcp_getsockname(&server, (struct sockaddr*)&addr, &len));
    CHECK_EQ(len, sizeof addr);
    CHECK_GT(ntohs(addr.sin6_port), 0);
    CHECK_OK(uv_tcp_init(&loop, &client));
    CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ends, 1);

    /* The flag is for IPv6 addresses only. */
    wrong = loopback(0);
    CHECK_OK(uv_tcp_init(&loop, &server));
    CHECK_EQ(uv_tcp_bind(&server, (struct sockaddr*)&wrong, UV_TCP_IPV6ONLY), UV_EINVAL);
    finish_loop(&loop);
    return 0;
}
