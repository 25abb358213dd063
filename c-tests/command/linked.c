/* A program that is compiled and linked against real libuv, and told only at run time which library it gets: it uses a
 * bit of everything, says what it ran on, and exits with the number that is its argument. */
#define _GNU_SOURCE
#include <uv.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uv_loop_t* loop;
static uv_tcp_t server, client, accepted;
static uv_connect_t connect_req;
static uv_write_t write_req;
static uv_timer_t timer;
static uv_work_t work;
static uv_fs_t fs_req;
static char slab[65536];
static int done;

static void check(int result, const char* what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
    exit(99);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    check((int)nread, "read");
    if (nread == 5 && memcmp(buf->base, "hello", 5) == 0) done++;
    uv_close((uv_handle_t*)stream, NULL);
    uv_close((uv_handle_t*)&client, NULL);
    uv_close((uv_handle_t*)&server, NULL);
}

static void on_connection(uv_stream_t* stream, int status) {
    check(status, "connection");
    check(uv_tcp_init(loop, &accepted), "init");
    check(uv_accept(stream, (uv_stream_t*)&accepted), "accept");
    check(uv_read_start((uv_stream_t*)&accepted, on_alloc, on_read), "read_start");
}

static void on_write(uv_write_t* req, int status) {
    (void)req;
    check(status, "write");
    done++;
}

static void on_connect(uv_connect_t* req, int status) {
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    check(status, "connect");
    check(uv_write(&write_req, req->handle, &buf, 1, on_write), "write");
}

static void on_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    done++;
}

static void do_work(uv_work_t* req) { req->data = &done; }

static void after_work(uv_work_t* req, int status) {
    check(status, "work");
    if (req->data == &done) done++;
}

static void on_stat(uv_fs_t* req) {
    check((int)req->result, "stat");
    if (S_ISDIR(req->statbuf.st_mode)) done++;
    uv_fs_req_cleanup(req);
}

/* The library's own word for what carries the loop, if it has one. */
static const char* carried_by(void) {
    int (*stats)(uv_loop_t*, void*) = NULL;
    unsigned words[128] = {0};
    size_t size = sizeof words;
    *(void**)&stats = dlsym(RTLD_DEFAULT, "uvring_loop_stats");
    if (stats == NULL) return "libuv";
    memcpy(words, &size, sizeof size);
    check(stats(loop, words), "uvring_loop_stats");
    return words[sizeof size / sizeof words[0]] ? "uvring on io_uring" : "uvring on epoll";
}

int main(int argc, char** argv) {
    struct sockaddr_in addr;
    int length = sizeof addr;
    loop = uv_default_loop();
    if (loop == NULL) return 98;
    check(uv_ip4_addr("127.0.0.1", 0, &addr), "address");
    check(uv_tcp_init(loop, &server), "init");
    check(uv_tcp_bind(&server, (struct sockaddr*)&addr, 0), "bind");
    check(uv_listen((uv_stream_t*)&server, 4, on_connection), "listen");
    check(uv_tcp_getsockname(&server, (struct sockaddr*)&addr, &length), "getsockname");
    check(uv_tcp_init(loop, &client), "init");
    check(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect), "connect");
    check(uv_timer_init(loop, &timer), "timer");
    check(uv_timer_start(&timer, on_timer, 5, 0), "timer");
    check(uv_queue_work(loop, &work, do_work, after_work), "work");
    check(uv_fs_stat(loop, &fs_req, "/", on_stat), "stat");
    check(uv_run(loop, UV_RUN_DEFAULT), "run");
    if (done != 5) {
        fprintf(stderr, "%d of 5 things were done\n", done);
        return 97;
    }
    printf("%s %s", carried_by(), uv_version_string());
    for (int i = 2; i < argc; i++) printf(" %s", argv[i]);
    printf("\n");
    check(uv_loop_close(loop), "close");
    return argc > 1 ? atoi(argv[1]) : 0;
}
