/* A loop that gathers (UVRING_LOOP_NET, UVRING_NET=gather) hands what uv_write is given in one iteration to the kernel in one call for
 * each socket, in order with all other ways to write, and before a descriptor is shown, a handle passed, or a stream closed. What was
 * gathered when a callback forks is the parent's. */
/* not on libuv: libuv has no such option */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>
#include <uvring.h>

enum { WRITES = 16 };

static uv_loop_t loop;
static uv_pipe_t stream;
static uv_timer_t timer;
static uv_shutdown_t shutdown_req;
static uv_write_t reqs[WRITES];
static int peer, begun, ended, statuses[WRITES];
static void (*act)(void);

static void on_write(uv_write_t* req, int status) {
    CHECK_EQ(req - reqs, ended);
    statuses[ended++] = status;
}

static void put(const char* text) {
    uv_buf_t buf = uv_buf_init((char*)text, (unsigned)strlen(text));
    CHECK_OK(uv_write(&reqs[begun++], (uv_stream_t*)&stream, &buf, 1, on_write));
}

static void takes(const char* text) {
    char got[100] = "";
    ssize_t n = recv(peer, got, sizeof got - 1, MSG_DONTWAIT);
    CHECK_EQ(n, (long long)strlen(text) > 0 ? (long long)strlen(text) : -1);
    CHECK(strcmp(got, text) == 0);
}

static uint64_t calls(void) {
    uvring_loop_stats_t stats = {.size = sizeof stats};
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    return stats.stream_writes;
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    act();
}

static void in_a_callback(void (*what)(void)) {
    act = what;
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

static void fresh(void) {
    int fds[2];
    unix_pair(fds);
    CHECK_OK(uv_pipe_init(&loop, &stream, 0));
    CHECK_OK(uv_pipe_open(&stream, fds[0]));
    peer = fds[1];
    begun = ended = 0;
}

static void end(void) {
    if (!uv_is_closing((uv_handle_t*)&stream)) uv_close((uv_handle_t*)&stream, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(peer);
}

static void sixteen(void) {
    for (int i = 0; i < WRITES; i++) put("ab");
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&stream), 2 * WRITES);
    takes("");
}

static void in_order(void) {
    uv_buf_t buf = uv_buf_init("2", 1);
    put("1");
    CHECK_EQ(uv_try_write((uv_stream_t*)&stream, &buf, 1), 1);
    takes("12");
    put("3");
    CHECK_OK(uvring_write_copy((uv_stream_t*)&stream, "4", 1));
    put("5");
    takes("");
    CHECK_OK(uvring_flush(&loop, (uv_stream_t*)&stream));
    takes("345");
    put("6");
    handle_fd(&stream);
    takes("6");
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
    CHECK_EQ(ended, 2);
    ended = 100;
}

static void shut_down(void) {
    put("7");
    put("8");
    CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&stream, on_shutdown));
}

static void close_it(void) {
    put("9");
    put("A");
    uv_close((uv_handle_t*)&stream, NULL);
    takes("9A");
}

static void fork_it(void) {
    int status;
    put("B");
    pid_t child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        CHECK_OK(uv_loop_fork(&loop));
        return;
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    takes("");
}

int main(void) {
    uint64_t value, before;
    pid_t self = getpid();
    alarm(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_NET, &value));
    CHECK_EQ(value, UVRING_NET_READINESS);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_NET, 9), UV_EINVAL);
    CHECK_OK(uvring_loop_set(&loop, UVRING_LOOP_NET, UVRING_NET_GATHER));
    CHECK_OK(uv_timer_init(&loop, &timer));

    fresh();
    before = calls();
    in_a_callback(sixteen);
    CHECK_EQ(calls() - before, 1);
    CHECK_EQ(ended, WRITES);
    takes("abababababababababababababababab");
    end();

    fresh();
    in_a_callback(in_order);
    CHECK_EQ(ended, 4);
    end();

    fresh();
    in_a_callback(shut_down);
    CHECK_EQ(ended, 100);
    takes("78");
    end();

    fresh();
    in_a_callback(close_it);
    CHECK_EQ(ended, 2);
    CHECK_OK(statuses[0]);
    CHECK_OK(statuses[1]);
    end();

    fresh();
    in_a_callback(fork_it);
    CHECK_EQ(ended, 1);
    CHECK_EQ(statuses[0], getpid() == self ? 0 : UV_ECANCELED);
    if (getpid() == self) takes("B");
    end();

    uv_close((uv_handle_t*)&timer, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_loop_close(&loop));

    if (getpid() == self) {
        CHECK_OK(setenv("UVRING_NET", "gather", 1));
        CHECK_OK(uv_loop_init(&loop));
        CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_NET, &value));
        CHECK_EQ(value, UVRING_NET_READINESS); /* It is read once, by the first loop. */
        CHECK_OK(uv_loop_close(&loop));
    }
    return 0;
}
