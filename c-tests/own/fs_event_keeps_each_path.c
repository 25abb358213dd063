/* Two handles watch one file by two names: each keeps its own, as long as it runs. */
/* not on libuv: both have the name of the first */
#include "check.h"

static void on_event(uv_fs_event_t* handle, const char* name, int events, int status) {
    UNUSED(handle); UNUSED(name); UNUSED(events); UNUSED(status);
}

int main(void) {
    uv_loop_t loop;
    uv_fs_event_t handles[2];
    const char* paths[] = {"file", "./file"};
    char path[64];
    watchdog(10);
    close(open("file", O_CREAT | O_WRONLY, 0644));
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(uv_fs_event_init(&loop, &handles[i]));
        CHECK_OK(uv_fs_event_start(&handles[i], on_event, paths[i], 0));
    }
    for (int i = 0; i < 2; i++) {
        size_t size = sizeof path;
        CHECK_OK(uv_fs_event_getpath(&handles[i], path, &size));
        CHECK_STR(path, paths[i]);
        uv_close((uv_handle_t*)&handles[i], NULL);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_loop(&loop);
    return 0;
}
