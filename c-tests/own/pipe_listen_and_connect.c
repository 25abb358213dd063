/* Named pipes: bind makes the socket's file, connect and accept work, names are reported, a missing name fails in
 * connect_cb, and closing the listener removes the file. */
#include "check.h"

static uv_loop_t loop;
static uv_pipe_t server, client, accepted;
static uv_write_t write_req;
static char name[300], slab[64];
static int connects, failures;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    CHECK_EQ(nread, 5);
    CHECK_EQ(memcmp(buf->base, "hello", 5), 0);
    uv_close((uv_handle_t*)stream, NULL);
    uv_close((uv_handle_t*)&client, NULL);
    uv_close((uv_handle_t*)&server, NULL);
    CHECK_EQ(access(name, F_OK), -1);
    CHECK_EQ(errno, ENOENT);
}

static void on_write(uv_write_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); }

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_pipe_init(&loop, &accepted, 0));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted, on_alloc, on_read));
}

static void on_connect(uv_connect_t* req, int status) {
    char peer[300];
    size_t len = sizeof peer;
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    CHECK_EQ(status, 0);
    connects++;
    CHECK_OK(uv_pipe_getpeername(&client, peer, &len));
    CHECK_EQ(len, strlen(name));
    CHECK_EQ(memcmp(peer, name, len), 0);
    CHECK_OK(uv_write(&write_req, req->handle, &buf, 1, on_write));
}

static void on_no_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, UV_ENOENT);
    failures++;
    uv_close((uv_handle_t*)req->handle, NULL);
}

int main(void) {
    uv_connect_t connect_req;
    uv_pipe_t second;
    char mine[300];
    size_t len = sizeof mine;
    struct stat st;
    watchdog(10);
    snprintf(name, sizeof name, "%s/socket", temp_dir());
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_pipe_init(&loop, &client, 0));
    uv_pipe_connect(&connect_req, &client, name, on_no_connect);
    CHECK_EQ(failures, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(failures, 1);

    CHECK_OK(uv_pipe_init(&loop, &server, 0));
    CHECK_OK(uv_pipe_bind(&server, name));
    CHECK_EQ(stat(name, &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_OK(uv_pipe_getsockname(&server, mine, &len));
    CHECK_EQ(len, strlen(name));
    CHECK_OK(uv_pipe_init(&loop, &second, 0));
    CHECK_EQ(uv_pipe_bind(&second, name), UV_EADDRINUSE);
    uv_close((uv_handle_t*)&second, NULL);
    CHECK_EQ(access(name, F_OK), 0);
    CHECK_OK(uv_listen((uv_stream_t*)&server, 4, on_connection));
    CHECK_OK(uv_pipe_init(&loop, &client, 0));
    uv_pipe_connect(&connect_req, &client, name, on_connect);
    CHECK_EQ(connects, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(connects, 1);
    finish_loop(&loop);
    return 0;
}
