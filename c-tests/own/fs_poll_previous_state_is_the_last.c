/* The old state that a change comes with is that of the look before, also in what does not count as a change: the time of the last
 * access. */
#include "check.h"

enum { INTERVAL_MS = 10 };

static uv_loop_t loop;
static uv_fs_poll_t watcher;
static uv_timer_t timer;
static char path[300];
static struct stat after_access;
static int called;

static void on_change(uv_fs_poll_t* w, int status, const uv_stat_t* before, const uv_stat_t* after) {
    CHECK_EQ(status, 0);
    CHECK_EQ(before->st_atim.tv_sec, after_access.st_atim.tv_sec);
    CHECK_EQ(before->st_atim.tv_nsec, after_access.st_atim.tv_nsec);
    CHECK_EQ(before->st_size, 1);
    CHECK_EQ(after->st_size, 2);
    called = 1;
    uv_close((uv_handle_t*)w, NULL);
    uv_close((uv_handle_t*)&timer, NULL);
}

static void write_once_more(uv_timer_t* t) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    UNUSED(t);
    CHECK_EQ(write(fd, "y", 1), 1);
    close(fd);
}

static void read_it(uv_timer_t* t) {
    struct stat before;
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_EQ(stat(path, &before), 0);
    CHECK_EQ(read(fd, &byte, 1), 1);
    close(fd);
    CHECK_EQ(stat(path, &after_access), 0);
    if (before.st_atim.tv_sec == after_access.st_atim.tv_sec) SKIP("reading does not set the time of access here");
    CHECK_EQ(before.st_ctim.tv_nsec, after_access.st_ctim.tv_nsec);
    CHECK_OK(uv_timer_start(t, write_once_more, 30 * INTERVAL_MS, 0));
}

int main(void) {
    struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    int fd;
    watchdog(20);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(futimens(fd, long_ago), 0);
    close(fd);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_poll_init(&loop, &watcher));
    CHECK_OK(uv_fs_poll_start(&watcher, on_change, path, INTERVAL_MS));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, read_it, 10 * INTERVAL_MS, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, 1);
    finish_loop(&loop);
    return 0;
}
