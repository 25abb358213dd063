/* A seccomp filter that refuses the ring's system calls to this process and its children, from now on. */
#ifndef UVRING_OWN_REFUSE_SYSCALLS_H
#define UVRING_OWN_REFUSE_SYSCALLS_H

#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

/* The numbers are the same on every architecture. */
enum { IO_URING_SETUP = 425, IO_URING_ENTER = 426, IO_URING_REGISTER = 427 };

static inline int install_filter(struct sock_filter* filter, size_t len) {
    struct sock_fprog program = {(unsigned short)len, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* `action` is what happens to the calls numbered `first` to `last`. False where filters are not allowed. */
static inline int refuse_syscalls(unsigned first, unsigned last, unsigned action) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_filter(filter, sizeof filter / sizeof filter[0]);
}

/* The same for the mapping of a part of a ring, by its offset: nothing else is mapped shared and filled at once. */
static inline int refuse_ring_mapping(unsigned offset, unsigned action) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_POPULATE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, offset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_filter(filter, sizeof filter / sizeof filter[0]);
}

/* Runs `body` in a child that may leave with 77 where filters are not allowed; whatever it writes to stderr fails the test. */
static inline void run_silently(void (*body)(void), const char* name) {
    char text[2000];
    size_t len = 0;
    ssize_t n;
    int err[2], status;
    pid_t pid;
    CHECK_EQ(pipe2(err, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_EQ(dup2(err[1], 2), 2);
        watchdog(15);
        body();
        _exit(0);
    }
    close(err[1]);
    while ((n = read(err[0], text + len, sizeof text - 1 - len)) > 0) len += (size_t)n;
    text[len] = 0;
    close(err[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("seccomp filters are not allowed here");
    if (len > 0) FAIL("%s: stderr says: %s", name, text);
    if (status != 0) FAIL("%s: the child ended with status %x", name, status);
}

#endif
