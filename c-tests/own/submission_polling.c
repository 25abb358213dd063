/* With submission polling and busy polling a loop that reads from a file makes no system call. Options are refused where they cannot
 * be, and once the loop has run. What needs the rights of the process is not left to the kernel's thread. */
/* not on libuv: libuv has no such functions */
/* not on aarch64: strace does not see the calls of what qemu runs */
/* not on kernel 5.10: its rings are too old */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
#include "check.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uvring.h>

enum { READS = 10000, FEW = 20, IN_FLIGHT = 4 };

static uv_loop_t loop;
static uv_fs_t reqs[IN_FLIGHT];
static char bytes[IN_FLIGHT][64];
static int fd, to_start, ended;

static int has_two_processors(void) {
    cpu_set_t set;
    CHECK_OK(sched_getaffinity(0, sizeof set, &set));
    return CPU_COUNT(&set) > 1;
}

/* A call that nothing else makes marks where the steady state begins and ends. */
static void mark(void) { syscall(SYS_getpgid, 0); }

static void on_read(uv_fs_t* req);

static void start(uv_fs_t* req) {
    uv_buf_t buf = uv_buf_init(bytes[req - reqs], sizeof bytes[0]);
    to_start--;
    CHECK_OK(uv_fs_read(&loop, req, fd, &buf, 1, (req - reqs) * 64, on_read));
}

static void on_read(uv_fs_t* req) {
    CHECK_EQ(req->result, 64);
    pattern_check(bytes[req - reqs], (uint64_t)(req - reqs) * 64, 64);
    uv_fs_req_cleanup(req);
    ended++;
    if (ended == 2 * IN_FLIGHT) mark();
    if (to_start == 0 && ended > 2 * IN_FLIGHT) {
        if (to_start-- == 0) mark();
    }
    if (to_start > 0) start(req);
}

static void options(void) {
    uint64_t value = 7;
    CHECK_EQ(uvring_loop_set(&loop, 77, 1), UV_EINVAL);
    CHECK_EQ(uvring_loop_get(&loop, 77, &value), UV_EINVAL);
    CHECK_EQ(value, 7);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_BUSY_POLL_US, 1000001), UV_EINVAL);
    CHECK_OK(uvring_loop_set(&loop, UVRING_LOOP_BUSY_POLL_US, 1000000));
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_BUSY_POLL_US, &value));
    CHECK_EQ(value, 1000000);
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_ENTRIES, &value));
    CHECK_EQ(value, 256);
    for (uint64_t odd = 0; odd < 64; odd += 21) CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_ENTRIES, odd), UV_EINVAL);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_ENTRIES, 65536), UV_EINVAL);
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, &value));
    CHECK_EQ(value, 0);
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_SQPOLL_CPU, &value));
    CHECK_EQ(value, UINT64_MAX);
}

/* Without a ring. */
static void on_epoll(void) {
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, 10), UV_ENOTSUP);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_ENTRIES, 512), UV_ENOTSUP);
}

static void child(void) {
    uv_fs_t req;
    uint64_t value;
    char data[64 * IN_FLIGHT];
    int count = has_two_processors() ? READS : FEW;
    CHECK_OK(uv_loop_init(&loop));
    options();
    if (uvring_loop_set(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, 5000) != 0) _exit(77);
    CHECK_OK(uvring_loop_get(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, &value));
    CHECK_EQ(value, 5000);
    CHECK_OK(uvring_loop_set(&loop, UVRING_LOOP_ENTRIES, 64));

    CHECK_OK(chdir(temp_dir()));
    pattern_fill(data, 0, sizeof data);
    fd = uv_fs_open(NULL, &req, "file", O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
    CHECK_GE(fd, 0);
    CHECK_EQ(write(fd, data, sizeof data), (long long)sizeof data);

    to_start = count;
    for (int i = 0; i < IN_FLIGHT; i++) start(&reqs[i]);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, count);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, 0), UV_EBUSY);
    CHECK_EQ(uvring_loop_set(&loop, UVRING_LOOP_ENTRIES, 256), UV_EBUSY);
    CHECK_OK(uvring_loop_set(&loop, UVRING_LOOP_BUSY_POLL_US, 0));
    CHECK_OK(uv_loop_close(&loop));
    close(fd);
}

/* libuv's own option: the loop works as any other, and the owner's waits run their time after it is closed. */
static void by_libuvs_option(void) {
    uv_fs_t req;
    uint64_t before;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_loop_configure(&loop, UV_LOOP_USE_IO_URING_SQPOLL));
    fd = uv_fs_open(NULL, &req, "file", O_RDWR | O_CREAT | O_TRUNC, 0600, NULL);
    CHECK_GE(fd, 0);
    for (int i = 0; i < IN_FLIGHT; i++) {
        char part[64];
        pattern_fill(part, (uint64_t)i * 64, 64);
        CHECK_EQ(write(fd, part, 64), 64);
    }
    ended = 0;
    to_start = FEW;
    for (int i = 0; i < IN_FLIGHT; i++) start(&reqs[i]);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ended, FEW);
    CHECK_OK(uv_loop_configure(&loop, UV_LOOP_USE_IO_URING_SQPOLL));
    CHECK_OK(uv_loop_close(&loop));
    close(fd);
    before = now_ns();
    CHECK_EQ(usleep(120000), 0);
    CHECK(now_ns() - before >= 120000000);
}

int main(int argc, char** argv) {
    char line[1000];
    FILE* trace;
    int marks = 0, between = 0, loop_thread = 0;
    watchdog(58);
    UNUSED(argv);
    if (argc > 1) {
        child();
        return 0;
    }
    CHECK_OK(chdir(temp_dir()));
    by_libuvs_option();
    CHECK_OK(uv_loop_init(&loop));
    if (uvring_loop_set(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, 10) == UV_ENOTSUP) {
        options();
        on_epoll();
        CHECK_OK(uv_loop_close(&loop));
        return 0;
    }
    CHECK_OK(uv_loop_close(&loop));
    trace = trace_of_child("trace=all", NULL, NULL);
    while (fgets(line, sizeof line, trace) != NULL) {
        if (strstr(line, "getpgid(") != NULL) {
            loop_thread = atoi(line);
            marks++;
        } else if (marks == 1 && atoi(line) == loop_thread && strstr(line, "getpgid resumed") == NULL) {
            fprintf(stderr, "%s", line);
            between++;
        }
    }
    fclose(trace);
    CHECK_EQ(marks, 2);
    CHECK_EQ(between, 0);
    return 0;
}
