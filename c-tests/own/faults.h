/* Stands between a library and the system: the n-th call of a kind, on the descriptors of some types, fails with an error of choice, or
 * is short, though nothing is wrong. fault_arm() chooses, fault_met() tells whether it came to that. */
#ifndef UVRING_OWN_FAULTS_H
#define UVRING_OWN_FAULTS_H

#include "check.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum fault_kind { READS, WRITES, WAITS, SETS, ACCEPTS, CONNECTS, MAPS, OPENS, CLOSES, DESCRIPTORS, LOOKS };
/* Types of descriptors. */
enum { SOCKETS = 1, PIPES = 2, FILES = 4, OTHERS = 8, ANY_TYPE = 15 };
/* In place of an error: one byte, if more was asked for. */
enum { SHORT = -1 };

static struct {
    int kind, error, types, left, met;
} fault;

static int fault_type(int fd) {
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return OTHERS;
    if (S_ISSOCK(st.st_mode)) return SOCKETS;
    if (S_ISFIFO(st.st_mode)) return PIPES;
    return S_ISREG(st.st_mode) ? FILES : OTHERS;
}

/* True if this is the call that is to fail; errno is set then. */
static int fault_is_now(int kind, int fd) {
    int saved = errno;
    if (fault.left <= 0 || kind != fault.kind || !(fault_type(fd) & fault.types)) {
        errno = saved;
        return 0;
    }
    errno = saved;
    if (__atomic_sub_fetch(&fault.left, 1, __ATOMIC_SEQ_CST) != 0) return 0;
    fault.met = 1;
    errno = fault.error;
    return 1;
}

static inline void fault_arm(int kind, int error, int types, int n) {
    fault.kind = kind;
    fault.error = error;
    fault.types = types;
    fault.met = 0;
    fault.left = n;
}

static inline int fault_met(void) {
    fault.left = 0;
    return fault.met;
}

