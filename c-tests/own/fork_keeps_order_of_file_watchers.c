/* In a forked child handles on one file hear of a change in the order in which they were started, also where the file was another one
 * at the first start. */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
#include "check.h"

static uv_loop_t loop;
static uv_fs_event_t watchers[3];
static int told;

static void touch(const char* name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
}

static void on_change(uv_fs_event_t* handle, const char* name, int events, int status) {
    CHECK_STR(name, "file");
    CHECK_EQ(events, UV_CHANGE);
    CHECK_OK(status);
    CHECK_EQ(handle - watchers, told++);
    uv_close((uv_handle_t*)handle, NULL);
}

int main(void) {
    pid_t pid;
    watchdog(10);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 3; i++) {
        touch("new");
        CHECK_EQ(rename("new", "file"), 0);
        CHECK_OK(uv_fs_event_init(&loop, &watchers[i]));
        CHECK_OK(uv_fs_event_start(&watchers[i], on_change, "file", 0));
    }
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(10);
        CHECK_OK(uv_loop_fork(&loop));
        CHECK_EQ(chmod("file", 0640), 0);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(told, 3);
        finish_loop(&loop);
        _exit(0);
    }
    expect_child_success(pid);
    for (int i = 0; i < 3; i++) uv_close((uv_handle_t*)&watchers[i], NULL);
    finish_loop(&loop);
    return 0;
}
