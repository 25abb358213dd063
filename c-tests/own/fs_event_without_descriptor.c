/* Without a descriptor for a loop's first file watcher, starting it fails and leaves the handle as it was: it can be started
 * later. In a forked child a loop whose watchers have all been stopped needs no descriptor for them. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_event_t watcher;
static int changed;

static void on_change(uv_fs_event_t* handle, const char* filename, int events, int status) {
    UNUSED(events);
    CHECK_EQ(status, 0);
    CHECK_STR(filename, "file");
    changed++;
    uv_fs_event_stop(handle);
}

static void fail(void) {
    char path[16];
    size_t size = sizeof path;
    int fillers[64], filled = 0;
    while ((fillers[filled] = dup(0)) >= 0) filled++;
    CHECK_EQ(errno, EMFILE);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(uv_fs_event_start(&watcher, on_change, "file", 0), UV_EMFILE);
        CHECK_EQ(uv_is_active((uv_handle_t*)&watcher), 0);
        CHECK_EQ(uv_fs_event_getpath(&watcher, path, &size), UV_EINVAL);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    while (filled > 0) close(fillers[--filled]);
}

static void succeed(void) {
    changed = 0;
    CHECK_OK(uv_fs_event_start(&watcher, on_change, "file", 0));
    CHECK_EQ(uv_fs_event_start(&watcher, on_change, "file", 0), UV_EINVAL);
    CHECK_EQ(chmod("file", 0644), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(changed, 1);
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
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    fail();
    succeed();
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(20);
        CHECK_OK(uv_loop_fork(&loop));
        fail();
        succeed();
        finish_loop(&loop);
        _exit(0);
    }
    expect_child_success(pid);
    finish_loop(&loop);
    return 0;
}
