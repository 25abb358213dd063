/* With no descriptor left, a forked child gets its loop going with uv_loop_fork: what it has for itself takes the numbers of
 * what its parent has. Then signals, asyncs, children, work and file watchers go on there. */
/* not on valgrind: every child is made by fork() there, which takes a pipe */
/* not on aarch64: likewise under an emulator */
/* on tsan: a process with threads forks here */
#include "check.h"

static uv_loop_t loop;
static uv_signal_t old_signal, new_signal;
static uv_async_t async;
static uv_fs_event_t watcher;
static int caught, sent, changed, worked, status_told;

static void on_signal(uv_signal_t* handle, int signum) {
    CHECK_EQ(signum, SIGUSR1);
    caught++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_async(uv_async_t* handle) {
    sent++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_change(uv_fs_event_t* handle, const char* filename, int events, int status) {
    UNUSED(filename);
    UNUSED(events);
    CHECK_EQ(status, 0);
    changed++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    worked++;
}

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    status_told = (int)status;
    uv_close((uv_handle_t*)process, NULL);
}

static void child(void) {
    char* args[] = {"sh", "-c", "exit 3", NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = "/bin/sh", .args = args};
    uv_process_t process;
    uv_work_t req;
    CHECK_OK(uv_loop_fork(&loop));
    CHECK_EQ(dup(0), -1);
    CHECK_OK(uv_signal_init(&loop, &new_signal));
    CHECK_OK(uv_signal_start(&new_signal, on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_OK(uv_async_send(&async));
    CHECK_OK(uv_queue_work(&loop, &req, do_nothing, after_work));
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_EQ(chmod("file", 0644), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(caught, 2);
    CHECK_EQ(sent, 1);
    CHECK_EQ(worked, 1);
    CHECK_EQ(changed, 1);
    CHECK_EQ(status_told, 3);
    finish_loop(&loop);
}

int main(void) {
    struct rlimit limit;
    pid_t pid;
    int fd;
    watchdog(30);
    CHECK_EQ(chdir(temp_dir()), 0);
    fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_signal_init(&loop, &old_signal));
    CHECK_OK(uv_signal_start(&old_signal, on_signal, SIGUSR1));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    CHECK_OK(uv_fs_event_start(&watcher, on_change, "file", 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(0) >= 0) {
    }
    CHECK_EQ(errno, EMFILE);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(20);
        child();
        _exit(0);
    }
    expect_child_success(pid);
    finish_loop(&loop);
    return 0;
}
