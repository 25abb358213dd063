/* What the public getters say in each kind of callback: whether the loop is alive, how long it may sleep (0, or the far timer's time),
 * whether the handle is active, bytes queued, events counted. What the library keeps for itself does not show. */
/* on tsan: threads meet here */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t far, timers[2];
static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;
static uv_async_t asyncs[2];
static uv_poll_t watcher;
static uv_tcp_t server, client, accepted;
static uv_pipe_t pipe_client;
static uv_udp_t udp[2];
static uv_signal_t sig;
static uv_fs_t files[3];
static uv_work_t works[3];
static uv_getnameinfo_t name;
static uv_random_t random_req;
static uv_connect_t connect_req;
static uv_write_t writes[2];
static uv_shutdown_t shutdown_req;
static uv_udp_send_t sends[2];
static const char* const* expected;
static int line, ends, wanted;
static char log_[4096];

static void say(const char* what, void* handle, void* stream) {
    char now[120];
    uv_metrics_t metrics;
    int timeout = uv_backend_timeout(&loop);
    size_t n = 0;
    CHECK_OK(uv_metrics_info(&loop, &metrics));
    n += snprintf(now, sizeof now, "%s: alive %d timeout %s reqs %d events %d", what, uv_loop_alive(&loop),
                  timeout == 0 ? "0" : timeout < 0 ? "-1" : "far", (int)loop.active_reqs.count, (int)metrics.events);
    if (handle) {
        n += snprintf(now + n, sizeof now - n, " active %d ref %d closing %d", uv_is_active(handle), uv_has_ref(handle),
                      uv_is_closing(handle));
    }
    if (stream) snprintf(now + n, sizeof now - n, " queued %d", (int)uv_stream_get_write_queue_size(stream));
    snprintf(log_ + strlen(log_), sizeof log_ - strlen(log_), "%s\n", now);
    if (expected[line] == NULL || strcmp(expected[line], now) != 0) {
        FAIL("line %d is \"%s\", not \"%s\"; so far:\n%s", line, now, expected[line] ? expected[line] : "none", log_);
    }
    line++;
}

static void end(void) {
    if (++ends == wanted) uv_stop(&loop);
}

static void on_far(uv_timer_t* handle) { UNUSED(handle); FAIL("the far timer"); }
static void on_close(uv_handle_t* handle) { say("close", handle, NULL); }

static void on_timer(uv_timer_t* handle) {
    say("timer", handle, NULL);
    end();
}

static void on_idle(uv_idle_t* handle) {
    say("idle", handle, NULL);
    uv_idle_stop(handle);
    say("idle stopped", handle, NULL);
}

static void on_prepare(uv_prepare_t* handle) {
    say("prepare", handle, NULL);
    uv_prepare_stop(handle);
}

static void on_check(uv_check_t* handle) {
    say("check", handle, NULL);
    uv_check_stop(handle);
    end();
}

static void on_async(uv_async_t* handle) {
    say("async", handle, NULL);
    if (ends == 0) uv_async_send(handle);
    say("async sent", handle, NULL);
    end();
}

static void on_poll(uv_poll_t* handle, int status, int events) {
    UNUSED(status);
    UNUSED(events);
    say("poll", handle, NULL);
    uv_poll_stop(handle);
    say("poll stopped", handle, NULL);
    end();
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    say(nread < 0 ? "end" : "read", stream, stream);
    if (nread > 0) {
        uv_read_stop(stream);
        say("read stopped", stream, stream);
        uv_read_start(stream, lend_slab, on_read);
        say("read again", stream, stream);
    }
    end();
}

static void on_write(uv_write_t* req, int status) {
    say(status == 0 ? "write" : "write cancelled", req->handle, req->handle);
    end();
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    CHECK_EQ(status, 0);
    say("shutdown", req->handle, req->handle);
    end();
}

static void on_connect(uv_connect_t* req, int status) {
    say(status == 0 ? "connect" : "connect failed", req->handle, req->handle);
    end();
}

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    say("connection", stream, NULL);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    say("accepted", stream, NULL);
    end();
}

static void on_send(uv_udp_send_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(uv_udp_get_send_queue_size(req->handle), uv_udp_get_send_queue_count(req->handle) * 5);
    say(uv_udp_get_send_queue_count(req->handle) ? "send" : "last send", req->handle, NULL);
    end();
}

static void on_recv(uv_udp_t* handle, ssize_t n, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(n);
    UNUSED(buf);
    UNUSED(flags);
    if (addr == NULL) return;
    say("recv", handle, NULL);
    uv_udp_recv_stop(handle);
    say("recv stopped", handle, NULL);
    end();
}

static void on_signal(uv_signal_t* handle, int signum) {
    UNUSED(signum);
    say("signal", handle, NULL);
    end();
}

static void on_fs(uv_fs_t* req) {
    uv_fs_req_cleanup(req);
    say("fs", NULL, NULL);
    end();
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    say("work", NULL, NULL);
    end();
}