#define FAULT_NEXT(name)                                 \
    static __typeof__(&name) next;                       \
    if (next == NULL) {                                  \
        void* found = dlsym(RTLD_NEXT, #name);           \
        memcpy(&next, &found, sizeof next);              \
    }

/* A function of the C library whose call may fail. */
#define FAULTY(kind, type, name, parameters, arguments, fd)          \
    type name parameters {                                           \
        FAULT_NEXT(name)                                             \
        if (fault_is_now(kind, fd)) return -1;                       \
        return next arguments;                                       \
    }

/* One that moves `len` bytes of one buffer; and of several, of which the first is taken then. */
#define FAULTY_MOVE(kind, name, parameters, arguments, short_arguments, fd)       \
    ssize_t name parameters {                                                     \
        FAULT_NEXT(name)                                                          \
        if (!fault_is_now(kind, fd)) return next arguments;                       \
        if (fault.error != SHORT) return -1;                                      \
        return next short_arguments;                                              \
    }

#define ONE (len > 1 ? 1 : len)
#define FIRST (const struct iovec[]){{.iov_base = iov->iov_base, .iov_len = iov->iov_len > 1 ? 1 : iov->iov_len}}, 1

FAULTY_MOVE(READS, read, (int fd, void* buf, size_t len), (fd, buf, len), (fd, buf, ONE), fd)
FAULTY_MOVE(READS, pread, (int fd, void* buf, size_t len, off_t at), (fd, buf, len, at), (fd, buf, ONE, at), fd)
FAULTY_MOVE(READS, pread64, (int fd, void* buf, size_t len, off64_t at), (fd, buf, len, at), (fd, buf, ONE, at), fd)
FAULTY_MOVE(READS, readv, (int fd, const struct iovec* iov, int n), (fd, iov, n), (fd, FIRST), fd)
FAULTY_MOVE(READS, preadv, (int fd, const struct iovec* iov, int n, off_t at), (fd, iov, n, at), (fd, FIRST, at), fd)
FAULTY_MOVE(WRITES, write, (int fd, const void* buf, size_t len), (fd, buf, len), (fd, buf, ONE), fd)
FAULTY_MOVE(WRITES, pwrite, (int fd, const void* buf, size_t len, off_t at), (fd, buf, len, at), (fd, buf, ONE, at), fd)
FAULTY_MOVE(WRITES, pwrite64, (int fd, const void* buf, size_t len, off64_t at), (fd, buf, len, at), (fd, buf, ONE, at), fd)
FAULTY_MOVE(WRITES, writev, (int fd, const struct iovec* iov, int n), (fd, iov, n), (fd, FIRST), fd)
FAULTY_MOVE(WRITES, pwritev, (int fd, const struct iovec* iov, int n, off_t at), (fd, iov, n, at), (fd, FIRST, at), fd)
/* Messages are whole or not at all. */
FAULTY(READS, ssize_t, recvmsg, (int fd, struct msghdr* m, int flags), (fd, m, flags), fault.error == SHORT ? -1 : fd)
FAULTY(WRITES, ssize_t, sendmsg, (int fd, const struct msghdr* m, int flags), (fd, m, flags), fault.error == SHORT ? -1 : fd)
FAULTY(READS, ssize_t, recvfrom, (int fd, void* buf, size_t len, int flags, __SOCKADDR_ARG a, socklen_t* l),
       (fd, buf, len, flags, a, l), fault.error == SHORT ? -1 : fd)
FAULTY(WRITES, ssize_t, sendto,
       (int fd, const void* buf, size_t len, int flags, __CONST_SOCKADDR_ARG a, socklen_t l),
       (fd, buf, len, flags, a, l), fault.error == SHORT ? -1 : fd)
FAULTY(WAITS, int, epoll_wait, (int fd, struct epoll_event* e, int n, int ms), (fd, e, n, ms), -1)
FAULTY(WAITS, int, epoll_pwait, (int fd, struct epoll_event* e, int n, int ms, const sigset_t* s), (fd, e, n, ms, s), -1)
FAULTY(SETS, int, epoll_ctl, (int set, int what, int fd, struct epoll_event* e), (set, what, fd, e), -1)
FAULTY(ACCEPTS, int, accept4, (int fd, __SOCKADDR_ARG a, socklen_t* l, int flags), (fd, a, l, flags), -1)
FAULTY(CONNECTS, int, connect, (int fd, __CONST_SOCKADDR_ARG a, socklen_t l), (fd, a, l), -1)
FAULTY(DESCRIPTORS, int, eventfd, (unsigned value, int flags), (value, flags), -1)
FAULTY(DESCRIPTORS, int, socket, (int family, int type, int protocol), (family, type, protocol), -1)
FAULTY(DESCRIPTORS, int, socketpair, (int family, int type, int protocol, int fds[2]), (family, type, protocol, fds), -1)
FAULTY(DESCRIPTORS, int, pipe2, (int fds[2], int flags), (fds, flags), -1)
FAULTY(DESCRIPTORS, int, epoll_create1, (int flags), (flags), -1)
FAULTY(LOOKS, int, statx, (int dir, const char* path, int flags, unsigned mask, struct statx* out),
       (dir, path, flags, mask, out), -1)

void* mmap(void* addr, size_t len, int prot, int flags, int fd, off_t offset) {
    FAULT_NEXT(mmap)
    return fault_is_now(MAPS, -1) ? MAP_FAILED : next(addr, len, prot, flags, fd, offset);
}

void* mmap64(void* addr, size_t len, int prot, int flags, int fd, off64_t offset) {
    return mmap(addr, len, prot, flags, fd, offset);
}

int open(const char* path, int flags, ...) {
    FAULT_NEXT(open)
    unsigned mode;
    va_list list;
    va_start(list, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fault_is_now(OPENS, -1) ? -1 : next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    unsigned mode;
    va_list list;
    va_start(list, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, unsigned) : 0;
    va_end(list);
    return open(path, flags, mode);
}

/* Whatever it says, the descriptor is closed. */
int close(int fd) {
    FAULT_NEXT(close)
    int now = fault_is_now(CLOSES, fd);
    int result = next(fd);
    if (now) errno = fault.error;
    return now ? -1 : result;
}

/* What the number of a system call is a call of. */
static int fault_kind_of(long number) {
    switch (number) {
        case SYS_statx: return LOOKS;
        case SYS_preadv2: return READS;
        case SYS_epoll_pwait2: case SYS_io_uring_enter: return WAITS;
        case SYS_openat2: return OPENS;
        case SYS_io_uring_setup: case SYS_pidfd_open: return DESCRIPTORS;
        default: return -1;
    }
}

long syscall(long number, ...) {
    FAULT_NEXT(syscall)
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (fault_kind_of(number) >= 0 && fault.error != SHORT &&
        fault_is_now(fault_kind_of(number), number == SYS_preadv2 ? (int)a[0] : -1)) {
        return -1;
    }
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
