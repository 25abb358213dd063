/* The third sort of program: files that fs_poll handles look at. Their stats end when they end, so each step ends with a
 * job behind which nothing is left in the pool; what was told has a pocket for each handle. */
#ifndef UVRING_DIFFERENTIAL_POLLS_H
#define UVRING_DIFFERENTIAL_POLLS_H

#include "forks.h"
#include "rules.h"

enum { INTERVAL = 1000 };

static const char* const polled_paths[] = {"p", "q", "w", "w/a", "no/such", ""};

static bool is_settled;

/* Changes that a stat shows, though the clock may stand: not the same content, mode or time twice. */
static void change_for_stat(uint64_t* numbers, int pocket) {
    static int changes;
    const char* path = polled_paths[below(numbers, 4)];
    const char* other = polled_paths[below(numbers, 2)];
    int r = -1, fd, what = below(numbers, 7);
    changes++;
    struct timespec times[2] = {{changes, 0}, {changes + 1000, changes}};
    switch (what) {
        case 0: case 1:
            fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            r = fd == -1 ? -1 : ftruncate(fd, changes);
            close(fd);
            break;
        case 2: r = chmod(path, 0700 + (mode_t)(changes % 64)); break;
        case 3: r = utimensat(AT_FDCWD, path, times, 0); break;
        case 4: r = unlink(path); break;
        case 5: r = rename(path, other); break;
        default: r = one_in(numbers, 2) ? rename("w", "v") : rename("v", "w"); break;
    }
    tell(pocket, "change %d of %s: %d", what, path, r);
}

static void tell_state(int pocket, const char* when, const uv_stat_t* st) {
    tell(pocket, "  %s: mode %o size %d mtime %d", when, (unsigned)st->st_mode, S_ISDIR(st->st_mode) ? 0 : (int)st->st_size,
         st->st_mtim.tv_sec < 100000 ? (int)st->st_mtim.tv_sec : -1);
}

static void use_fs_poll(struct slot* s);

static void on_fs_poll(uv_fs_poll_t* handle, int status, const uv_stat_t* before, const uv_stat_t* after) {
    struct slot* s = of(handle);
    tell(index_of(s), "%s: %d #%d %s", name_of(s), status, ++s->calls, shape(s));
    tell_state(index_of(s), "before", before);
    tell_state(index_of(s), "after", after);
    if (one_in(&s->numbers, 4)) use_fs_poll(s);
}

static void use_fs_poll(struct slot* s) {
    uint64_t* numbers = &s->numbers;
    uv_fs_poll_t* handle = (uv_fs_poll_t*)base(s);
    char path[20];
    size_t len = sizeof path;
    int r, what = below(numbers, 7);
    if (what < 3) {
        const char* place = polled_paths[below(numbers, 6)];
        if (!may_poll_again(s)) return;
        r = uv_fs_poll_start(handle, on_fs_poll, place, INTERVAL);
        tell(index_of(s), "poll %s %s: %d %s", name_of(s), place, r, shape(s));
    } else if (what < 5) {
        r = uv_fs_poll_stop(handle);
        s->stopped_in = turn_of_run;
        tell(index_of(s), "stop %s: %d %s", name_of(s), r, shape(s));
    } else if (what < 6) {
        r = uv_fs_poll_getpath(handle, path, &len);
        tell(index_of(s), "path of %s: %d %s", name_of(s), r, r == 0 ? path : "");
    } else {
        close_slot(s, true);
    }
}

static void nothing(uv_work_t* req) { UNUSED(req); }

static void on_settled(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
    is_settled = true;
}

/* Runs the loop until nothing is under way but timers. */
static void settle(void) {
    uv_work_t work;
    is_settled = false;
    CHECK_OK(uv_queue_work(&loop, &work, nothing, on_settled));
    while (!is_settled) uv_run(&loop, UV_RUN_ONCE);
    uv_run(&loop, UV_RUN_NOWAIT);
    turn_of_run++;
}

static void finish_watching(void);

static void watching_steps(void) {
    uint64_t* numbers = &seed_numbers;
    for (; steps_left > 0; steps_left--) {
        for (int i = below(numbers, 4); i > 0; i--) {
            struct slot* s = some_slot(numbers);
            if (one_in(numbers, 3) || s == NULL) {
                s = new_slot(FS_POLL);
                if (s != NULL) init_done(s, uv_fs_poll_init(&loop, (uv_fs_poll_t*)base(s)));
            } else {
                use_fs_poll(s);
            }
        }
        settle();
        say("settled: alive %d active %u", is_alive(), loop.active_handles);
        for (int i = below(numbers, 4); i > 0; i--) change_for_stat(numbers, CHANGES);
        clock_ms += one_in(numbers, 4) ? INTERVAL / 2 : INTERVAL;
        uv_run(&loop, UV_RUN_NOWAIT);
        if (!one_in(numbers, 30)) continue;
        /* What the pool has at a fork is lost to the child. */
        settle();
        fork_here(watching_steps, finish_watching);
    }
}

static void finish_watching(void) {
    say("the end");
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].kind != FREE && !slots[i].closing) close_slot(&slots[i], true);
    }
    say("last run: %d", uv_run(&loop, UV_RUN_DEFAULT));
    close_loop();
}

static void program_of_watching(void) {
    depth = MOST_DEPTH;
    watching_steps();
    finish_watching();
}

#endif
