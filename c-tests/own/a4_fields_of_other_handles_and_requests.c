/* A4, the rest: private fields that programs read or write on UDP, poll, signal, process and pipe handles, on file and
 * lookup requests, and the table of watchers beyond its first size. */
#include "check.h"

#include <netdb.h>

static uv_loop_t loop;
static int stops, ended, old_cb_called;

static void on_recv(uv_udp_t* u, ssize_t n, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    UNUSED(u);
    UNUSED(n);
    UNUSED(buf);
    UNUSED(addr);
    UNUSED(flags);
}

static void on_send(uv_udp_send_t* req, int status) {
    CHECK_EQ(status, 0);
    CHECK_EQ(req->handle->send_queue_count, 0);
}

static void on_poll(uv_poll_t* poll, int status, int events) {
    UNUSED(poll);
    UNUSED(status);
    UNUSED(events);
}

static void on_signal(uv_signal_t* handle, int signum) {
    UNUSED(handle);
    UNUSED(signum);
}

/* Replaced after the spawn: must not be called. */
static void on_exit_old(uv_process_t* process, int64_t status, int signal) {
    UNUSED(process);
    UNUSED(status);
    UNUSED(signal);
    old_cb_called = 1;
}

static void on_exit_new(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(status, 3);
    CHECK_EQ(signal, 0);
    ended = 1;
    uv_close((uv_handle_t*)process, NULL);
}

/* xmrig and Julia write the flag themselves. */
static void on_idle(uv_idle_t* idle) {
    UNUSED(idle);
    if (++stops == 3) loop.stop_flag++;
}

static void datagrams_and_polls(void) {
    enum { HIGH = 1500 };
    uv_udp_t udp;
    uv_udp_send_t send;
    uv_poll_t poll;
    struct sockaddr_in addr;
    struct rlimit limit;
    uv_buf_t buf = uv_buf_init("hello", 5);
    int fd, len = sizeof addr, pair[2];
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_EQ(udp.io_watcher.fd, -1);
    CHECK_OK(uv_ip4_addr("127.0.0.1", 0, &addr));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    CHECK_EQ(udp.flags & 0x2000, 0x2000);
    CHECK_OK(uv_fileno((uv_handle_t*)&udp, &fd));
    CHECK_EQ(udp.io_watcher.fd, fd);
    CHECK_OK(uv_udp_getsockname(&udp, (struct sockaddr*)&addr, &len));
    CHECK_OK(uv_udp_recv_start(&udp, lend_slab, on_recv));
    CHECK(loop.watchers[fd] == &udp.io_watcher);
    CHECK_OK(uv_udp_send(&send, &udp, &buf, 1, (struct sockaddr*)&addr, on_send));
    CHECK_EQ(udp.send_queue_count, 1);
    CHECK_EQ(udp.send_queue_size, 5);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(udp.send_queue_count, 0);
    CHECK_EQ(udp.send_queue_size, 0);
    uv_close((uv_handle_t*)&udp, NULL);
    CHECK(loop.watchers[fd] == NULL);
    CHECK_EQ(udp.io_watcher.fd, -1);
    uv_run(&loop, UV_RUN_DEFAULT);

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max <= HIGH) return;
    if (limit.rlim_cur <= HIGH) {
        limit.rlim_cur = HIGH + 1;
        CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    }
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(dup2(pair[0], HIGH), HIGH);
    CHECK_OK(uv_poll_init(&loop, &poll, HIGH));
    CHECK_EQ(poll.io_watcher.fd, HIGH);
    CHECK_OK(uv_poll_start(&poll, UV_READABLE, on_poll));
    CHECK_GT(loop.nwatchers, HIGH);
    CHECK(loop.watchers[HIGH] == &poll.io_watcher);
    CHECK(loop.watchers[HIGH - 1] == NULL);
    CHECK_OK(uv_poll_stop(&poll));
    CHECK(loop.watchers[HIGH] == NULL);
    uv_close((uv_handle_t*)&poll, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(HIGH);
    close(pair[0]);
    close(pair[1]);
}

static void signals_and_processes(void) {
    uv_signal_t signal;
    uv_process_t process;
    uv_process_options_t options;
    char* args[] = {"sh", "-c", "exit 3", NULL};
    CHECK_OK(uv_signal_init(&loop, &signal));
    CHECK_EQ(signal.signum, 0);
    CHECK_OK(uv_signal_start(&signal, on_signal, SIGUSR2));
    CHECK_EQ(signal.signum, SIGUSR2);
    CHECK_OK(uv_signal_stop(&signal));
    CHECK_EQ(signal.signum, 0);
    uv_close((uv_handle_t*)&signal, NULL);

    memset(&options, 0, sizeof options);
    options.file = "/bin/sh";
    options.args = args;
    options.exit_cb = on_exit_old;
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_GT(process.pid, 0);
    CHECK(process.exit_cb == on_exit_old);
    process.exit_cb = on_exit_new;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, 1);
    CHECK_EQ(old_cb_called, 0);
}

static void pipes_and_stops(void) {
    uv_pipe_t pipe;
    uv_idle_t idle;
    int pair[2], out;
    /* uvloop makes a pipe that was opened for writing readable, so that it hears of the other end's closing. */
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(uv_pipe_init(&loop, &pipe, 0));
    CHECK_OK(uv_pipe_open(&pipe, pair[0]));
    pipe.flags |= 0x4000;
    CHECK_EQ(uv_is_readable((uv_stream_t*)&pipe), 1);
    CHECK_OK(uv_fileno((uv_handle_t*)&pipe, &out));
    CHECK_EQ(out, pipe.io_watcher.fd);
    uv_close((uv_handle_t*)&pipe, NULL);
    close(pair[1]);

    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_NE(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(stops, 3);
    CHECK_EQ(loop.stop_flag, 0);
    uv_close((uv_handle_t*)&idle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void requests(void) {
    uv_fs_t fs;
    uv_getaddrinfo_t lookup;
    uv_getnameinfo_t name;
    struct sockaddr_in addr;
    CHECK_OK(uv_fs_stat(NULL, &fs, "/", NULL));
    CHECK_EQ(fs.result, 0);
    CHECK(fs.ptr == &fs.statbuf);
    CHECK_EQ(strcmp(fs.path, "/"), 0);
    CHECK_EQ(fs.fs_type, UV_FS_STAT);
    uv_fs_req_cleanup(&fs);
    CHECK(fs.path == NULL && fs.ptr == NULL);
    CHECK_OK(uv_fs_realpath(NULL, &fs, "/.", NULL));
    CHECK_EQ(strcmp(fs.ptr, "/"), 0);
    uv_fs_req_cleanup(&fs);

    CHECK_OK(uv_getaddrinfo(&loop, &lookup, NULL, "127.0.0.1", NULL, NULL));
    CHECK(lookup.addrinfo != NULL);
    CHECK_EQ(lookup.addrinfo->ai_family, AF_INET);
    uv_freeaddrinfo(lookup.addrinfo);
    CHECK_OK(uv_ip4_addr("127.0.0.1", 80, &addr));
    CHECK_OK(uv_getnameinfo(&loop, &name, NULL, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
    CHECK_EQ(strcmp(name.host, "127.0.0.1"), 0);
    CHECK_EQ(strcmp(name.service, "80"), 0);
    CHECK_EQ(loop.active_reqs.count, 0);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    datagrams_and_polls();
    signals_and_processes();
    pipes_and_stops();
    requests();
    finish_loop(&loop);
    return 0;
}
