/* B6: when write_queue_size is 0 a program may write(2) to the descriptor itself (uvloop does), and uv_write otherwise;
 * the byte stream at the peer is exact. UVRING_TEST_MB sets how many MiB (128 by default). */
/* timeout: 60 */
#include "check.h"

enum { LARGEST = 400000, QUEUED_MOST = 1 << 20 };

typedef struct {
    uv_write_t req;
    size_t len;
    char data[];
} Chunk;

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_pipe_t pipe_;
static uv_stream_t* stream;
static uv_check_t check;
static uint64_t total, produced, state;
static uint64_t direct, queued, tried;
static unsigned callbacks, requests;
static int peer;
static char scratch[LARGEST];

static void produce(void);

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(status, 0);
    callbacks++;
    free(req);
    produce();
}

static size_t next_len(void) {
    size_t len = random_next(&state) % 8 == 0 ? 1 + random_next(&state) % LARGEST : 1 + random_next(&state) % 3000;
    return len < total - produced ? len : (size_t)(total - produced);
}

static void produce(void) {
    int fd = handle_fd(stream);
    while (produced < total && uv_stream_get_write_queue_size(stream) < QUEUED_MOST) {
        size_t len = next_len();
        size_t done = 0;
        pattern_fill(scratch, produced, len);
        if (uv_stream_get_write_queue_size(stream) == 0 && random_next(&state) % 4 != 0) {
            ssize_t n = write(fd, scratch, len);
            if (n < 0) {
                CHECK_EQ(errno, EAGAIN);
                n = 0;
            }
            done = (size_t)n;
            direct += done;
        } else if (random_next(&state) % 4 == 0) {
            uv_buf_t buf = uv_buf_init(scratch, (unsigned)len);
            int busy = uv_stream_get_write_queue_size(stream) > 0;
            int n = uv_try_write(stream, &buf, 1);
            if (n == UV_EAGAIN) n = 0;
            CHECK_GE(n, 0);
            if (busy) CHECK_EQ(n, 0);
            done = (size_t)n;
            tried += done;
        }
        if (done < len) {
            /* The remainder, from memory of its own, in up to three buffers. */
            Chunk* chunk = malloc(sizeof *chunk + len - done);
            uv_buf_t bufs[3];
            size_t left = len - done;
            size_t third = left / 3;
            memcpy(chunk->data, scratch + done, left);
            bufs[0] = uv_buf_init(chunk->data, (unsigned)third);
            bufs[1] = uv_buf_init(chunk->data + third, (unsigned)third);
            bufs[2] = uv_buf_init(chunk->data + 2 * third, (unsigned)(left - 2 * third));
            CHECK_OK(uv_write(&chunk->req, stream, bufs, 3, on_write));
            requests++;
            queued += left;
        }
        produced += len;
    }
    if (produced == total && requests == callbacks && !uv_is_closing((uv_handle_t*)&check)) {
        CHECK_EQ(uv_stream_get_write_queue_size(stream), 0);
        uv_close((uv_handle_t*)&check, NULL);
        uv_close((uv_handle_t*)stream, NULL);
    }
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    produce();
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
}

static void receive(void* arg) {
    char* data = malloc(1 << 20);
    uint64_t seed = 7, at = 0;
    ssize_t n;
    UNUSED(arg);
    while ((n = recv(peer, data, 1 + random_next(&seed) % (1 << 20), 0)) > 0) {
        pattern_check(data, at, (size_t)n);
        at += (uint64_t)n;
    }
    CHECK_EQ(n, 0);
    CHECK_EQ(at, total);
    free(data);
}

static void try_stream(uv_stream_t* stream_, int peer_) {
    uv_thread_t receiver;
    uv_timer_t timer;
    stream = stream_;
    peer = peer_;
    produced = direct = queued = tried = 0;
    callbacks = requests = 0;
    state = 2463534242u;
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    /* Turns come from the timer too, so that direct writes also happen while nothing else is going on. */
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 1));
    uv_unref((uv_handle_t*)&timer);
    CHECK_OK(uv_thread_create(&receiver, receive, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&receiver));
    CHECK_GT(direct, 0);
    CHECK_GT(queued, 0);
    close(peer);
    uv_close((uv_handle_t*)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

int main(void) {
    const char* mb = getenv("UVRING_TEST_MB");
    int fd;
    watchdog(55);
    total = (uint64_t)(mb != NULL ? atoi(mb) : 128) << 20;
    total /= 2;
    CHECK_GT(total, 0);
    CHECK_OK(uv_loop_init(&loop));
    fd = tcp_handle(&loop, &tcp);
    try_stream((uv_stream_t*)&tcp, fd);
    fd = pipe_handle(&loop, &pipe_);
    try_stream((uv_stream_t*)&pipe_, fd);
    finish_loop(&loop);
    return 0;
}
