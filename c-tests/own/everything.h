/* A loop that does a bit of everything: TCP both ways, a timer, an async, work, and a file looked at, opened, read and
 * closed; everything() makes it, runs it to its end and closes it. */
#ifndef UVRING_OWN_EVERYTHING_H
#define UVRING_OWN_EVERYTHING_H

#include "check.h"

static uv_loop_t loop;
static uv_tcp_t server, client, accepted;
static uv_connect_t connect_req;
static uv_write_t write_req;
static uv_timer_t timer;
static uv_async_t async;
static uv_work_t work;
static uv_fs_t fs_req;
static char slab[65536];
static int done;

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 5);
    CHECK_OK(uv_read_stop(stream));
    done++;
}

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted, on_alloc, on_read));
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    done++;
}

static void on_connect(uv_connect_t* req, int status) {
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    CHECK_EQ(status, 0);
    CHECK_OK(uv_write(&write_req, req->handle, &buf, 1, on_write));
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    done++;
    CHECK_OK(uv_async_send(&async));
}

static void on_async(uv_async_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    done++;
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    done++;
}

static void on_fs(uv_fs_t* req) {
    uv_fs_type type = req->fs_type;
    uv_file file = req->file;
    ssize_t result = req->result;
    uv_buf_t buf = uv_buf_init(slab, 16);
    CHECK_GE(result, 0);
    uv_fs_req_cleanup(req);
    switch (type) {
        case UV_FS_STAT:
            CHECK_OK(uv_fs_open(&loop, req, "/proc/self/exe", UV_FS_O_RDONLY, 0, on_fs));
            break;
        case UV_FS_OPEN:
            CHECK_OK(uv_fs_read(&loop, req, (uv_file)result, &buf, 1, 0, on_fs));
            break;
        case UV_FS_READ:
            CHECK_OK(uv_fs_close(&loop, req, file, on_fs));
            break;
        default:
            CHECK_EQ(type, UV_FS_CLOSE);
            done++;
            uv_close((uv_handle_t*)&server, NULL);
            break;
    }
}

static inline void everything(void) {
    struct sockaddr_in addr;
    int port;
    done = 0;
    CHECK_OK(uv_loop_init(&loop));
    uv_backend_fd(&loop);
    port = tcp_listen(&loop, &server, 4, on_connection);
    addr = loopback(port);
    CHECK_OK(uv_tcp_init(&loop, &client));
    CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 20, 0));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    CHECK_OK(uv_fs_stat(&loop, &fs_req, "/", on_fs));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(done, 6);
    finish_loop(&loop);
}

#endif
