/* not on libuv: it accepts UV_FS_EVENT_RECURSIVE on Linux and ignores it */
/* UV_FS_EVENT_RECURSIVE: folders that are there, come, go and change their names; what is in a new folder before it can be
 * watched; dropped events; the switch that turns it off. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_event_t watcher;
static char seen[1 << 16];
static int lost_events, errors;

static void on_event(uv_fs_event_t* handle, const char* filename, int events, int status) {
    CHECK(handle == &watcher);
    if (status != 0) errors++;
    if (filename == NULL) {
        CHECK_EQ(events, UV_CHANGE);
        lost_events++;
        return;
    }
    if (strlen(seen) + strlen(filename) + 3 < sizeof seen) {
        strcat(strcat(strcat(seen, " "), filename), " ");
    }
}

/* All events so far are told when this returns. */
static void settle(void) {
    for (int i = 0; i < 5; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(2);
    }
}

static int saw(const char* name) {
    char padded[300];
    snprintf(padded, sizeof padded, " %s ", name);
    return strstr(seen, padded) != NULL;
}

static void forget(void) {
    settle();
    seen[0] = 0;
}

static void make_file(const char* path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    CHECK_GE(fd, 0);
    CHECK_EQ(write(fd, "x", 1), 1);
    close(fd);
}

static void off(void) {
    setenv("UVRING_FS_EVENT_RECURSIVE", "0", 1);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    CHECK_OK(uv_fs_event_start(&watcher, on_event, "root", UV_FS_EVENT_RECURSIVE));
    make_file("root/a/b/deep");
    make_file("root/flat");
    settle();
    CHECK(saw("flat"));
    CHECK(!saw("a/b/deep"));
    _exit(0);
}

static void lose_events(void) {
    /* More than the kernel's queue takes, no two neighbours alike, so that none is merged. */
    for (int i = 0; i < 20000; i++) CHECK_EQ(chmod(i % 2 ? "root/flat" : "root/a/b/deep", 0600), 0);
    CHECK_EQ(mkdir("root/unseen", 0700), 0);
    CHECK_EQ(lost_events, 0);
    settle();
    CHECK_EQ(lost_events, 1);
    forget();
    make_file("root/unseen/file");
    settle();
    CHECK(saw("unseen/file"));
}

int main(void) {
    pid_t pid;
    watchdog(40);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_EQ(mkdir("root", 0700) | mkdir("root/a", 0700) | mkdir("root/a/b", 0700) | mkdir("outside", 0700), 0);
    CHECK_GE(pid = fork(), 0);
    if (pid == 0) off();
    expect_child_success(pid);

    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_event_init(&loop, &watcher));
    CHECK_OK(uv_fs_event_start(&watcher, on_event, "root", UV_FS_EVENT_RECURSIVE));

    make_file("root/flat");
    make_file("root/a/b/deep");
    settle();
    CHECK(saw("flat") && saw("a/b/deep"));

    /* New folders, with something in them at once. */
    forget();
    CHECK_EQ(mkdir("root/new", 0700) | mkdir("root/new/inner", 0700), 0);
    make_file("root/new/inner/early");
    settle();
    CHECK(saw("new") && saw("new/inner") && saw("new/inner/early"));
    forget();
    make_file("root/new/inner/late");
    settle();
    CHECK(saw("new/inner/late"));

    /* A new name, and a change under it before anybody looks. */
    forget();
    CHECK_EQ(rename("root/new", "root/a/moved"), 0);
    make_file("root/a/moved/inner/soon");
    settle();
    CHECK(saw("new") && saw("a/moved") && saw("a/moved/inner/soon"));
    CHECK(!saw("new/inner/soon"));
    forget();
    make_file("root/a/moved/inner/later");
    settle();
    CHECK(saw("a/moved/inner/later"));

    /* Out of the tree, and into it. */
    CHECK_EQ(rename("root/a/moved", "outside/moved"), 0);
    forget();
    make_file("outside/moved/inner/away");
    settle();
    CHECK_STR(seen, "");
    CHECK_EQ(rename("outside/moved", "root/back"), 0);
    forget();
    make_file("root/back/inner/home");
    settle();
    CHECK(saw("back/inner/home"));

    /* Gone, and made again. */
    CHECK_EQ(system("rm -r root/back"), 0);
    forget();
    CHECK_EQ(mkdir("root/back", 0700), 0);
    settle();
    forget();
    make_file("root/back/again");
    settle();
    CHECK(saw("back/again"));

    lose_events();
    CHECK_EQ(errors, 0);

    /* The working directory may change, and a handle be stopped and started. */
    CHECK_OK(uv_fs_event_stop(&watcher));
    CHECK_OK(uv_fs_event_start(&watcher, on_event, "root", UV_FS_EVENT_RECURSIVE));
    CHECK_EQ(chdir("outside"), 0);
    CHECK_EQ(mkdir("../root/from", 0700), 0);
    settle();
    forget();
    make_file("../root/from/file");
    settle();
    CHECK(saw("from/file"));
    finish_loop(&loop);
    return 0;
}
