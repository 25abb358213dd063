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

/* `action` is what happens to the calls numbered `first` to `last`. False where filters are not allowed. */
static inline int refuse_syscalls(unsigned first, unsigned last, unsigned action) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* Runs `body` in a child under such a filter; whatever it writes to stderr fails the test. */
static inline void run_refused(unsigned first, unsigned last, unsigned action, void (*body)(void)) {
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
        watchdog(10);
        if (!refuse_syscalls(first, last, action)) _exit(77);
        body();
        _exit(0);
    }
    close(err[1]);
    while ((n = read(err[0], text + len, sizeof text - 1 - len)) > 0) len += (size_t)n;
    text[len] = 0;
    close(err[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("seccomp filters are not allowed here");
    if (len > 0) FAIL("calls %u to %u, action %x: stderr says: %s", first, last, action, text);
    if (status != 0) FAIL("calls %u to %u, action %x: the child ended with status %x", first, last, action, status);
}

#endif
