/* What many streams have gathered goes out whole and in order whatever they are: sockets, FIFOs, full ones, those whose peers are gone;
 * with files of the loop under way, too. Where there is a ring, one call serves all sockets. */
/* not on libuv: it gathers nothing */
#include "check.h"

#include <uvring.h>

enum { STREAMS = 100, ROUNDS = 30, GONE = 17, FIFO = 31, FULL = 55 };

static uv_loop_t loop;
static union { uv_tcp_t tcp; uv_pipe_t pipe; uv_stream_t stream; } streams[STREAMS];
static int peers[STREAMS], rounds, failed, written;
static uint64_t sent[STREAMS], got[STREAMS], seed = 77;
static char big[4000000];

static void on_write(uvring_write_t* req, int status) {
    int i = (int)(intptr_t)req->data;
    if (i == GONE) {
        CHECK(status == UV_EPIPE || status == UV_ECONNRESET);
        failed++;
    } else {
        CHECK_EQ(status, 0);
        written++;
    }
    free(req);
}

static void gather(int i, size_t len, int with_request) {
    static char data[65536];
    if (with_request) {
        uvring_write_t* req = malloc(sizeof *req + len);
        uv_buf_t buf = uv_buf_init((char*)(req + 1), (unsigned)len);
        pattern_fill(buf.base, sent[i], len);
        req->data = (void*)(intptr_t)i;
        CHECK_OK(uvring_write(req, &streams[i].stream, &buf, 1, on_write));
    } else {
        pattern_fill(data, sent[i], len);
        CHECK_OK(uvring_write_copy(&streams[i].stream, data, len));
    }
    sent[i] += len;
}

static void drain(int i) {
    static char data[65536];
    ssize_t n;
    while ((n = read(peers[i], data, sizeof data)) > 0) {
        pattern_check(data, got[i], (size_t)n);
        got[i] += (uint64_t)n;
    }
}

static void on_stat(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    free(req);
}

static void on_idle(uv_idle_t* idle) {
    if (rounds++ == ROUNDS) {
        uv_close((uv_handle_t*)idle, NULL);
        return;
    }
    for (int i = 0; i < STREAMS; i++) {
        if (i == GONE) gather(i, 10, 1);
        else for (unsigned n = 1 + random_next(&seed) % 3; n > 0; n--) gather(i, random_next(&seed) % 300, random_next(&seed) % 2);
        if (rounds % 3 == 0 && i != GONE && i != FULL) drain(i);
    }
    if (rounds % 4 == 0) CHECK_OK(uv_fs_stat(&loop, malloc(sizeof(uv_fs_t)), "/", on_stat));
}

int main(void) {
    uv_idle_t idle;
    uvring_loop_stats_t stats = {.size = sizeof stats};
    struct linger linger = {1, 0};
    uint64_t enters, writes;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < STREAMS; i++) {
        if (i == FIFO) {
            int fds[2];
            CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
            CHECK_OK(uv_pipe_init(&loop, &streams[i].pipe, 0));
            CHECK_OK(uv_pipe_open(&streams[i].pipe, fds[1]));
            peers[i] = fds[0];
        } else {
            peers[i] = i % 2 ? tcp_handle(&loop, &streams[i].tcp) : pipe_handle(&loop, &streams[i].pipe);
        }
        set_nonblocking(peers[i], 1);
    }
    CHECK_EQ(setsockopt(peers[GONE], SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(peers[GONE]);
    while (send(handle_fd(&streams[FULL]), big, sizeof big, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) continue;
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    enters = stats.ring_enters;
    writes = stats.stream_writes;
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    while (rounds <= ROUNDS) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    if (stats.driver == UVRING_DRIVER_RING) {
        CHECK_LT(stats.stream_writes - writes, ROUNDS * STREAMS / 2);
        CHECK_GT(stats.ring_enters, enters);
    } else {
        CHECK_GE(stats.stream_writes - writes, ROUNDS * (STREAMS - 2));
    }
    CHECK_EQ(failed, ROUNDS);
    {
        /* What was in the way there is not of the pattern. */
        static char data[65536];
        size_t left = 0;
        ssize_t n;
        for (int i = 0; i < 1000 && got[FULL] < sent[FULL]; i++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            while ((n = read(peers[FULL], data, sizeof data)) > 0) left += (size_t)n;
            if (uv_stream_get_write_queue_size(&streams[FULL].stream) == 0 && n < 0 && errno == EAGAIN) break;
        }
        CHECK_GE(left, sent[FULL]);
        got[FULL] = sent[FULL];
    }
    for (int i = 0; i < STREAMS; i++) {
        for (int tries = 0; tries < 1000 && i != GONE && got[i] < sent[i]; tries++) {
            uv_run(&loop, UV_RUN_NOWAIT);
            drain(i);
        }
        if (i != GONE) CHECK_EQ(got[i], sent[i]);
        if (i != GONE) close(peers[i]);
    }
    finish_loop(&loop);
    return 0;
}
