/* uv_spawn says why a program could not be started, the first time and after programs were started; and a child has all
 * signals at their defaults and none blocked, while the parent's stay as they were. */
/* not on aarch64: qemu 7.2 does not wait until a child runs its program, so what failed comes too late */
#include "check.h"

static const char* directory;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    CHECK_EQ(status, *(int*)process->data);
    uv_close((uv_handle_t*)process, NULL);
}

static int start(uv_loop_t* loop, const char* file, const char* script, const char* cwd, int as_root, int expected) {
    char* args[] = {"program", "-c", (char*)script, NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = file, .args = args, .cwd = cwd};
    uv_process_t process;
    int error;
    if (as_root) options.flags = UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    process.data = &expected;
    error = uv_spawn(loop, &process, &options);
    if (error != 0) uv_close((uv_handle_t*)&process, NULL);
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    return error;
}

static void fail_and_succeed(uv_loop_t* loop) {
    CHECK_EQ(start(loop, "/nonexistent/program", "", NULL, 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, "no-such-program-anywhere", "", NULL, 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, directory, "", NULL, 0, 0), UV_EACCES);
    CHECK_EQ(start(loop, "/etc/passwd/program", "", NULL, 0, 0), UV_ENOTDIR);
    CHECK_EQ(start(loop, "/bin/sh", "exit 3", "/nonexistent", 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, "/bin/sh", "exit 4", "/", 0, 4), 0);
    CHECK_EQ(start(loop, "sh", "test \"$(pwd)\" = /tmp && exit 5", "/tmp", 0, 5), 0);
    if (getuid() == 0) {
        CHECK_EQ(start(loop, "/bin/sh", "exit 6", NULL, 1, 6), 0);
        CHECK_EQ(start(loop, "/nonexistent/program", "", NULL, 1, 0), UV_ENOENT);
    }
}

int main(void) {
    /* Not the shell's own, which it changes. The C library's signals may be ignored. */
    static const char blocked[] = "exec grep -q '^SigBlk:.0*$' /proc/self/status";
    static const char ignored[] = "exec grep -q '^SigIgn:.*0000000$' /proc/self/status";
    uv_loop_t loop;
    sigset_t set;
    watchdog(20);
    directory = temp_dir();
    CHECK_OK(uv_loop_init(&loop));
    fail_and_succeed(&loop);
    fail_and_succeed(&loop);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    signal(SIGUSR2, SIG_IGN);
    CHECK_EQ(start(&loop, "/bin/sh", blocked, NULL, 0, 0), 0);
    CHECK_EQ(start(&loop, "/bin/sh", ignored, NULL, 0, 0), 0);
    /* The parent's are as they were. */
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, NULL, &set), 0);
    CHECK_EQ(sigismember(&set, SIGUSR1), 1);
    CHECK_EQ(sigismember(&set, SIGUSR2), 0);
    finish_loop(&loop);
    return 0;
}
