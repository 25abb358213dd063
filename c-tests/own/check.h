/* What every test here shares: checks, a watchdog, sockets on loopback, patterns, and the end of a loop.
 *
 * A test is one behaviour: main() returns 0 when it holds, a failed check leaves with 1 and a line on stderr, SKIP
 * leaves with 77 and its reason on stdout. Include this header first: it asks for the GNU names.
 */
#ifndef UVRING_OWN_CHECK_H
#define UVRING_OWN_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <uv.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED(x) ((void)(x))

/* The test's own directory, once temp_dir() made it, and the process that removes it. */
static char temp_dir_path[256];
static pid_t temp_dir_owner;

static inline void temp_dir_remove(void) {
    char command[300];
    if (temp_dir_owner != getpid()) return;
    snprintf(command, sizeof command, "rm -rf -- '%s'", temp_dir_path);
    if (system(command) != 0) fprintf(stderr, "left behind: %s\n", temp_dir_path);
}

/* _exit, not exit: a check may fail on any thread, or in a forked child. */
#define FAIL(...)                                                        \
    do {                                                                 \
        int fail_errno = errno;                                          \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                  \
        fprintf(stderr, __VA_ARGS__);                                    \
        fprintf(stderr, " (errno: %s)\n", strerror(fail_errno));         \
        temp_dir_remove();                                               \
        _exit(1);                                                        \
    } while (0)

