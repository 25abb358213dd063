/* uvring_read ends with at least as many bytes as were asked for, in the order of the calls, and takes nothing beyond its buffers from
 * the kernel; switching to and fro between it, uvring_recv_start and uv_read_start loses no byte. */
/* not on libuv: it has no such reads */
#include "check.h"

#include <uvring.h>

enum { BYTES = 3000000, QUEUED = 5 };

static uv_loop_t loop;
static union { uv_stream_t stream; uv_tcp_t tcp; uv_pipe_t pipe; } from;
static int peer, ended, in_flight, next_number, expected, switches;
static uint64_t received, seed;

typedef struct { uvring_read_t req; int number; size_t size, at_least, split; char data[]; } request_t;

static void go_on(void);
static void on_read_request(uvring_read_t* req, int status);

static void start_one(void) {
    size_t size = 1 + random_next(&seed) % (random_next(&seed) % 5 ? 3000 : 200000);
    request_t* request = malloc(sizeof *request + size);
    uv_buf_t bufs[2];
    request->size = size;
    request->split = random_next(&seed) % (size + 1);
    request->at_least = 1 + random_next(&seed) % size;
    request->number = next_number++;
    bufs[0] = uv_buf_init(request->data, (unsigned)request->split);
    bufs[1] = uv_buf_init(request->data + request->split, (unsigned)(size - request->split));
    CHECK_OK(uvring_read(&request->req, &from.stream, bufs, 2, request->at_least, on_read_request));
    memset(bufs, 0xff, sizeof bufs);
    in_flight++;
}

static void on_read_request(uvring_read_t* req, int status) {
    request_t* request = (request_t*)req;
    CHECK_EQ(request->number, expected);
    expected++;
    in_flight--;
    CHECK_EQ(req->status, status);
    CHECK(req->handle == &from.stream);
    CHECK_LE(req->done, request->size);
    pattern_check(request->data, received, req->done);
    received += req->done;
    if (status == UV_EOF) {
        CHECK_LT(req->done, request->at_least);
        ended = 1;
    } else {
        CHECK_EQ(status, 0);
        CHECK_GE(req->done, request->at_least);
    }
    free(request);
    if (!ended) go_on();
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    if (nread < 0) {
        CHECK_EQ(nread, UV_EOF);
        ended = 1;
        return;
    }
    pattern_check(buf->base, received, (size_t)nread);
    received += (uint64_t)nread;
    CHECK_OK(uv_read_stop(stream));
    go_on();
}

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    if (nread < 0) {
        CHECK_EQ(nread, UV_EOF);
        ended = 1;
        return;
    }
    pattern_check(view->base, received, view->len);
    received += view->len;
    CHECK_OK(uvring_recv_stop(stream));
    go_on();
}

static void go_on(void) {
    unsigned way = random_next(&seed) % 8;
    if (in_flight > 0 || way > 1) {
        CHECK_EQ(uv_is_active((uv_handle_t*)&from), in_flight > 0);
        while (in_flight < QUEUED) start_one();
        CHECK_EQ(uv_read_start(&from.stream, lend_slab, on_read), UV_EALREADY);
        CHECK_EQ(uvring_recv_start(&from.stream, NULL, on_recv), UV_EALREADY);
        CHECK_OK(uv_read_stop(&from.stream));
        CHECK_OK(uvring_recv_stop(&from.stream));
        if (random_next(&seed) % 4 != 0) return;
        /* Let the queue run empty. */
        return;
    }
    switches++;
    if (way == 0) CHECK_OK(uv_read_start(&from.stream, lend_slab, on_read));
    else CHECK_OK(uvring_recv_start(&from.stream, NULL, on_recv));
    {
        uvring_read_t req;
        char byte;
        uv_buf_t buf = uv_buf_init(&byte, 1);
        CHECK_EQ(uvring_read(&req, &from.stream, &buf, 1, 1, on_read_request), UV_EALREADY);
    }
}

static void send_it(void* arg) {
    static char data[100000];
    uint64_t state = 5;
    UNUSED(arg);
    for (uint64_t at = 0; at < BYTES;) {
        size_t len = 1 + random_next(&state) % (random_next(&state) % 8 ? 3000 : sizeof data);
        if (len > BYTES - at) len = (size_t)(BYTES - at);
        pattern_fill(data, at, len);
        send_all(peer, data, len);
        at += len;
    }
    CHECK_EQ(shutdown(peer, SHUT_WR), 0);
}

static void on_exact(uvring_read_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(req->done, 3);
}

int main(void) {
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    for (int round = 0; round < 4; round++) {
        uv_thread_t sender;
        seed = 333 + (uint64_t)round;
        received = 0;
        ended = in_flight = next_number = expected = switches = 0;
        peer = round % 2 ? tcp_handle(&loop, &from.tcp) : pipe_handle(&loop, &from.pipe);
        CHECK_OK(uv_thread_create(&sender, send_it, NULL));
        go_on();
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_OK(uv_thread_join(&sender));
        CHECK_EQ(received, BYTES);
        CHECK_EQ(in_flight, 0);
        uv_close((uv_handle_t*)&from, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        close(peer);
    }
    {
        /* What the buffers do not take stays in the kernel. */
        char data[8];
        uvring_read_t req;
        uv_buf_t buf = uv_buf_init(data, 3);
        peer = tcp_handle(&loop, &from.tcp);
        send_all(peer, "abcdef", 6);
        CHECK_OK(uvring_read(&req, &from.stream, &buf, 1, 3, on_exact));
        uv_run(&loop, UV_RUN_DEFAULT);
        CHECK_EQ(memcmp(data, "abc", 3), 0);
        CHECK_EQ(recv(handle_fd(&from), data, sizeof data, MSG_DONTWAIT), 3);
        CHECK_EQ(memcmp(data, "def", 3), 0);
        close(peer);
    }
    finish_loop(&loop);
    return 0;
}
