/* B1: programs write `buf->base[nread] = 0` into a buffer of the suggested size. That is sound as long as fewer bytes
 * are under way than libuv suggests (65536), so it has to stay sound when the suggestion is smaller. */
#include "check.h"

enum { CREDIT = 60000, ROUNDS = 400 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_pipe_t pipe_;
static size_t page;
static char* arena;
static const size_t arena_len = 1 << 20;
static size_t suggested_now;
static uint64_t received[2], acknowledged[2];
static int peers[2];

/* The buffer ends where an inaccessible page begins: one byte too many is a fault, not luck. */
static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    CHECK_GT(suggested, 0);
    CHECK_LE(suggested, arena_len);
    suggested_now = suggested;
    *buf = uv_buf_init(arena + arena_len - suggested, (unsigned)suggested);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    int which = stream == (uv_stream_t*)&tcp ? 0 : 1;
    char ack = '.';
    if (nread == UV_EOF) {
        uv_close((uv_handle_t*)stream, NULL);
        return;
    }
    CHECK_GE(nread, 0);
    CHECK_LT(nread, suggested_now);
    buf->base[nread] = 0;
    pattern_check(buf->base, received[which], (size_t)nread);
    received[which] += (uint64_t)nread;
    /* One acknowledgement for each full credit: the sender never has more than that under way. */
    while (received[which] - acknowledged[which] >= CREDIT) {
        acknowledged[which] += CREDIT;
        send_all(handle_fd(stream), &ack, 1);
    }
}

/* Each credit goes out in pieces of every size, so that more arrives between a look and a read. */
static void send_pieces(void* arg) {
    static char data[2][CREDIT];
    int which = *(int*)arg;
    uint64_t state = 1234567u + (unsigned)which;
    uint64_t at = 0;
    char ack;
    for (int round = 0; round < ROUNDS; round++) {
        size_t done = 0;
        size_t most = (size_t)1 << (4 + round % 13);
        pattern_fill(data[which], at, CREDIT);
        if (round % 40 == 0) most = 1023;
        while (done < CREDIT) {
            size_t len = round % 40 == 0 ? most : 1 + random_next(&state) % most;
            if (most < 512 && done > 2000) len = CREDIT - done;
            if (len > CREDIT - done) len = CREDIT - done;
            send_all(peers[which], data[which] + done, len);
            done += len;
        }
        at += CREDIT;
        recv_all(peers[which], &ack, 1);
    }
    CHECK_EQ(shutdown(peers[which], SHUT_WR), 0);
}

int main(void) {
    uv_thread_t senders[2];
    int which[2] = {0, 1};
    watchdog(30);
    page = (size_t)sysconf(_SC_PAGESIZE);
    arena = mmap(NULL, arena_len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(arena != MAP_FAILED);
    CHECK_EQ(mprotect(arena + arena_len, page, PROT_NONE), 0);

    CHECK_OK(uv_loop_init(&loop));
    peers[0] = tcp_handle(&loop, &tcp);
    peers[1] = pipe_handle(&loop, &pipe_);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, on_alloc, on_read));
    CHECK_OK(uv_read_start((uv_stream_t*)&pipe_, on_alloc, on_read));
    for (int i = 0; i < 2; i++) CHECK_OK(uv_thread_create(&senders[i], send_pieces, &which[i]));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(uv_thread_join(&senders[i]));
        CHECK_EQ(received[i], (uint64_t)CREDIT * ROUNDS);
        close(peers[i]);
    }
    finish_loop(&loop);
    return 0;
}
