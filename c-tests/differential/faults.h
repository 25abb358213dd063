/* Faults from outside: the program stands before libc's read, write and writev, and lets some of those on its streams be
 * interrupted, find the socket not ready, or move less than they were asked to. Which, depends on the stream and on how
 * many such calls there were for it, so it is the same for libraries that make the same calls. Of the writes only the
 * first try of one that nothing is before may go wrong: after a write has ended, libuv tries what is behind it once more
 * than ours. */
#ifndef UVRING_DIFFERENTIAL_FAULTS_H
#define UVRING_DIFFERENTIAL_FAULTS_H

#include "world.h"

#include <sys/uio.h>

enum { FAULTY_FDS = 256 };

/* The random numbers of a stream's descriptor; 0 where nothing is to go wrong. */
static uint64_t fault_numbers[FAULTY_FDS];

/* A first try is under way. */
static bool first_try;

/* Every fourth program meets faults. */
static void start_faults(uint64_t seed) { faults = seed % 4 == 1; }

static void make_faulty(struct slot* s, int fd) {
    if (faults && fd < FAULTY_FDS) fault_numbers[fd] = s->numbers + 77;
}

static void stop_faults_of(int fd) {
    if (fd >= 0 && fd < FAULTY_FDS) fault_numbers[fd] = 0;
}

/* Sets errno and gives true if the call is to fail; else it may move `*most` bytes. */
static bool goes_wrong(int fd, size_t* most) {
    if (fd < 0 || fd >= FAULTY_FDS || fault_numbers[fd] == 0) return false;
    uint64_t* numbers = &fault_numbers[fd];
    int what = below(numbers, 10);
    if (what < 2) {
        errno = what == 0 ? EINTR : EAGAIN;
        return true;
    }
    if (what < 5 && *most > 1) *most = 1 + (size_t)below(numbers, (int)(*most < 5000 ? *most : 5000));
    return false;
}

ssize_t read(int fd, void* data, size_t len) {
    return goes_wrong(fd, &len) ? -1 : (ssize_t)syscall(SYS_read, fd, data, len);
}

ssize_t write(int fd, const void* data, size_t len) {
    return first_try && goes_wrong(fd, &len) ? -1 : (ssize_t)syscall(SYS_write, fd, data, len);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    size_t total = 0, most;
    for (int i = 0; i < count; i++) total += parts[i].iov_len;
    most = total;
    if (first_try && goes_wrong(fd, &most)) return -1;
    if (most == total || count > 8) return (ssize_t)syscall(SYS_writev, fd, parts, count);
    struct iovec fewer[8];
    int n = 0;
    for (; n < count && most > 0; n++) {
        fewer[n] = parts[n];
        if (fewer[n].iov_len > most) fewer[n].iov_len = most;
        most -= fewer[n].iov_len;
    }
    return (ssize_t)syscall(SYS_writev, fd, fewer, n);
}

#endif
