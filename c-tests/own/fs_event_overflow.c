/* not on libuv: on Linux it does not say that events were dropped */
/* When the kernel has dropped events because the loop did not run, each watcher of the loop hears so, once: a change of
 * something without a name. After that they hear of changes as before. A watcher that is stopped there hears nothing more, and
 * those of other loops hear nothing. */
#include "check.h"

enum { PLAIN, OTHER_FOLDER, ON_FILE, RECURSIVE, STOPPED_BY_FIRST, STOPPED, WATCHERS };

static uv_loop_t loop, other_loop;
static uv_fs_event_t watchers[WATCHERS], elsewhere;
static int lost[WATCHERS], named[WATCHERS];

static void on_event(uv_fs_event_t* handle, const char* filename, int events, int status) {
    int at = (int)(handle - watchers);
    CHECK_EQ(status, 0);
    if (filename != NULL) {
        named[at]++;
        return;
    }
    CHECK_EQ(events, UV_CHANGE);
    lost[at]++;
    if (at == PLAIN || at == OTHER_FOLDER) uv_fs_event_stop(&watchers[STOPPED_BY_FIRST]);
}

static void on_wrong_event(uv_fs_event_t* handle, const char* filename, int events, int status) {
    UNUSED(handle);
    UNUSED(filename);
    UNUSED(events);
    UNUSED(status);
    FAIL("a watcher of another loop was told");
}

static void start(int at, const char* path, unsigned flags) {
    CHECK_OK(uv_fs_event_init(&loop, &watchers[at]));
    CHECK_OK(uv_fs_event_start(&watchers[at], on_event, path, flags));
}

static void touch(const char* path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    close(fd);
}

int main(void) {
    FILE* file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    int most = 0;
    watchdog(50);
    if (file == NULL || fscanf(file, "%d", &most) != 1 || most > 100000) SKIP("no limit that is soon reached");
    fclose(file);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_EQ(mkdir("a", 0700) | mkdir("b", 0700) | mkdir("c", 0700) | mkdir("c/inner", 0700) | mkdir("d", 0700), 0);
    touch("file");
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_loop_init(&other_loop));
    start(PLAIN, "a", 0);
    start(OTHER_FOLDER, "b", 0);
    start(ON_FILE, "file", 0);
    start(RECURSIVE, "c", UV_FS_EVENT_RECURSIVE);
    start(STOPPED_BY_FIRST, "b", 0);
    start(STOPPED, "a", 0);
    uv_fs_event_stop(&watchers[STOPPED]);
    CHECK_OK(uv_fs_event_init(&other_loop, &elsewhere));
    CHECK_OK(uv_fs_event_start(&elsewhere, on_wrong_event, "d", 0));

    /* Two events a round: equal ones that follow each other would be taken together. */
    for (int i = 0; i < most / 2 + 100; i++) {
        CHECK_EQ(mkdir("a/x", 0700), 0);
        CHECK_EQ(rmdir("a/x"), 0);
    }
    /* Too late to be told one by one. */
    touch("b/x");
    touch("file");
    touch("c/inner/x");
    while (lost[RECURSIVE] == 0 || lost[PLAIN] == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_GE(named[PLAIN], most - 10);
    CHECK_LE(named[PLAIN], most);
    named[PLAIN] = 0;

    touch("a/y");
    touch("b/y");
    touch("file");
    touch("c/inner/y");
    while (!named[PLAIN] || !named[OTHER_FOLDER] || !named[ON_FILE] || !named[RECURSIVE]) uv_run(&loop, UV_RUN_ONCE);
    uv_run(&loop, UV_RUN_NOWAIT);
    for (int at = 0; at <= RECURSIVE; at++) CHECK_EQ(lost[at], 1);
    CHECK_LE(lost[STOPPED_BY_FIRST], 1);
    CHECK_EQ(named[STOPPED_BY_FIRST], 0);
    CHECK_EQ(lost[STOPPED] + named[STOPPED], 0);
    uv_run(&other_loop, UV_RUN_NOWAIT);
    finish_loop(&loop);
    finish_loop(&other_loop);
    return 0;
}
