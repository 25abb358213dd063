/* not on libuv: it accepts UV_FS_EVENT_RECURSIVE on Linux and ignores it */
/* When no more folders may be watched, starting fails and leaves nothing behind, and a new folder is told with the error.
 * A user namespace of our own gives a limit of our own. */
#include "check.h"
#include <sched.h>

static uv_loop_t loop;
static uv_fs_event_t watcher;
static int told;

static void on_event(uv_fs_event_t* handle, const char* filename, int events, int status) {
    CHECK(handle == &watcher);
    if (status == 0) return;
    CHECK_EQ(status, UV_ENOSPC);
    CHECK_EQ(events, 0);
    CHECK_STR(filename, "one-more");
    told++;
    uv_close((uv_handle_t*)handle, NULL);
}

static int put(const char* path, const char* text) {
    int fd = open(path, O_WRONLY);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    if (fd >= 0) close(fd);
    return n == (ssize_t)strlen(text);
}

int main(void) {
    char map[64];
    watchdog(30);
    CHECK_EQ(chdir(temp_dir()), 0);
    snprintf(map, sizeof map, "0 %u 1", (unsigned)getuid());
    if (unshare(CLONE_NEWUSER) != 0) SKIP("no user namespace here");
    if (!put("/proc/self/uid_map", map) || !put("/proc/sys/user/max_inotify_watches", "3")) {
        SKIP("no limit of our own here");
    }
    CHECK_EQ(mkdir("root", 0700) | mkdir("root/a", 0700) | mkdir("root/b", 0700) | mkdir("root/c", 0700), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(uv_fs_event_start(&watcher, on_event, "root", UV_FS_EVENT_RECURSIVE), UV_ENOSPC);
        CHECK_EQ(uv_is_active((uv_handle_t*)&watcher), 0);
    }
    CHECK_EQ(rmdir("root/c"), 0);
    CHECK_OK(uv_fs_event_start(&watcher, on_event, "root", UV_FS_EVENT_RECURSIVE));
    CHECK_EQ(mkdir("root/one-more", 0700), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(told, 1);
    finish_loop(&loop);
    return 0;
}
