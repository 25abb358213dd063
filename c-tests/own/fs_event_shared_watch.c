/* Several handles on one folder: each hears of each event, in the order of their starts. One may stop any of them from its
 * callback, or start another, which hears only of what comes after, and before those that had yet to hear of the event. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_event_t handles[4];
static char heard[64];

static void on_event(uv_fs_event_t* handle, const char* filename, int events, int status) {
    char who[2] = {(char)('0' + (handle - handles)), 0};
    CHECK_EQ(status, 0);
    CHECK_EQ(events, UV_RENAME);
    strcat(heard, who);
    if (strcmp(filename, "stop-next") == 0 && handle == &handles[0]) {
        CHECK_OK(uv_fs_event_stop(&handles[1]));
        CHECK_OK(uv_fs_event_start(&handles[3], on_event, "folder", 0));
    }
    if (strcmp(filename, "stop-all") == 0) {
        for (int i = 0; i < 4; i++) CHECK_OK(uv_fs_event_stop(&handles[i]));
        /* Still there. */
        CHECK_STR(filename, "stop-all");
    }
}

static void happen(const char* name, const char* expected) {
    char path[100];
    snprintf(path, sizeof path, "folder/%s", name);
    CHECK_EQ(mkdir(path, 0700), 0);
    heard[0] = 0;
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(heard, expected);
}

int main(void) {
    watchdog(20);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_EQ(mkdir("folder", 0700), 0);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 4; i++) CHECK_OK(uv_fs_event_init(&loop, &handles[i]));
    for (int i = 0; i < 3; i++) CHECK_OK(uv_fs_event_start(&handles[i], on_event, "folder", 0));
    happen("plain", "012");
    happen("stop-next", "02");
    happen("after", "032");
    CHECK_OK(uv_fs_event_start(&handles[1], on_event, "folder", 0));
    happen("stop-all", "0");
    happen("nobody", "");
    CHECK_OK(uv_fs_event_start(&handles[2], on_event, "folder", 0));
    happen("again", "2");
    finish_loop(&loop);
    return 0;
}
