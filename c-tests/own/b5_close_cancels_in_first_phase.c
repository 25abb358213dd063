/* B5: after uv_close the next closing phase brings the ECANCELED callbacks of what was pending, in order, and then
 * close_cb; by then the kernel uses none of the buffers, so they can be overwritten, protected or unmapped. */
#include "check.h"

enum { WRITES = 4, LEN = 16 << 20 };

static uv_loop_t loop;
static char events[64];
static char* buffers[WRITES];
static int overwrite;

static void note(char c) {
    size_t n = strlen(events);
    CHECK_LT(n, sizeof events - 1);
    events[n] = c;
}

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    note('C');
}

static void on_write(uv_write_t* req, int status) {
    int i = (int)(intptr_t)req->data;
    CHECK_EQ(status, UV_ECANCELED);
    CHECK(uv_is_closing((uv_handle_t*)req->handle));
    note((char)('0' + i));
    if (overwrite) {
        memset(buffers[i], 'X', LEN);
    } else {
        CHECK_EQ(mprotect(buffers[i], LEN, PROT_NONE), 0);
    }
    free(req);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK_EQ(status, UV_ECANCELED);
    note('S');
    free(req);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_EQ(nread, 0);
}

static void pending_writes(int use_pipe, int turns, int overwrite_) {
    union { uv_tcp_t tcp; uv_pipe_t pipe_; uv_stream_t stream; uv_handle_t handle; } u;
    int peer = use_pipe ? pipe_handle(&loop, &u.pipe_) : tcp_handle(&loop, &u.tcp);
    char* sink = malloc(65536);
    uint64_t at = 0;
    ssize_t n;
    memset(events, 0, sizeof events);
    overwrite = overwrite_;
    CHECK_OK(uv_read_start(&u.stream, lend_slab, on_read));
    for (int i = 0; i < WRITES; i++) {
        uv_buf_t buf;
        uv_write_t* req = malloc(sizeof *req);
        buffers[i] = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(buffers[i] != MAP_FAILED);
        pattern_fill(buffers[i], (uint64_t)i * LEN, LEN);
        buf = uv_buf_init(buffers[i], LEN);
        req->data = (void*)(intptr_t)i;
        CHECK_OK(uv_write(req, &u.stream, &buf, 1, on_write));
    }
    CHECK_OK(uv_shutdown(malloc(sizeof(uv_shutdown_t)), &u.stream, on_shutdown));
    for (int i = 0; i < turns; i++) {
        /* The peer takes a little, so that a write is under way at any point when the close comes. */
        recv_all(peer, sink, 50000);
        pattern_check(sink, at, 50000);
        at += 50000;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_STR(events, "");
    uv_close(&u.handle, on_close);
    CHECK_STR(events, "");
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(events, "0123SC");

    set_receive_timeout(peer, 3000);
    while ((n = recv(peer, sink, 65536, 0)) > 0) {
        pattern_check(sink, at, (size_t)n);
        at += (uint64_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_LT(at, (uint64_t)WRITES * LEN);
    for (int i = 0; i < WRITES; i++) CHECK_EQ(munmap(buffers[i], LEN), 0);
    free(sink);
    close(peer);
}

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_ECANCELED);
    note('N');
}

/* A connect that has not been reported, with a write behind it. */
static void pending_connect(int turns) {
    uv_tcp_t tcp;
    uv_connect_t connect_req;
    struct sockaddr_in addr;
    uv_buf_t buf;
    uv_write_t* write_req = malloc(sizeof *write_req);
    int fillers[4];
    int listener = listen_plain(0);
    memset(events, 0, sizeof events);
    overwrite = 1;
    addr = loopback(socket_port(listener));
    /* With the backlog full the kernel drops further SYNs: the connect stays pending. */
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK_GE(fillers[i], 0);
        CHECK(connect(fillers[i], (struct sockaddr*)&addr, sizeof addr) == 0 || errno == EINPROGRESS);
    }
    sleep_ms(5);
    buffers[0] = malloc(LEN);
    buf = uv_buf_init(buffers[0], LEN);
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    write_req->data = (void*)0;
    CHECK_OK(uv_write(write_req, (uv_stream_t*)&tcp, &buf, 1, on_write));
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), LEN);
    for (int i = 0; i < turns; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(events, "");
    uv_close((uv_handle_t*)&tcp, on_close);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(events, "N0C");
    free(buffers[0]);
    for (int i = 0; i < 4; i++) close(fillers[i]);
    close(listener);
}

/* A read that had returned data may free the buffer in its callback; after close there is no further use of it. */
static void armed_read(void) {
    uv_tcp_t* tcp = malloc(sizeof *tcp);
    int peer = tcp_handle(&loop, tcp);
    memset(events, 0, sizeof events);
    CHECK_OK(uv_read_start((uv_stream_t*)tcp, lend_slab, on_read));
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_close((uv_handle_t*)tcp, on_close);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(events, "C");
    memset(tcp, 0xee, sizeof *tcp);
    free(tcp);
    close(peer);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int use_pipe = 0; use_pipe < 2; use_pipe++) {
        for (int turns = 0; turns < 4; turns++) {
            pending_writes(use_pipe, turns, 0);
            pending_writes(use_pipe, turns, 1);
        }
    }
    for (int turns = 0; turns < 3; turns++) pending_connect(turns);
    armed_read();
    finish_loop(&loop);
    return 0;
}
