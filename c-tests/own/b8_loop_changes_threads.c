/* B8: a loop is made and started in thread A, goes on in B, then in C, while A and B have ended; reads, a listener,
 * writes, a connect, work, files, a timer and an async stay armed throughout and lose nothing. */
/* on tsan: threads meet here */
#include "check.h"

enum { BIG = 16 << 20 };

static uv_loop_t loop;
static uv_tcp_t reader, writer, listener, dialer;
static uv_pipe_t pipe_reader;
static uv_timer_t timer;
static uv_async_t async;
static uv_work_t work;
static uv_fs_t fs_read;
static uv_connect_t connect_req;
static uv_write_t write_req;
static uv_sem_t work_may_end;
static int peers[3];
static int far_listener;
static char* big;
static char file_data[64];
static int file_fd;
static uint64_t received, pipe_received;
static int ticks, asyncs, accepted, works, files, connects, writes;
static uv_tcp_t incoming[8];

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    uint64_t* count = stream == (uv_stream_t*)&reader ? &received : &pipe_received;
    CHECK_GE(nread, 0);
    pattern_check(buf->base, *count, (size_t)nread);
    *count += (uint64_t)nread;
}

static void on_connection(uv_stream_t* server, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &incoming[accepted]));
    CHECK_OK(uv_accept(server, (uv_stream_t*)&incoming[accepted]));
    accepted++;
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); ticks++; }
static void on_async(uv_async_t* handle) { UNUSED(handle); asyncs++; }

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    connects++;
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    writes++;
}

static void do_work(uv_work_t* req) {
    UNUSED(req);
    uv_sem_wait(&work_may_end);
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    works++;
}

static void on_file(uv_fs_t* req) {
    CHECK_EQ(req->result, sizeof file_data);
    uv_fs_req_cleanup(req);
    files++;
}

static void in_thread_a(void* arg) {
    uv_buf_t buf = uv_buf_init(file_data, sizeof file_data);
    uv_buf_t out = uv_buf_init(big, BIG);
    struct sockaddr_in addr = loopback(socket_port(far_listener));
    UNUSED(arg);
    CHECK_OK(uv_loop_init(&loop));
    peers[0] = tcp_handle(&loop, &reader);
    peers[1] = tcp_handle(&loop, &writer);
    peers[2] = pipe_handle(&loop, &pipe_reader);
    CHECK_OK(uv_read_start((uv_stream_t*)&reader, lend_slab, on_read));
    CHECK_OK(uv_read_start((uv_stream_t*)&pipe_reader, lend_slab, on_read));
    tcp_listen(&loop, &listener, 8, on_connection);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 5));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_queue_work(&loop, &work, do_work, after_work));
    CHECK_OK(uv_write(&write_req, (uv_stream_t*)&writer, &out, 1, on_write));
    for (int i = 0; i < 5; i++) uv_run(&loop, UV_RUN_NOWAIT);
    /* Started and never turned here: they belong to whoever runs the loop next. */
    CHECK_OK(uv_tcp_init(&loop, &dialer));
    CHECK_OK(uv_tcp_connect(&connect_req, &dialer, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uv_fs_read(&loop, &fs_read, file_fd, &buf, 1, 0, on_file));
    CHECK_EQ(writes, 0);
}

static void send_round(int round, int port) {
    char data[1000];
    pattern_fill(data, (uint64_t)round * sizeof data, sizeof data);
    send_all(peers[0], data, sizeof data);
    send_all(peers[2], data, sizeof data);
    close(connect_plain(port));
    CHECK_OK(uv_async_send(&async));
}

static uint64_t drained;

static void drain(uint64_t upto) {
    static char data[65536];
    while (drained < upto) {
        size_t len = upto - drained < sizeof data ? (size_t)(upto - drained) : sizeof data;
        recv_all(peers[1], data, len);
        pattern_check(data, drained, len);
        drained += len;
    }
}

static void in_thread_b(void* arg) {
    UNUSED(arg);
    while (received < 1000 || pipe_received < 1000 || accepted < 1 || asyncs < 1 || connects < 1 || files < 1) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    CHECK_EQ(writes, 0);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

static void stop_when_done(uv_check_t* handle) {
    if (received < 3000 || pipe_received < 3000 || accepted < 3 || asyncs < 2 || works < 1 || writes < 1) return;
    uv_close((uv_handle_t*)handle, NULL);
    uv_stop(&loop);
}

static void in_thread_c(void* arg) {
    uv_check_t check;
    UNUSED(arg);
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, stop_when_done));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(writes, 1);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void run_in_thread(void (*body)(void*)) {
    uv_thread_t thread;
    CHECK_OK(uv_thread_create(&thread, body, NULL));
    CHECK_OK(uv_thread_join(&thread));
}

int main(void) {
    struct sockaddr_in addr;
    int len = sizeof addr;
    int port, ticks_before;
    char path[300] = "";
    uv_thread_t thread;
    watchdog(20);
    snprintf(path, sizeof path, "%s/data", temp_dir());
    file_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(file_fd, path, sizeof file_data), (ssize_t)sizeof file_data);
    CHECK_OK(uv_sem_init(&work_may_end, 0));
    far_listener = listen_plain(4);
    big = malloc(BIG);
    pattern_fill(big, 0, BIG);

    run_in_thread(in_thread_a);
    CHECK_OK(uv_tcp_getsockname(&listener, (struct sockaddr*)&addr, &len));
    port = ntohs(addr.sin_port);

    /* Everything happens once while no thread at all has the loop. */
    sleep_ms(60);
    send_round(0, port);
    drain(100000);
    run_in_thread(in_thread_b);
    ticks_before = ticks;
    CHECK_GT(ticks_before, 0);

    send_round(1, port);
    uv_sem_post(&work_may_end);
    sleep_ms(60);
    CHECK_OK(uv_thread_create(&thread, in_thread_c, NULL));
    drain(BIG / 2);
    send_round(2, port);
    drain(BIG);
    CHECK_OK(uv_thread_join(&thread));
    CHECK_GT(ticks, ticks_before);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&writer), 0);

    finish_loop(&loop);
    for (int i = 0; i < 3; i++) close(peers[i]);
    close(far_listener);
    close(file_fd);
    uv_sem_destroy(&work_may_end);
    free(big);
    return 0;
}
