/* uv_fs_sendfile from many kinds of sources to many kinds of targets: results, what arrives, what is left, and where the files
 * stand afterwards are libuv's. A target that is full for the moment is waited for; a source without positions is read. */
/* not on aarch64: real libuv is not there */
/* not on asan-ring: real libuv is loaded before the sanitizer */
/* not on asan-epoll: real libuv is loaded before the sanitizer */
#include "beside_libuv.h"
#include "refuse_syscalls.h"

#include <sys/ioctl.h>

enum { SIZE = 100000 };

static char shm[64];
/* The other end of a target; what came out of it. */
static int drain = -1;
static unsigned long drained, sum;
static pthread_t drainer;

static void add(const unsigned char* data, size_t len) {
    for (size_t i = 0; i < len; i++) sum = sum * 31 + data[i];
    drained += len;
}

/* Begins late, so that the target is full before. */
static void* drain_all(void* arg) {
    static unsigned char data[4096];
    ssize_t n;
    sleep_ms(3);
    while ((n = read(drain, data, sizeof data)) > 0) add(data, (size_t)n);
    return arg;
}

static int file(const char* name, size_t size, int flags) {
    static char data[SIZE];
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    pattern_fill(data, 0, size);
    CHECK_EQ(write(fd, data, size), size);
    close(fd);
    fd = open(name, flags | O_CLOEXEC);
    CHECK_GE(fd, 0);
    return fd;
}

/* The end to read from of a pipe (or pair of sockets) with `size` bytes; nobody writes to it any more unless told to. */
static int filled(int sockets, size_t size, int keep) {
    static char data[SIZE];
    int fds[2];
    pattern_fill(data, 5, size);
    if (sockets) {
        unix_pair(fds);
    } else {
        CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    }
    CHECK_EQ(write(fds[1], data, size), size);
    if (!keep) close(fds[1]);
    return fds[0];
}

static const char* const sources[] = {"file", "pipe", "pipe without data", "pipe without data yet", "pipe with little data yet", "socket",
                                      "proc", "zeros", "folder", "O_PATH", "not readable", "closed", "other file system"};

static int source(size_t kind) {
    int fd;
    switch (kind) {
    case 0: return file("a", SIZE, O_RDONLY);
    case 1: return filled(0, 60000, 0);
    case 2: return filled(0, 0, 0);
    case 3:
    case 4:
        fd = filled(0, kind == 3 ? 0 : 10000, 1);
        set_nonblocking(fd, 1);
        return fd;
    case 5: return filled(1, 60000, 0);
    case 6: return open("/proc/version", O_RDONLY);
    case 7: return open("/dev/zero", O_RDONLY);
    case 8: return open(".", O_RDONLY);
    case 9: return open("/proc/version", O_PATH);
    case 10: return file("a", SIZE, O_WRONLY);
    case 11: return 999;
    default:
        return file(shm, SIZE, O_RDONLY);
    }
}

static const char* const targets[] = {"file", "file with data", "O_APPEND", "not writable", "pipe", "full pipe", "socket", "full socket",
                                      "TCP", "broken pipe", "broken socket", "closed", "other file system", "terminal"};

static int target(size_t kind) {
    int fds[2];
    drain = -1;
    switch (kind) {
    case 0: return file("b", 0, O_WRONLY);
    case 1:
        fds[0] = file("b", SIZE, O_RDWR);
        CHECK_EQ(lseek(fds[0], 777, SEEK_SET), 777);
        return fds[0];
    case 2: return file("b", 1000, O_WRONLY | O_APPEND);
    case 3: return file("b", 1000, O_RDONLY);
    case 4:
    case 5: CHECK_EQ(pipe2(fds, O_CLOEXEC), 0); break;
    case 6:
    case 7: unix_pair(fds); break;
    case 8: tcp_pair(fds); break;
    case 9:
        CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
        close(fds[0]);
        return fds[1];
    case 10:
        unix_pair(fds);
        close(fds[0]);
        return fds[1];
    case 11: return -1;
    case 12: return file(shm, 0, O_WRONLY);
    default:
        fds[1] = posix_openpt(O_RDWR | O_NOCTTY);
        CHECK_GE(fds[1], 0);
        return fds[1];
    }
    drain = fds[0];
    if (kind != 4 && kind != 6) set_nonblocking(fds[1], 1);
    CHECK_EQ(pthread_create(&drainer, NULL, drain_all, NULL), 0);
    return fds[1];
}

static void on_done(uv_fs_t* req) {
    say("the callback has %ld", (long)req->result);
}

static void send_it(int to, int from, int64_t offset, size_t length, int waits) {
    static unsigned char data[300000];
    uv_loop_t loop;
    uv_fs_t req;
    int left = 0, rc;
    if (!waits) CHECK_OK(uv_loop_init(&loop));
    rc = uv_fs_sendfile(waits ? NULL : &loop, &req, to, from, offset, length, waits ? NULL : on_done);
    say("returned %d", rc);
    if (!waits) CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    say("the request has %ld, and the offset %lld", (long)req.result, (long long)(length > 0x7ffff000 ? 0 : req.off));
    uv_fs_req_cleanup(&req);
    if (!waits) CHECK_EQ(uv_loop_close(&loop), 0);
    say("the source is at %ld", (long)lseek(from, 0, SEEK_CUR));
    if (ioctl(from, FIONREAD, &left) == 0) say("%d bytes are left", left);
    say("the target is at %ld", (long)lseek(to, 0, SEEK_CUR));
    if (drain >= 0) {
        if (to >= 0) close(to);
        CHECK_EQ(pthread_join(drainer, NULL), 0);
    } else if ((to = open("b", O_RDONLY)) >= 0 || (to = open(shm, O_RDONLY)) >= 0) {
        add(data, (size_t)read(to, data, sizeof data));
    }
    say("%lu bytes arrived: %lx", drained, sum);
    unlink(shm);
}

