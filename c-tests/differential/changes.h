/* Files that change under the eyes of fs_event handles. The kernel tells in the order in which things were done, so all
 * that is told has one pocket. */
#ifndef UVRING_DIFFERENTIAL_CHANGES_H
#define UVRING_DIFFERENTIAL_CHANGES_H

#include "rules.h"

static const char* const places[] = {"w", "w/a", "w/b", "w/c", "w/d", "w/no"};

enum { PLACES = sizeof places / sizeof places[0] };

/* One change; w/d is a folder, w/no never there. */
static void change_something(uint64_t* numbers, int pocket) {
    static int bytes;
    const char* at = places[1 + below(numbers, 3)];
    const char* to = places[1 + below(numbers, 3)];
    int r = -1, fd, what = below(numbers, 12);
    switch (what) {
        case 0: case 1: case 2: case 3:
            fd = open(at, O_WRONLY | O_CREAT | O_CLOEXEC | (what == 3 ? O_TRUNC : O_APPEND), 0600);
            r = (int)syscall(SYS_write, fd, big, (size_t)(1 + bytes++ % 50));
            close(fd);
            break;
        case 4: r = chmod(at, 0600 + (mode_t)below(numbers, 64)); break;
        case 5: r = rename(at, to); break;
        case 6: r = unlink(at); break;
        case 7: r = link(at, to); break;
        case 8: r = one_in(numbers, 2) ? mkdir("w/d", 0700) : rmdir("w/d"); break;
        case 9: r = chmod(one_in(numbers, 2) ? "w" : "w/d", 0700 + (mode_t)below(numbers, 64)); break;
        case 10: r = one_in(numbers, 2) ? rename(at, "out") : rename("out", to); break;
        default: r = one_in(numbers, 2) ? rename("w", "v") : rename("v", "w"); break;
    }
    tell(pocket, "change %d of %s: %d %d", what, at, r, r < 0 ? errno : 0);
}

static void on_change(uv_fs_event_t* handle, const char* name, int events, int status) {
    struct slot* s = of(handle);
    polled++;
    tell(CHANGES, "%s: %s events %d status %d #%d %s", name_of(s), name, events, status, ++s->calls, shape(s));
    if (s->calls > 200) return;
    if (one_in(&s->numbers, 12)) {
        close_slot(s, true);
    } else if (one_in(&s->numbers, 12)) {
        tell(CHANGES, "stop %s: %d %s", name_of(s), uv_fs_event_stop(handle), shape(s));
        s->watched = 0;
    } else if (one_in(&s->numbers, 8)) {
        change_something(&s->numbers, CHANGES);
    }
}

static void use_fs_event(struct slot* s, uint64_t* numbers) {
    uv_fs_event_t* handle = (uv_fs_event_t*)base(s);
    char path[20];
    size_t len = sizeof path;
    int r, what = below(numbers, 6);
    if (what < 3) {
        const char* place = places[below(numbers, PLACES)];
        uint64_t file = identity_of(place);
        if (!may_watch(file, place)) return;
        bool was_active = uv_is_active(base(s));
        r = uv_fs_event_start(handle, on_change, place, one_in(numbers, 3) ? UV_FS_EVENT_WATCH_ENTRY : 0);
        say("watch %s %s: %d %s", name_of(s), place, r, shape(s));
        if (r == 0 && !was_active) {
            s->watched = file;
            snprintf(s->path_watched, sizeof s->path_watched, "%s", place);
        }
    } else if (what < 4) {
        r = uv_fs_event_stop(handle);
        s->watched = 0;
        say("stop %s: %d %s", name_of(s), r, shape(s));
    } else {
        r = uv_fs_event_getpath(handle, path, &len);
        say("path of %s: %d %s", name_of(s), r, r == 0 ? path : "");
    }
}

static void new_fs_event(uint64_t* numbers) {
    struct slot* s = new_slot(FS_EVENT);
    if (s == NULL) return;
    init_done(s, uv_fs_event_init(&loop, (uv_fs_event_t*)base(s)));
    use_fs_event(s, numbers);
}

static void make_places(void) {
    CHECK(mkdir("w", 0700) == 0 || errno == EEXIST);
    for (int i = 1; i < 3; i++) close(open(places[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

#endif
