/* A program that allocates each read's buffer and frees it when the answer is written gets little memory at a time in a
 * loop that runs: what is ready beyond that comes in the next turns, all of it and in order. Who makes single turns gets all
 * that is ready in one, as with libuv. Handles that are closed meanwhile hear nothing more. */
/* not on libuv: it lends a buffer for each event of a turn */
#include "check.h"

enum { STREAMS = 12, BYTES = 40000, DATAGRAMS = 24, LIMIT = 3 * 65536 };

struct answer {
    union {
        uv_write_t write;
        uv_udp_send_t send;
    } req;
    char* bytes;
    size_t size;
};

static uv_loop_t loop;
static uv_tcp_t streams[STREAMS];
static int peers[STREAMS];
static uv_udp_t udp;
static uv_check_t check;
static size_t held, most_held, received, turns, stop_at, close_at;

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    CHECK(!uv_is_closing(handle));
    *buf = uv_buf_init(malloc(size), (unsigned)size);
    held += size;
    if (held > most_held) most_held = held;
}

static void give_back(struct answer* answer) {
    held -= answer->size;
    free(answer->bytes);
    free(answer);
}

static struct answer* keep(const uv_buf_t* buf) {
    struct answer* answer = malloc(sizeof *answer);
    answer->bytes = buf->base;
    answer->size = buf->len;
    return answer;
}

static void drop(const uv_buf_t* buf) {
    held -= buf->len;
    free(buf->base);
}

static void on_written(uv_write_t* req, int status) {
    CHECK(status == 0 || status == UV_ECANCELED);
    give_back((struct answer*)req);
}

static void on_sent(uv_udp_send_t* req, int status) {
    CHECK(status == 0 || status == UV_ECANCELED);
    give_back((struct answer*)req);
}

static void close_all(void) {
    for (int i = 0; i < STREAMS; i++) uv_close((uv_handle_t*)&streams[i], NULL);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    CHECK(!uv_is_closing((uv_handle_t*)stream));
    if (nread <= 0) {
        CHECK_EQ(nread, 0);
        drop(buf);
        return;
    }
    struct answer* answer = keep(buf);
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)nread);
    CHECK_OK(uv_write(&answer->req.write, stream, &out, 1, on_written));
    received += (size_t)nread;
    if (received == stop_at) uv_stop(&loop);
    if (received == close_at) close_all();
}

static void on_receive(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* from, unsigned flags) {
    CHECK_EQ(flags, 0);
    if (from == NULL) {
        CHECK_EQ(nread, 0);
        drop(buf);
        return;
    }
    CHECK_EQ(nread, 1);
    CHECK_EQ(buf->base[0], (char)received);
    struct answer* answer = keep(buf);
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)nread);
    CHECK_OK(uv_udp_send(&answer->req.send, handle, &out, 1, from, on_sent));
    if (++received == stop_at) uv_stop(&loop);
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    turns++;
}

/* A loop that runs until everything is received would sleep then; the last one stops it. */
static void begin(size_t last) {
    held = most_held = received = turns = 0;
    stop_at = last;
}

static void send_to_all(void) {
    static char data[BYTES];
    for (int i = 0; i < STREAMS; i++) {
        pattern_fill(data, (uint64_t)i, BYTES);
        send_all(peers[i], data, BYTES);
    }
    sleep_ms(5);
}

static void receive_answers(void) {
    static char data[BYTES];
    for (int i = 0; i < STREAMS; i++) {
        recv_all(peers[i], data, BYTES);
        pattern_check(data, (uint64_t)i, BYTES);
    }
}

static void check_streams(void) {
    for (int i = 0; i < STREAMS; i++) {
        peers[i] = tcp_handle(&loop, &streams[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&streams[i], on_alloc, on_read));
    }
    begin(STREAMS * BYTES);
    send_to_all();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(received, STREAMS * BYTES);
    CHECK_LE(most_held, LIMIT);
    CHECK_GE(turns, STREAMS / 3);
    receive_answers();

    begin(0);
    send_to_all();
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(received, STREAMS * BYTES);
    CHECK_EQ(turns, 1);
    CHECK_GT(most_held, LIMIT);
    receive_answers();

    /* Stopped in the middle: a single turn brings the rest. */
    begin(4 * BYTES);
    send_to_all();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_GE(received, 4 * BYTES);
    CHECK_LT(received, STREAMS * BYTES);
    CHECK_EQ(uv_backend_timeout(&loop), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(received, STREAMS * BYTES);
    receive_answers();

    begin(0);
    close_at = 4 * BYTES;
    send_to_all();
    uv_unref((uv_handle_t*)&check);
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    uv_ref((uv_handle_t*)&check);
    CHECK_EQ(received, 4 * BYTES);
    CHECK_EQ(held, 0);
    for (int i = 0; i < STREAMS; i++) close(peers[i]);
}

static void send_datagrams(int fd) {
    for (char i = 0; i < DATAGRAMS; i++) CHECK_EQ(send(fd, &i, 1, 0), 1);
    sleep_ms(2);
}

static void receive_datagrams(int fd) {
    char byte;
    for (char i = 0; i < DATAGRAMS; i++) {
        CHECK_EQ(recv(fd, &byte, 1, 0), 1);
        CHECK_EQ(byte, i);
    }
}

static void check_datagrams(void) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    CHECK_EQ(connect(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    CHECK_OK(uv_udp_recv_start(&udp, on_alloc, on_receive));
    begin(DATAGRAMS);
    send_datagrams(fd);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(received, DATAGRAMS);
    CHECK_LE(most_held, LIMIT);
    receive_datagrams(fd);

    begin(0);
    send_datagrams(fd);
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(received, DATAGRAMS);
    CHECK_GT(most_held, LIMIT);
    receive_datagrams(fd);
    close(fd);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    check_streams();
    check_datagrams();
    finish_loop(&loop);
    CHECK_EQ(held, 0);
    return 0;
}
