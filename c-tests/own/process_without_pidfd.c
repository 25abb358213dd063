/* Children's ends are told where pidfds are refused, where SIGCHLD is ignored, and where SA_NOCLDWAIT is set: then through a
 * SIGCHLD handler that the loop installs, and gives up with its last child. */
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PIDFD_FLAG 0x1000 /* CLONE_PIDFD */

static uv_loop_t loop;
static int told;

static void on_exit_told(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(status, (int64_t)(intptr_t)process->data);
    CHECK_EQ(signal, 0);
    told++;
    uv_close((uv_handle_t*)process, NULL);
}

static void run_children(void) {
    static char* args[] = {"sh", "-c", NULL, NULL};
    static char* scripts[] = {"exit 1", "sleep 0.1; exit 2", "exit 3"};
    uv_process_t children[3];
    told = 0;
    for (int i = 0; i < 3; i++) {
        uv_process_options_t options = {0};
        args[2] = scripts[i];
        options.file = "/bin/sh";
        options.args = args;
        options.exit_cb = on_exit_told;
        CHECK_OK(uv_spawn(&loop, &children[i], &options));
        children[i].data = (void*)(intptr_t)(i + 1);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 3);
    CHECK_EQ(waitpid(-1, NULL, 0), -1);
    CHECK_EQ(errno, ECHILD);
}

static void set_sigchld(void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    CHECK_EQ(sigaction(SIGCHLD, &action, NULL), 0);
}

static void refuse_pidfds(int error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PIDFD_FLAG, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) SKIP("no seccomp here: %s", strerror(errno));
}

int main(void) {
    struct sigaction action;
    watchdog(30);
    CHECK_OK(uv_loop_init(&loop));
    run_children();
    set_sigchld(SIG_IGN, 0);
    run_children();
    set_sigchld(SIG_DFL, SA_NOCLDWAIT);
    run_children();
    refuse_pidfds(ENOSYS);
    run_children();
    CHECK_EQ(sigaction(SIGCHLD, NULL, &action), 0);
    CHECK(action.sa_handler == SIG_DFL);
    CHECK_EQ(action.sa_flags & SA_NOCLDWAIT, 0);
    set_sigchld(SIG_IGN, 0);
    run_children();
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
