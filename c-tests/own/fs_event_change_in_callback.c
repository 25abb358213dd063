/* What a callback changes in a folder that is watched is told in the same turn. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_event_t watcher;
static uv_check_t check;
static int told;

static void touch(const char* name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
}

static void on_change(uv_fs_event_t* handle, const char* name, int events, int status) {
    UNUSED(handle);
    CHECK_OK(status);
    CHECK_EQ(events, UV_RENAME);
    CHECK_STR(name, told == 0 ? "first" : "second");
    if (told++ == 0) touch("second");
}

static void on_check(uv_check_t* handle) {
    CHECK_EQ(told, 2);
    uv_close((uv_handle_t*)handle, NULL);
    uv_close((uv_handle_t*)&watcher, NULL);
}

int main(void) {
    watchdog(10);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    CHECK_OK(uv_fs_event_start(&watcher, on_change, ".", 0));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_check_start(&check, on_check));
    touch("first");
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 2);
    finish_loop(&loop);
    return 0;
}
