/* What the clients share: where the server is, and the window in which its processor time counts. */
#ifndef UVRING_BENCH_CLIENT_H
#define UVRING_BENCH_CLIENT_H

#include "common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SPREAD = 64 };

static int epoll;
static unsigned char* pattern;
static size_t message_size;
static unsigned char scratch[262144];

/* The processor time of the server, in all its threads: the kernel keeps a clock of it for everyone to read. */
static inline double server_cpu(void) {
    clockid_t clock;
    struct timespec t;
    CHECK(clock_getcpuclockid((pid_t)number("pid", 0), &clock) == 0);
    CHECK(clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double server_cpu_started, server_cpu_used;

/* window_count, with the server's clock read where the window opens and closes. */
static inline int count_served(uint64_t ops, unsigned every) {
    int before = (int)window.state, more = window_count(ops, every);
    if (before == (int)window.state) return more;
    if (window.state == OPEN) server_cpu_started = server_cpu();
    if (window.state == CLOSED) server_cpu_used = server_cpu() - server_cpu_started;
    return more;
}

/* The operations are the client's, the processor time is the server's. */
static inline void report_served(double operations_each) {
    double seconds = window.ended - window.started, client = window.cpu_used;
    CHECK(window.state == CLOSED);
    CHECK(window.ops > 0);
    result("ops", (double)window.ops * operations_each);
    result("seconds", seconds);
    result("cpu", server_cpu_used);
    result("server_busy", server_cpu_used / seconds);
    result("client_busy", client / seconds);
}

/* Messages are cut from one pattern at different places, so that a stale or shifted one is seen. */
static inline void client_begin(int argc, char** argv) {
    begin(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    message_size = (size_t)number("size", 64);
    pattern = malloc(message_size + SPREAD);
    CHECK(pattern != NULL && message_size >= 1);
    fill_pattern(pattern, message_size + SPREAD);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll >= 0);
}

static inline void watch(int how, int fd, uint32_t events, void* data) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    CHECK(epoll_ctl(epoll, how, fd, &event) == 0);
}

/* A connected socket of the given kind; `wait` false: one whose connection may still be under way. */
static inline int dial(int kind, int wait) {
    int one = 1, is_unix = arg_is("transport", "unix");
    int fd = socket(is_unix ? AF_UNIX : AF_INET, kind | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
    CHECK(fd >= 0);
    if (is_unix) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof address.sun_path, "%s", arg("path", ""));
        CHECK(connect(fd, (struct sockaddr*)&address, sizeof address) == 0);
    } else {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        address.sin_port = htons((uint16_t)number("port", 0));
        int result = connect(fd, (struct sockaddr*)&address, sizeof address);
        CHECK(result == 0 || (!wait && errno == EINPROGRESS));
        if (kind == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    return fd;
}

#endif