static void on_name(uv_getnameinfo_t* req, int status, const char* host, const char* service) {
    UNUSED(req);
    UNUSED(host);
    UNUSED(service);
    CHECK_EQ(status, 0);
    say("getnameinfo", NULL, NULL);
    end();
}

static void on_random(uv_random_t* req, int status, void* buf, size_t len) {
    UNUSED(req);
    UNUSED(buf);
    UNUSED(len);
    CHECK_EQ(status, 0);
    say("random", NULL, NULL);
    end();
}

static void close_all(uv_handle_t* handle, void* arg) {
    UNUSED(arg);
    if (!uv_is_closing(handle)) uv_close(handle, on_close);
}

static void start(char kind) {
    static char big[8 << 20];
    static unsigned char bytes[8];
    uv_buf_t small = uv_buf_init((char*)"hello", 5), large = uv_buf_init(big, sizeof big);
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr, fds[2];
    switch (kind) {
        case 't':
            for (int i = 0; i < 2; i++) {
                CHECK_OK(uv_timer_init(&loop, &timers[i]));
                CHECK_OK(uv_timer_start(&timers[i], on_timer, 1, i == 1 ? 100000 : 0));
            }
            wanted = 2;
            break;
        case 'i':
            CHECK_OK(uv_idle_init(&loop, &idle));
            CHECK_OK(uv_idle_start(&idle, on_idle));
            CHECK_OK(uv_prepare_init(&loop, &prepare));
            CHECK_OK(uv_prepare_start(&prepare, on_prepare));
            CHECK_OK(uv_check_init(&loop, &check));
            CHECK_OK(uv_check_start(&check, on_check));
            CHECK_OK(uv_async_init(&loop, &asyncs[0], NULL));
            CHECK_OK(uv_async_send(&asyncs[0]));
            break;
        case 'a':
            CHECK_OK(uv_async_init(&loop, &asyncs[0], on_async));
            CHECK_OK(uv_async_send(&asyncs[0]));
            wanted = 2;
            break;
        case 'p':
            unix_pair(fds);
            CHECK_OK(uv_poll_init(&loop, &watcher, fds[0]));
            CHECK_OK(uv_poll_start(&watcher, UV_READABLE, on_poll));
            send_all(fds[1], "x", 1);
            break;
        case 'r':
            fds[0] = pipe_handle(&loop, &pipe_client);
            CHECK_OK(uv_read_start((uv_stream_t*)&pipe_client, lend_slab, on_read));
            send_all(fds[0], "hello", 5);
            close(fds[0]);
            wanted = 2;
            break;
        case 'w':
            pipe_handle(&loop, &pipe_client);
            for (int i = 0; i < 2; i++) CHECK_OK(uv_write(&writes[i], (uv_stream_t*)&pipe_client, &small, 1, on_write));
            CHECK_OK(uv_shutdown(&shutdown_req, (uv_stream_t*)&pipe_client, on_shutdown));
            wanted = 3;
            break;
        case 'W':
            pipe_handle(&loop, &pipe_client);
            CHECK_OK(uv_write(&writes[0], (uv_stream_t*)&pipe_client, &large, 1, on_write));
            CHECK_OK(uv_write(&writes[1], (uv_stream_t*)&pipe_client, &small, 1, on_write));
            CHECK_OK(uv_timer_init(&loop, &timers[0]));
            CHECK_OK(uv_timer_start(&timers[0], on_timer, 20, 0));
            break;
        case 'c':
            addr = loopback(tcp_listen(&loop, &server, 4, on_connection));
            CHECK_OK(uv_tcp_init(&loop, &client));
            CHECK_OK(uv_tcp_connect(&connect_req, &client, (struct sockaddr*)&addr, on_connect));
            wanted = 2;
            break;
        case 'u':
            for (int i = 0; i < 2; i++) {
                CHECK_OK(uv_udp_init(&loop, &udp[i]));
                CHECK_OK(uv_udp_bind(&udp[i], (struct sockaddr*)&addr, 0));
            }
            CHECK_OK(uv_udp_getsockname(&udp[0], (struct sockaddr*)&addr, &len));
            CHECK_OK(uv_udp_recv_start(&udp[0], lend_slab, on_recv));
            for (int i = 0; i < 2; i++) {
                CHECK_OK(uv_udp_send(&sends[i], &udp[1], &small, 1, (struct sockaddr*)&addr, on_send));
            }
            wanted = 3;
            break;
        case 's':
            CHECK_OK(uv_signal_init(&loop, &sig));
            CHECK_OK(uv_signal_start(&sig, on_signal, SIGUSR1));
            raise(SIGUSR1);
            break;
        case 'f':
            CHECK_OK(uv_fs_stat(&loop, files, "/", on_fs));
            break;
        case 'o':
            CHECK_OK(uv_fs_open(&loop, files, "/etc/passwd", O_RDONLY, 0, on_fs));
            break;
        case 'k':
            /* Together: no turn before all of them are done. */
            for (int i = 0; i < 3; i++) CHECK_OK(uv_queue_work(&loop, &works[i], do_nothing, after_work));
            sleep_ms(100);
            wanted = 3;
            break;
        case 'n':
            addr = loopback(80);
            CHECK_OK(uv_getnameinfo(&loop, &name, on_name, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
            break;
        default:
            CHECK_OK(uv_random(&loop, &random_req, bytes, sizeof bytes, 0, on_random));
            break;
    }
}

static void run(char kind, const char* const* lines) {
    expected = lines;
    line = ends = 0;
    wanted = 1;
    log_[0] = 0;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &far));
    CHECK_OK(uv_timer_start(&far, on_far, 1000000, 0));
    /* So that the loop's own descriptors are watched. */
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    start(kind);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 1);
    say("between", NULL, NULL);
    uv_walk(&loop, close_all, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK(expected[line] == NULL);
    CHECK_EQ(uv_loop_close(&loop), 0);
}