static void in_general(void) {
    for (size_t from = 0; from < sizeof sources / sizeof sources[0]; from++) {
        for (size_t to = 0; to < sizeof targets / sizeof targets[0]; to++) {
            /* What a terminal takes depends on the moment. */
            if (to == 13 && (from < 8 || from == 12)) continue;
            CASE(named("%s to %s", sources[from], targets[to])) {
                int out = target(to);
                send_it(out, source(from), 0, from == 7 ? 150000 : 200000, (from + to) % 2);
            }
        }
    }
}

static void offsets_and_lengths(void) {
    static const int64_t offsets[] = {0, 1, SIZE - 1, SIZE, 2 * SIZE, -1, -100000, INT64_MAX, INT64_MAX - 5, INT64_MIN};
    static const size_t lengths[] = {0, 1, 8193, SIZE, 0x7ffff000, 0x7ffff001, (size_t)UINT32_MAX + 1, SIZE_MAX};
    static const size_t to[] = {1, 5};
    static const size_t from[] = {0, 1};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            for (size_t t = 0; t < sizeof to / sizeof to[0]; t++) {
                for (size_t f = 0; f < 2; f++) {
                    CASE(named("%s to %s, offset %lld, length %zx", sources[from[f]], targets[to[t]], (long long)offsets[i], lengths[k])) {
                        int out = target(to[t]);
                        send_it(out, source(from[f]), offsets[i], lengths[k], (i + k + t) % 2);
                    }
                }
            }
        }
    }
}

static void one_file(void) {
    static const struct {
        int64_t from;
        off_t to;
        size_t length;
    } places[] = {{0, 0, 50000}, {0, 50000, 50000}, {50000, 0, 50000}, {0, 100, 50000}, {100, 0, 50000}, {0, SIZE - 1, 200000}, {5, 5, 0}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        CASE(named("one file from %lld to %lld", (long long)places[i].from, (long long)places[i].to)) {
            int fd = file("b", SIZE, O_RDWR);
            CHECK_EQ(lseek(fd, places[i].to, SEEK_SET), places[i].to);
            send_it(fd, fd, places[i].from, places[i].length, 1);
        }
        CASE(named("one file opened twice from %lld to %lld", (long long)places[i].from, (long long)places[i].to)) {
            int fd = file("b", SIZE, O_RDWR), in = open("b", O_RDONLY);
            CHECK_EQ(lseek(fd, places[i].to, SEEK_SET), places[i].to);
            send_it(fd, in, places[i].from, places[i].length, 1);
        }
    }
}

static void targets_that_fail(void) {
    static const size_t from[] = {0, 1, 5, 12};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        CASE(named("%s to a file that may not grow", sources[from[i]])) {
            struct rlimit small = {10000, 10000};
            int out = target(0), in = source(from[i]);
            signal(SIGXFSZ, SIG_IGN);
            CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
            send_it(out, in, 0, 50000, 1);
        }
        for (int sockets = 0; sockets < 2; sockets++) {
            CASE(named("%s to a full target whose reader goes, sockets %d", sources[from[i]], sockets)) {
                static char data[SIZE];
                uv_loop_t loop;
                uv_fs_t req;
                int fds[2];
                CHECK_OK(uv_loop_init(&loop));
                if (sockets) {
                    unix_pair(fds);
                } else {
                    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
                }
                set_nonblocking(fds[1], 1);
                while (write(fds[1], data, sizeof data) > 0) {
                }
                CHECK_OK(uv_fs_sendfile(&loop, &req, fds[1], source(from[i]), 0, 50000, on_done));
                for (int turn = 0; turn < 3; turn++) {
                    uv_run(&loop, UV_RUN_NOWAIT);
                    sleep_ms(10);
                }
                close(fds[0]);
                CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
                unlink(shm);
            }
        }
    }
}

/* copy_file_range is refused. EPERM and EACCES, which libuv takes for the answer, are not here. */
static void refused(void) {
    static const int errors[] = {ENOSYS, EXDEV, EOPNOTSUPP, EINVAL, EIO, EBADF, ENOSPC, ETXTBSY};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        for (size_t from = 0; from < 2; from++) {
            for (size_t to = 0; to < 7; to += 2) {
                CASE(named("refused with %d, %s to %s", errors[i], sources[from], targets[to])) {
                    int out = target(to), in = source(from);
                    if (!refuse_syscalls(SYS_copy_file_range, SYS_copy_file_range, SECCOMP_RET_ERRNO | (unsigned)errors[i])) _exit(77);
                    send_it(out, in, 3, 50000, (int)to / 2 % 2);
                }
            }
        }
    }
}

static void cases(void) {
    snprintf(shm, sizeof shm, "/dev/shm/uvring-sendfile-%d", (int)getpid());
    in_general();
    offsets_and_lengths();
    one_file();
    targets_that_fail();
    refused();
}

int main(int argc, char** argv) {
    return beside_libuv(argc, argv, cases);
}