#define CHECK(condition)                          \
    do {                                          \
        if (!(condition)) FAIL("%s", #condition); \
    } while (0)

#define CHECK_OP(a, op, b)                                                                \
    do {                                                                                  \
        long long check_a = (long long)(a);                                               \
        long long check_b = (long long)(b);                                               \
        if (!(check_a op check_b)) {                                                      \
            FAIL("%s %s %s, but they are %lld and %lld", #a, #op, #b, check_a, check_b);  \
        }                                                                                 \
    } while (0)

#define CHECK_EQ(a, b) CHECK_OP(a, ==, b)
#define CHECK_NE(a, b) CHECK_OP(a, !=, b)
#define CHECK_GE(a, b) CHECK_OP(a, >=, b)
#define CHECK_GT(a, b) CHECK_OP(a, >, b)
#define CHECK_LE(a, b) CHECK_OP(a, <=, b)
#define CHECK_LT(a, b) CHECK_OP(a, <, b)

/* A libuv call that must not fail. */
#define CHECK_OK(call)                                                              \
    do {                                                                            \
        long long check_rc = (long long)(call);                                     \
        if (check_rc < 0) FAIL("%s: %s", #call, uv_strerror((int)check_rc));        \
    } while (0)

#define CHECK_STR(a, b)                                                             \
    do {                                                                            \
        const char* check_a = (a);                                                  \
        const char* check_b = (b);                                                  \
        if (check_a == NULL || strcmp(check_a, check_b) != 0) {                     \
            FAIL("%s is \"%s\", not \"%s\"", #a, check_a ? check_a : "NULL", check_b); \
        }                                                                           \
    } while (0)

#define SKIP(...)            \
    do {                     \
        printf(__VA_ARGS__); \
        printf("\n");        \
        exit(77);            \
    } while (0)

/* --- time --- */

static inline void watchdog_rang(int signum) {
    static const char text[] = "watchdog: the test did not end in time\n";
    ssize_t n = write(2, text, sizeof text - 1);
    UNUSED(n);
    UNUSED(signum);
    _exit(1);
}

/* Ends the test as failed after `seconds`, or a multiple under tools that make all slow. A forked child does not inherit
 * the alarm and must ask again. */
static inline void watchdog(unsigned seconds) {
    const char* patience = getenv("UVRING_TEST_PATIENCE");
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = watchdog_rang;
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    alarm(patience ? seconds * (unsigned)atoi(patience) : seconds);
    signal(SIGPIPE, SIG_IGN);
}

static inline uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The processor time that this process has taken so far. */
static inline double processor_seconds(void) {
    struct rusage usage;
    CHECK_EQ(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline void sleep_ms(unsigned ms) {
    struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR) {
    }
}

/* --- the end of a loop --- */

static inline void close_if_open(uv_handle_t* handle, void* arg) {
    UNUSED(arg);
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* Closes what is still open, runs the loop dry, and checks that it can be closed. */
static inline void finish_loop(uv_loop_t* loop) {
    uv_walk(loop, close_if_open, NULL);
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_loop_alive(loop), 0);
    CHECK_EQ(uv_loop_close(loop), 0);
}

/* --- sockets, all on loopback, the port always the kernel's choice --- */

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in addr;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_port = htons((uint16_t)port);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

static inline void set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    CHECK_NE(flags, -1);
    flags = on ? (flags | O_NONBLOCK) : (flags & ~O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_SETFL, flags), 0);
}

static inline void set_receive_timeout(int fd, int ms) {
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), 0);
}

static inline int socket_port(int fd) {
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    CHECK_EQ(getsockname(fd, (struct sockaddr*)&addr, &len), 0);
    return ntohs(addr.sin_port);
}

/* A plain blocking listener. */
static inline int listen_plain(int backlog) {
    struct sockaddr_in addr = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_GE(fd, 0);
    CHECK_EQ(bind(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    CHECK_EQ(listen(fd, backlog), 0);
    return fd;
}

/* A plain blocking connection to a port. */
static inline int connect_plain(int port) {
    struct sockaddr_in addr = loopback(port);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_GE(fd, 0);
    CHECK_EQ(connect(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    return fd;
}

/* Two ends of one TCP connection, both blocking, both without Nagle's delay. */
static inline void tcp_pair(int fds[2]) {
    int one = 1;
    int listener = listen_plain(1);
    fds[1] = connect_plain(socket_port(listener));
    fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK_GE(fds[0], 0);
    CHECK_EQ(setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
    close(listener);
}

static inline void unix_pair(int fds[2]) {
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

/* A TCP handle on one end of a new connection; returns the other, plain and blocking. */
static inline int tcp_handle(uv_loop_t* loop, uv_tcp_t* handle) {
    int fds[2];
    tcp_pair(fds);
    CHECK_OK(uv_tcp_init(loop, handle));
    CHECK_OK(uv_tcp_open(handle, fds[0]));
    return fds[1];
}

/* A pipe handle on one end of a new socket pair; returns the other, plain and blocking. */
static inline int pipe_handle(uv_loop_t* loop, uv_pipe_t* handle) {
    int fds[2];
    unix_pair(fds);
    CHECK_OK(uv_pipe_init(loop, handle, 0));
    CHECK_OK(uv_pipe_open(handle, fds[0]));
    return fds[1];
}

/* A listening TCP handle; returns its port. */
static inline int tcp_listen(uv_loop_t* loop, uv_tcp_t* handle, int backlog, uv_connection_cb cb) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    CHECK_OK(uv_tcp_init(loop, handle));
    CHECK_OK(uv_tcp_bind(handle, (struct sockaddr*)&addr, 0));
    CHECK_OK(uv_listen((uv_stream_t*)handle, backlog, cb));
    CHECK_OK(uv_tcp_getsockname(handle, (struct sockaddr*)&addr, &len));
    return ntohs(addr.sin_port);
}

static inline int handle_fd(void* handle) {
    uv_os_fd_t fd = -1;
    CHECK_OK(uv_fileno((uv_handle_t*)handle, &fd));
    return fd;
}

static inline void send_all(int fd, const void* data, size_t len) {
    const char* p = data;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        CHECK_GT(n, 0);
        p += n;
        len -= (size_t)n;
    }
}

/* Exactly `len` bytes, or the test fails. */
static inline void recv_all(int fd, void* data, size_t len) {
    char* p = data;
    while (len > 0) {
        ssize_t n = recv(fd, p, len, 0);
        if (n < 0 && errno == EINTR) continue;
        CHECK_GT(n, 0);
        p += n;
        len -= (size_t)n;
    }
}

/* --- content --- */

/* A byte stream in which every position has its own value: a lost, doubled or moved byte shows. */
static inline unsigned char pattern_byte(uint64_t at) {
    return (unsigned char)((at * 2654435761u) >> 13 ^ at);
}

static inline void pattern_fill(void* data, uint64_t at, size_t len) {
    unsigned char* p = data;
    for (size_t i = 0; i < len; i++) p[i] = pattern_byte(at + i);
}

static inline void pattern_check(const void* data, uint64_t at, size_t len) {
    const unsigned char* p = data;
    for (size_t i = 0; i < len; i++) {
        if (p[i] != pattern_byte(at + i)) {
            FAIL("byte %llu of the stream is %02x, not %02x", (unsigned long long)(at + i), p[i], pattern_byte(at + i));
        }
    }
}

/* A fixed sequence, so that a failure comes back. */
static inline uint32_t random_next(uint64_t* state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 16);
}

/* --- callbacks in which nothing is looked at --- */

/* An alloc_cb that always gives the same 64 KiB. */
static inline void lend_slab(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    static char slab[65536];
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

/* A job. */
static inline void do_nothing(uv_work_t* req) { UNUSED(req); }

/* --- files --- */

/* The process's directory, made by the first call, and removed when main() returns or a check fails. */
static inline const char* temp_dir(void) {
    const char* base = getenv("TMPDIR");
    if (temp_dir_owner == getpid()) return temp_dir_path;
    snprintf(temp_dir_path, sizeof temp_dir_path, "%s/uvring-own-XXXXXX", base != NULL ? base : "/tmp");
    CHECK(mkdtemp(temp_dir_path) != NULL);
    temp_dir_owner = getpid();
    atexit(temp_dir_remove);
    return temp_dir_path;
}

/* --- children --- */

/* Waits for a forked child, whose checks have all held if it ends with 0. */
static inline void expect_child_success(pid_t pid) {
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

/* --- this program again, under strace --- */

/* Runs the test with the argument "child" under strace and gives the trace, once the child has ended well; skips the test
 * where that cannot be done, and where the child was skipped. `filter` is strace's -e argument; exit_group must be in it, so
 * that a trace that works is never empty. */
static inline FILE* trace_of_child(const char* filter, const char* name, const char* value) {
    char log[300], self[4096];
    FILE* trace;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    struct stat st;
    int status;
    pid_t pid;
    snprintf(log, sizeof log, "%s/strace", temp_dir());
    CHECK_GT(len, 0);
    self[len] = 0;
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        if (name != NULL) setenv(name, value, 1);
        execlp("strace", "strace", "-f", "-o", log, "-e", filter, self, "child", (char*)NULL);
        _exit(errno == ENOENT ? 77 : 76);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("strace is not installed, or the child was skipped");
    if (stat(log, &st) != 0 || st.st_size == 0) SKIP("strace may not trace here");
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
    trace = fopen(log, "r");
    CHECK(trace != NULL);
    return trace;
}

#endif
