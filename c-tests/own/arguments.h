/* Tables of calls with odd arguments: NULL, nonsense, a handle that is closed, or not yet open, or of another kind.
 *
 * Each row runs in a forked child, on a loop made there. GIVES is the value that the call must have; afterwards all handles are closed,
 * the loop is run, and it must close: nothing is left behind. DIES is a call by which libuv ends the process, for it is a mistake of the
 * program (an assertion, or NULL followed): ours may do so as well, or answer it, but must not hang. All rows run, and those that fail
 * are told together.
 */
#ifndef UVRING_OWN_ARGUMENTS_H
#define UVRING_OWN_ARGUMENTS_H

#include "check.h"

static uv_loop_t loop;
static unsigned failures;

/* How a child says that the loop could not be closed. */
#define LOOP_BUSY 3

/* In the child, 1. In the parent, 0: once the child has ended, with its value in `*value` and how it ended in `*status`. */
static inline int in_child(long long* value, int* status, int results[2]) {
    pid_t pid;
    int silent;
    CHECK_EQ(pipe2(results, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(10);
        /* What an assertion says, and its core, are of no interest. */
        silent = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(silent, 2);
        close(silent);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (uv_loop_init(&loop) != 0) _exit(2);
        return 1;
    }
    close(results[1]);
    *value = 0;
    if (read(results[0], value, sizeof *value) != sizeof *value) *value = -1000000;
    close(results[0]);
    CHECK_EQ(waitpid(pid, status, 0), pid);
    return 0;
}

static inline void close_each(uv_handle_t* handle, void* arg) {
    UNUSED(arg);
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static inline void end_child(int result, long long value) {
    if (write(result, &value, sizeof value) != sizeof value) _exit(2);
    uv_walk(&loop, close_each, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(uv_loop_close(&loop) == 0 ? 0 : LOOP_BUSY);
}

static inline void judge_value(int line, const char* call, long long expected, long long value, int status) {
    if (value == expected && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    failures++;
    fprintf(stderr, "line %d: %s is %lld, not %lld", line, call, value, expected);
    if (WIFSIGNALED(status)) fprintf(stderr, "; ended by signal %d", WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == LOOP_BUSY) fprintf(stderr, "; the loop cannot be closed");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) fprintf(stderr, "; it hung");
    fprintf(stderr, "\n");
}

static inline int is_libuv(void) {
    const char* driver = getenv("UVRING_TEST_DRIVER");
    return driver != NULL && strcmp(driver, "libuv") == 0;
}

static inline void judge_death(int line, const char* call, int status) {
    int is_bad = is_libuv() ? !WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 1;
    if (!is_bad) return;
    failures++;
    fprintf(stderr, "line %d: %s ends with status %x\n", line, call, (unsigned)status);
}

#define GIVES(expected, ...)                                                  \
    do {                                                                      \
        long long row_value;                                                  \
        int row_status, row_results[2];                                       \
        if (in_child(&row_value, &row_status, row_results)) end_child(row_results[1], (long long)(__VA_ARGS__)); \
        judge_value(__LINE__, #__VA_ARGS__, (expected), row_value, row_status); \
    } while (0)

#define DIES(...)                                                             \
    do {                                                                      \
        long long row_value;                                                  \
        int row_status, row_results[2];                                       \
        if (in_child(&row_value, &row_status, row_results)) {                 \
            (void)(__VA_ARGS__);                                              \
            end_child(row_results[1], 0);                                     \
        }                                                                     \
        judge_death(__LINE__, #__VA_ARGS__, row_status);                      \
    } while (0)

#define END_OF_TABLE() return failures == 0 ? 0 : 1

/* A piece of zeroed memory that stays until the process ends. */
static inline void* some(size_t size) {
    void* memory = calloc(1, size);
    CHECK(memory != NULL);
    return memory;
}

#define NEW(type) ((type*)some(sizeof(type)))

/* --- handles in each of their states --- */

static inline uv_tcp_t* new_tcp(void) {
    uv_tcp_t* tcp = NEW(uv_tcp_t);
    CHECK_OK(uv_tcp_init(&loop, tcp));
    return tcp;
}

static inline uv_pipe_t* new_pipe(int ipc) {
    uv_pipe_t* pipe = NEW(uv_pipe_t);
    CHECK_OK(uv_pipe_init(&loop, pipe, ipc));
    return pipe;
}

static inline uv_udp_t* new_udp(void) {
    uv_udp_t* udp = NEW(uv_udp_t);
    CHECK_OK(uv_udp_init(&loop, udp));
    return udp;
}

/* As large as any handle: some rows take it for another. */
static inline uv_timer_t* new_timer(void) {
    uv_timer_t* timer = &NEW(union uv_any_handle)->timer;
    CHECK_OK(uv_timer_init(&loop, timer));
    return timer;
}

/* Connected; the other end stays open. */
static inline uv_tcp_t* open_tcp(void) {
    uv_tcp_t* tcp = NEW(uv_tcp_t);
    tcp_handle(&loop, tcp);
    return tcp;
}

static inline uv_pipe_t* open_pipe(int ipc) {
    int fds[2];
    uv_pipe_t* pipe = new_pipe(ipc);
    unix_pair(fds);
    CHECK_OK(uv_pipe_open(pipe, fds[0]));
    return pipe;
}

static inline uv_udp_t* bound_udp(void) {
    struct sockaddr_in addr = loopback(0);
    uv_udp_t* udp = new_udp();
    CHECK_OK(uv_udp_bind(udp, (struct sockaddr*)&addr, 0));
    return udp;
}

static inline uv_udp_t* connected_udp(void) {
    struct sockaddr_in addr = loopback(socket_port(handle_fd(bound_udp())));
    uv_udp_t* udp = new_udp();
    CHECK_OK(uv_udp_connect(udp, (struct sockaddr*)&addr));
    return udp;
}

static inline void* closing(void* handle) {
    uv_close(handle, NULL);
    return handle;
}

static inline uv_stream_t* stream(void* handle) {
    return handle;
}

static inline uv_handle_t* handle(void* any) {
    return any;
}

static inline const struct sockaddr* ip4(const char* text, int port) {
    struct sockaddr_in* addr = NEW(struct sockaddr_in);
    CHECK_OK(uv_ip4_addr(text, port, addr));
    return (struct sockaddr*)addr;
}

static inline const struct sockaddr* ip6(const char* text, int port) {
    struct sockaddr_in6* addr = NEW(struct sockaddr_in6);
    CHECK_OK(uv_ip6_addr(text, port, addr));
    return (struct sockaddr*)addr;
}

static inline const struct sockaddr* family(int family) {
    struct sockaddr_storage* addr = NEW(struct sockaddr_storage);
    addr->ss_family = (sa_family_t)family;
    return (struct sockaddr*)addr;
}

/* An array of buffers of `len` bytes each. */
static inline uv_buf_t* buffers(unsigned count, size_t len) {
    uv_buf_t* bufs = some((count + 1) * sizeof(uv_buf_t));
    for (unsigned i = 0; i < count; i++) {
        bufs[i].base = len < 65536 ? some(len + 1) : NULL;
        bufs[i].len = len;
    }
    return bufs;
}

/* Four buffers, right behind which nothing may be read. */
static inline uv_buf_t* buffers_at_the_edge(void) {
    long page = sysconf(_SC_PAGESIZE);
    char* memory = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory + page, (size_t)page, PROT_NONE), 0);
    return (uv_buf_t*)(memory + page) - 4;
}

/* --- callbacks that do nothing --- */

static inline void alloc_some(uv_handle_t* h, size_t size, uv_buf_t* buf) {
    UNUSED(h);
    *buf = uv_buf_init(some(size), (unsigned)size);
}

static inline void ignore_read(uv_stream_t* s, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(s);
    UNUSED(nread);
    UNUSED(buf);
}

static inline void ignore_connection(uv_stream_t* s, int status) {
    UNUSED(s);
    UNUSED(status);
}

static inline void ignore_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    UNUSED(status);
}

static int got_status __attribute__((unused));

static inline void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    got_status = status;
}

/* What the connect callback gets, or what the call itself gives. */
static inline int connected(int result) {
    got_status = 1;
    if (result != 0) return result;
    while (got_status == 1) uv_run(&loop, UV_RUN_ONCE);
    return got_status;
}

#endif
