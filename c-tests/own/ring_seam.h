/* Stands between the library and the kernel's io_uring: operations of a ring can be made to fail as if the kernel refused them. They
 * become NOPs that complete with an error of choice (Linux 6.10), before the kernel sees them. */
#ifndef UVRING_OWN_RING_SEAM_H
#define UVRING_OWN_RING_SEAM_H

#include "check.h"

#include <dlfcn.h>
#include <linux/io_uring.h>
#include <stdarg.h>
#include <sys/utsname.h>

enum { SEAM_SETUP = 425, SEAM_ENTER = 426, SEAM_RINGS = 64, SEAM_NO_SQARRAY = 1 << 16, SEAM_INJECT_RESULT = 1, SEAM_ANY = 255 };

typedef long (*seam_syscall_fn)(long, ...);
typedef void* (*seam_mmap_fn)(void*, size_t, int, int, int, off_t);

static struct {
    struct io_uring_params params;
    char* queues;
    struct io_uring_sqe* entries;
} seam_rings[SEAM_RINGS];
/* The opcode that fails, or any, and with what; 0 if none does. How many have. */
static int seam_opcode, seam_error, seam_failed;

static void* seam_next(const char* name) {
    void* found = dlsym(RTLD_NEXT, name);
    CHECK(found != NULL);
    return found;
}

static void seam_spoil(int fd) {
    struct io_uring_params* params = &seam_rings[fd].params;
    char* queues = seam_rings[fd].queues;
    struct io_uring_sqe* entries = seam_rings[fd].entries;
    unsigned tail, mask;
    if (queues == NULL || entries == NULL) return;
    tail = __atomic_load_n((unsigned*)(queues + params->sq_off.tail), __ATOMIC_ACQUIRE);
    mask = *(unsigned*)(queues + params->sq_off.ring_mask);
    for (unsigned at = __atomic_load_n((unsigned*)(queues + params->sq_off.head), __ATOMIC_ACQUIRE); at != tail; at++) {
        unsigned* array = (unsigned*)(queues + params->sq_off.array);
        struct io_uring_sqe* entry = &entries[params->flags & SEAM_NO_SQARRAY ? at & mask : array[at & mask]];
        uint64_t user_data = entry->user_data;
        if (seam_opcode != SEAM_ANY && entry->opcode != seam_opcode) continue;
        memset(entry, 0, sizeof *entry);
        entry->opcode = IORING_OP_NOP;
        entry->fd = -1;
        entry->len = (uint32_t)-seam_error;
        entry->rw_flags = SEAM_INJECT_RESULT;
        entry->user_data = user_data;
        seam_failed++;
    }
}

/* These stand before the C library's. */
long syscall(long number, ...) {
    static seam_syscall_fn next;
    long args[6], result;
    va_list list;
    if (next == NULL) {
        void* found = seam_next("syscall");
        memcpy(&next, &found, sizeof next);
    }
    va_start(list, number);
    for (int i = 0; i < 6; i++) args[i] = va_arg(list, long);
    va_end(list);
    if (number == SEAM_ENTER && seam_error != 0 && args[0] >= 0 && args[0] < SEAM_RINGS) seam_spoil((int)args[0]);
    result = next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    if (number == SEAM_SETUP && result >= 0 && result < SEAM_RINGS) {
        memset(&seam_rings[result], 0, sizeof seam_rings[result]);
        memcpy(&seam_rings[result].params, (void*)args[1], sizeof seam_rings[result].params);
    }
    return result;
}

static void* seam_map(seam_mmap_fn next, void* addr, size_t len, int prot, int flags, int fd, off_t offset) {
    void* result = next(addr, len, prot, flags, fd, offset);
    if (flags == (MAP_SHARED | MAP_POPULATE) && fd >= 0 && fd < SEAM_RINGS && result != MAP_FAILED) {
        if ((uint64_t)offset == IORING_OFF_SQ_RING) seam_rings[fd].queues = result;
        if ((uint64_t)offset == IORING_OFF_SQES) seam_rings[fd].entries = result;
    }
    return result;
}

void* mmap(void* addr, size_t len, int prot, int flags, int fd, off_t offset) {
    static seam_mmap_fn next;
    if (next == NULL) {
        void* found = seam_next("mmap");
        memcpy(&next, &found, sizeof next);
    }
    return seam_map(next, addr, len, prot, flags, fd, offset);
}

void* mmap64(void* addr, size_t len, int prot, int flags, int fd, off64_t offset) {
    return mmap(addr, len, prot, flags, fd, offset);
}

/* Skips the test where a NOP cannot be given a result. */
static inline void seam_or_skip(void) {
    struct utsname about;
    int major = 0, minor = 0;
    CHECK_EQ(uname(&about), 0);
    sscanf(about.release, "%d.%d", &major, &minor);
    if (major < 6 || (major == 6 && minor < 10)) SKIP("no NOP with a result before Linux 6.10");
    if (strcmp(getenv("UVRING_TEST_DRIVER"), "ring") != 0) SKIP("there is no ring");
}

/* From now on, what has this opcode fails. */
static inline void seam_fail(int opcode, int error) {
    seam_opcode = opcode;
    seam_error = error;
}

#endif
