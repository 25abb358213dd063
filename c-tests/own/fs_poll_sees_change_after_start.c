/* What changes right after uv_fs_poll_start has changed since: for the first watcher of a process, for one that is started in a
 * callback, and for a path that is not there yet. Where it is a thread that looks (if the ring is switched off, and at what the kernel has
 * not cached), it looks while the callback runs. */
#include "check.h"

#include <sys/syscall.h>
#include <sys/vfs.h>

enum { INTERVAL_MS = 20 };

static uv_loop_t loop;
static uv_fs_poll_t watchers[3];
static char paths[3][300];
static int called;

/* 1 if the loop's own thread looks at what is cached: RESOLVE_CACHED is known to openat2, and the files are not FUSE's. */
static int looks_itself(void) {
    struct statfs about;
    struct { uint64_t flags, mode, resolve; } how = {O_PATH, 0, 0x20};
    const char* driver = getenv("UVRING_TEST_DRIVER");
    long fd;
    if (driver == NULL || strcmp(driver, "ring") != 0) return 0;
    CHECK_EQ(statfs(temp_dir(), &about), 0);
    if (about.f_type == 0x65735546) return 0;
    fd = syscall(437, AT_FDCWD, "/", &how, sizeof how);
    if (fd < 0) return 0;
    close((int)fd);
    return 1;
}

static void put(int i, const char* text) {
    int fd = open(paths[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void change(int i) {
    if (i == 2 || !looks_itself()) sleep_ms(300);
    put(i, "longer");
}

static void on_change(uv_fs_poll_t* watcher, int status, const uv_stat_t* before, const uv_stat_t* after) {
    int i = (int)(watcher - watchers);
    if (i == 2 && status != 0) {
        CHECK_EQ(status, UV_ENOENT);
        return;
    }
    CHECK_EQ(status, 0);
    CHECK_EQ(before->st_size, i == 2 ? 0 : 1);
    CHECK_EQ(after->st_size, 6);
    called |= 1 << i;
    uv_close((uv_handle_t*)watcher, NULL);
}

static void on_timer(uv_timer_t* timer) {
    uv_close((uv_handle_t*)timer, NULL);
    CHECK_OK(uv_fs_poll_start(&watchers[1], on_change, paths[1], INTERVAL_MS));
    change(1);
    CHECK_OK(uv_fs_poll_start(&watchers[2], on_change, paths[2], INTERVAL_MS));
    change(2);
}

int main(void) {
    uv_timer_t timer;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d", temp_dir(), i);
        if (i != 2) put(i, "x");
        CHECK_OK(uv_fs_poll_init(&loop, &watchers[i]));
    }
    CHECK_OK(uv_fs_poll_start(&watchers[0], on_change, paths[0], INTERVAL_MS));
    change(0);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, 7);
    finish_loop(&loop);
    return 0;
}
