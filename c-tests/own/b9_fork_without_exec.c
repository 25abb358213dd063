/* B9: a forked child that calls nothing, or uv_loop_close, or uv_loop_fork and then closes everything, does not disturb
 * the parent's loop, which is under load all the while. After uv_loop_fork the child's loop is its own and works. */
/* timeout: 30 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
/* on tsan: a process with threads forks here */
#include "check.h"

enum { CHILDREN = 12, ECHOES = 4000, LEN = 3000 };

static uv_loop_t loop, idle_loop;
static uv_tcp_t server, client, accepted;
static uv_connect_t connect_req;
static uv_timer_t timer;
static uv_async_t async;
static uint64_t sent, echoed, asked;
static unsigned ticks, asyncs, files, works;
static uv_fs_t fs_req;
static uv_work_t work;
static int children, reaped;
static pid_t pids[CHILDREN];
static pid_t parent;

static void on_write(uv_write_t* req, int status) {
    CHECK(status == 0 || status == UV_ECANCELED);
    free(req);
}

static void write_copy(uv_stream_t* stream, const char* data, size_t len) {
    uv_write_t* req = malloc(sizeof *req + len);
    uv_buf_t buf = uv_buf_init((char*)(req + 1), (unsigned)len);
    memcpy(req + 1, data, len);
    CHECK_OK(uv_write(req, stream, &buf, 1, on_write));
}

static void send_next(void) {
    char data[LEN];
    if (asked == ECHOES && reaped == CHILDREN) {
        uv_stop(&loop);
        return;
    }
    if (asked < ECHOES) asked++;
    pattern_fill(data, sent, LEN);
    sent += LEN;
    write_copy((uv_stream_t*)&client, data, LEN);
}

static void on_server_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    CHECK_EQ(getpid(), parent);
    CHECK_GE(nread, 0);
    if (nread > 0) write_copy(stream, buf->base, (size_t)nread);
}

static void on_client_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    CHECK_EQ(getpid(), parent);
    CHECK_GE(nread, 0);
    pattern_check(buf->base, echoed, (size_t)nread);
    echoed += (uint64_t)nread;
    if (nread > 0 && echoed == sent) send_next();
}

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted, lend_slab, on_server_read));
}

static void on_connect(uv_connect_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_read_start(req->handle, lend_slab, on_client_read));
    send_next();
}

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    files++;
    if (reaped < CHILDREN) CHECK_OK(uv_fs_stat(&loop, req, "/", on_fs));
}

static void after_work(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    works++;
    if (reaped < CHILDREN) CHECK_OK(uv_queue_work(&loop, req, do_nothing, after_work));
}

static void on_async(uv_async_t* handle) { UNUSED(handle); asyncs++; }

static void on_child_timer(uv_timer_t* handle) {
    (*(int*)handle->data)++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_child_work(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    (*(int*)req->data)++;
}

static void on_child_async(uv_async_t* handle) {
    (*(int*)handle->data)++;
    uv_close((uv_handle_t*)handle, NULL);
}

/* A timer, an async and a piece of work, on a loop of the child's. */
static void use_loop(uv_loop_t* child_loop) {
    uv_timer_t child_timer;
    uv_async_t child_async;
    uv_work_t child_work;
    int done = 0;
    child_timer.data = child_async.data = child_work.data = &done;
    CHECK_OK(uv_timer_init(child_loop, &child_timer));
    CHECK_OK(uv_timer_start(&child_timer, on_child_timer, 10, 0));
    CHECK_OK(uv_async_init(child_loop, &child_async, on_child_async));
    CHECK_OK(uv_async_send(&child_async));
    CHECK_OK(uv_queue_work(child_loop, &child_work, do_nothing, on_child_work));
    CHECK_EQ(uv_run(child_loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 3);
}

static void run_child(int kind) {
    watchdog(10);
    switch (kind) {
        case 0:
            sleep_ms(5);
            break;
        case 1:
            CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
            CHECK_EQ(uv_loop_close(&idle_loop), 0);
            break;
        case 2:
            CHECK_OK(uv_loop_fork(&idle_loop));
            use_loop(&idle_loop);
            CHECK_EQ(uv_loop_close(&idle_loop), 0);
            break;
        case 3: {
            uv_loop_t fresh;
            CHECK_OK(uv_loop_init(&fresh));
            use_loop(&fresh);
            CHECK_EQ(uv_loop_close(&fresh), 0);
            break;
        }
        default:
            CHECK_OK(uv_loop_fork(&loop));
            uv_close((uv_handle_t*)&client, NULL);
            uv_close((uv_handle_t*)&accepted, NULL);
            uv_close((uv_handle_t*)&server, NULL);
            uv_close((uv_handle_t*)&timer, NULL);
            uv_close((uv_handle_t*)&async, NULL);
            /* Requests that were with the pool's threads have no one to finish them here, so: no run to the end. */
            for (int i = 0; i < 5; i++) uv_run(&loop, UV_RUN_NOWAIT);
            break;
    }
    _exit(0);
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    ticks++;
    CHECK_OK(uv_async_send(&async));
    if (children < CHILDREN && ticks % 4 == 0) {
        int kind = children % 5;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) run_child(kind);
        pids[children++] = pid;
    }
    while (reaped < children) {
        int status;
        pid_t pid = waitpid(pids[reaped], &status, WNOHANG);
        CHECK_GE(pid, 0);
        if (pid == 0) break;
        if (status != 0) FAIL("child of kind %d ended with status %x", reaped % 5, status);
        reaped++;
    }
}

int main(void) {
    struct sockaddr_in addr;
    watchdog(28);
    parent = getpid();
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_loop_init(&idle_loop));
    uv_run(&idle_loop, UV_RUN_NOWAIT);
    addr = loopback(tcp_listen(&loop, &server, 4, on_connection));
    CHECK_OK(uv_tcp_init(&loop, &client));
    CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 5));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_fs_stat(&loop, &fs_req, "/", on_fs));
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(reaped, CHILDREN);
    CHECK_EQ(echoed, sent);
    CHECK_GE(sent, (uint64_t)ECHOES * LEN);
    CHECK_GT(asyncs, 0);
    CHECK_GT(files, 0);
    CHECK_GT(works, 0);
    finish_loop(&loop);
    finish_loop(&idle_loop);
    return 0;
}
