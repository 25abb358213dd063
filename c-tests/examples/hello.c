/* Hello: makes a loop, asks what carries it, reads a file through it and tells which way the read took.
 *
 *   cc hello.c -luv -o hello && ./hello */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <uvring.h>

static char bytes[4096];

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void on_read(uv_fs_t* req) {
    if (req->result < 0) fail("read", (int)req->result);
    printf("%zd bytes of this program\n", (ssize_t)req->result);
    uv_fs_req_cleanup(req);
}

/* Inside uv_run, because outside it nothing is started on a ring. */
static void on_start(uv_timer_t* timer) {
    uv_fs_t* req = timer->data;
    uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
    uv_close((uv_handle_t*)timer, NULL);
    uv_file file = uv_fs_open(NULL, req, "/proc/self/exe", O_RDONLY, 0, NULL);
    if (file < 0) fail("open", file);
    int error = uv_fs_read(timer->loop, req, file, &buf, 1, 0, on_read);
    if (error != 0) fail("uv_fs_read", error);
}

int main(void) {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_fs_t req;
    uvring_loop_stats_t stats = {.size = sizeof stats};

    printf("uvring %s, libuv %s\n", uvring_version(), uv_version_string());
    int error = uv_loop_init(&loop);
    if (error != 0) fail("uv_loop_init", error);
    uv_timer_init(&loop, &timer);
    timer.data = &req;
    uv_timer_start(&timer, on_start, 0, 0);
    uv_run(&loop, UV_RUN_DEFAULT);

    uvring_loop_stats(&loop, &stats);
    printf("carried by %s; %llu turns, files: %llu inline, %llu on the ring, %llu by a thread\n",
           stats.driver == UVRING_DRIVER_RING ? "io_uring" : "epoll and threads", (unsigned long long)stats.turns,
           (unsigned long long)stats.files_inline, (unsigned long long)stats.files_ring,
           (unsigned long long)stats.files_pool);
    error = uv_loop_close(&loop);
    if (error != 0) fail("uv_loop_close", error);
    return 0;
}
