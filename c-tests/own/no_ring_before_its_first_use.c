/* A loop asks the kernel for a ring when it has a use for one: with the first file that it opens. With timers, asyncs, work and
 * sockets it makes no ring call, and is done sooner. */
/* not on libuv: it sets up a ring for its own epoll changes */
/* timeout: 30 */
/* not on aarch64: strace does not see the calls of what qemu runs */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
#include "check.h"

#include <sys/syscall.h>

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_timer_t timer, second;
static uv_async_t async;
static uv_work_t work;
static uv_fs_t req;
static int done;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    uv_close((uv_handle_t*)stream, NULL);
    done++;
}

static void on_async(uv_async_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    done++;
}

static void on_timer(uv_timer_t* handle) {
    CHECK_OK(uv_async_send(&async));
    uv_close((uv_handle_t*)handle, NULL);
    done++;
}

static void after_work(uv_work_t* w, int status) {
    UNUSED(w);
    CHECK_OK(status);
    done++;
}

static void on_open(uv_fs_t* r) {
    CHECK_OK((int)r->result);
    CHECK_OK(close((int)r->result));
    uv_fs_req_cleanup(r);
    done++;
}

/* Inside uv_run: outside, the pool opens. */
static void on_second_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    CHECK_OK(uv_fs_open(&loop, &req, "/", UV_FS_O_RDONLY, 0, on_open));
}

static void child(void) {
    int peer;
    access("/uvring-test-mark", F_OK);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_read));
    send_all(peer, "x", 1);
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 0));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 4);
    close(peer);
    access("/uvring-test-mark", F_OK);
    CHECK_OK(uv_timer_init(&loop, &second));
    CHECK_OK(uv_timer_start(&second, on_second_timer, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 5);
    finish_loop(&loop);
}

int main(int argc, char** argv) {
    const char* off = getenv("UV_USE_IO_URING");
    char line[1000];
    FILE* trace;
    int part = 0, calls[3] = {0};
    UNUSED(argv);
    watchdog(28);
    if (argc > 1) {
        child();
        return 0;
    }
    trace = trace_of_child("trace=exit_group,access,faccessat,io_uring_setup,io_uring_enter", NULL, NULL);
    while (fgets(line, sizeof line, trace) != NULL) {
        if (strstr(line, "/uvring-test-mark") != NULL) {
            part++;
            CHECK_LE(part, 2);
        } else if (strstr(line, "io_uring_") != NULL) {
            calls[part]++;
        }
    }
    fclose(trace);
    CHECK_EQ(part, 2);
    CHECK_EQ(calls[1], 0);
    if (off != NULL && strcmp(off, "0") == 0) {
        CHECK_EQ(calls[2], 0);
    } else if (syscall(425, 0, NULL) == 0 || errno == EINVAL || errno == EFAULT) {
        CHECK_GT(calls[2], 0);
    }
    return 0;
}