#define CASE(kind, ...) run(kind, (const char* const[]){__VA_ARGS__, NULL})

int main(void) {
    watchdog(30);
    CASE('t',
         "timer: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0",
         "timer: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 0",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1");
    CASE('i',
         "idle: alive 1 timeout 0 reqs 0 events 0 active 1 ref 1 closing 0",
         "idle stopped: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0",
         "prepare: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0",
         "check: alive 1 timeout far reqs 0 events 1 active 1 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('a',
         "async: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0",
         "async sent: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0",
         "async: alive 1 timeout far reqs 0 events 1 active 1 ref 1 closing 0",
         "async sent: alive 1 timeout far reqs 0 events 1 active 1 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 2",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1");
    CASE('p',
         "poll: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0",
         "poll stopped: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('r',
         "read: alive 1 timeout far reqs 0 events 0 active 1 ref 1 closing 0 queued 0",
         "read stopped: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0 queued 0",
         "read again: alive 1 timeout 0 reqs 0 events 0 active 1 ref 1 closing 0 queued 0",
         "end: alive 1 timeout far reqs 0 events 1 active 0 ref 1 closing 0 queued 0",
         "between: alive 1 timeout far reqs 0 events 2",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1");
    CASE('w',
         "write: alive 1 timeout far reqs 2 events 0 active 0 ref 1 closing 0 queued 0",
         "write: alive 1 timeout far reqs 1 events 0 active 0 ref 1 closing 0 queued 0",
         "shutdown: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0 queued 0",
         "between: alive 1 timeout far reqs 0 events 0",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1");
    CASE('W',
         "timer: alive 1 timeout far reqs 2 events 0 active 0 ref 1 closing 0",
         "between: alive 1 timeout far reqs 2 events 0",
         "close: alive 1 timeout -1 reqs 2 events 0 active 0 ref 0 closing 1",
         "write cancelled: alive 1 timeout -1 reqs 1 events 0 active 0 ref 1 closing 1 queued 5",
         "write cancelled: alive 0 timeout 0 reqs 0 events 0 active 0 ref 1 closing 1 queued 0",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 0 active 0 ref 0 closing 1");
    CASE('c',
         "connection: alive 1 timeout far reqs 1 events 0 active 1 ref 1 closing 0",
         "accepted: alive 1 timeout far reqs 1 events 0 active 1 ref 1 closing 0",
         "connect: alive 1 timeout far reqs 0 events 0 active 0 ref 1 closing 0 queued 0",
         "between: alive 1 timeout far reqs 0 events 2",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 2 active 0 ref 0 closing 1");
    CASE('u',
         "send: alive 1 timeout 0 reqs 1 events 0 active 1 ref 1 closing 0",
         "last send: alive 1 timeout 0 reqs 0 events 0 active 1 ref 1 closing 0",
         "recv: alive 1 timeout 0 reqs 0 events 0 active 1 ref 1 closing 0",
         "recv stopped: alive 1 timeout 0 reqs 0 events 0 active 0 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('s',
         "signal: alive 1 timeout far reqs 0 events 1 active 1 ref 1 closing 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('f',
         "fs: alive 1 timeout far reqs 0 events 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('o',
         "fs: alive 1 timeout far reqs 0 events 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('k',
         "work: alive 1 timeout far reqs 2 events 0",
         "work: alive 1 timeout far reqs 1 events 0",
         "work: alive 1 timeout far reqs 0 events 0",
         "between: alive 1 timeout far reqs 0 events 3",
         "close: alive 0 timeout 0 reqs 0 events 3 active 0 ref 0 closing 1");
    CASE('n',
         "getnameinfo: alive 1 timeout far reqs 0 events 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    CASE('?',
         "random: alive 1 timeout far reqs 0 events 0",
         "between: alive 1 timeout far reqs 0 events 1",
         "close: alive 0 timeout 0 reqs 0 events 1 active 0 ref 0 closing 1");
    return 0;
}
