/* What random programs leave out, rule by rule: because ours differs there on purpose (docs/differences.md), or because libuv
 * puts it in no order, or is itself at fault. The code that chooses calls asks these functions, and leaves nothing else out
 * but what no function could tell apart:
 *
 * - suggested_size of streams: the variable UVRING_SUGGESTED_SIZE makes it libuv's.
 * - Datagram errors from the error queue, whose length libuv delivers as an unsigned number: no socket asks for them.
 * - File operations stand in no order with anything else, and none is under way at uv_stop: they have programs of their own.
 * - uv_backend_timeout, where 0 asks for a turn: libuv wants one when descriptors have changed, ours also when an async was
 *   sent.
 */
#ifndef UVRING_DIFFERENTIAL_RULES_H
#define UVRING_DIFFERENTIAL_RULES_H

#include "world.h"

/* Ours ends a poll phase of UV_RUN_DEFAULT early while callbacks hold 128 KiB and ended writes await theirs. Each handle
 * has its share of what is less than that, so that it does not matter who comes first. */
static size_t may_lend(struct slot* s, size_t wanted) {
    size_t left;
    if (mode_of_run != UV_RUN_DEFAULT) return wanted;
    if (s->lent_in != turn_of_run) s->lent = 0;
    s->lent_in = turn_of_run;
    left = 128 * 1024 / SLOTS - s->lent;
    if (wanted > left / 2) wanted = left / 2;
    s->lent += wanted;
    return wanted;
}

/* Of a timer that was never started libuv reads the callback it never set, and 0xab is not NULL. */
static bool may_repeat(struct slot* s) { return s->requests != 0; }

/* With libuv a signal handle that was one-shot stays so when it is started anew, and a signal that was caught before
 * that ends it. Ours does what was asked for last. So each handle is of one kind, and a one-shot one is started once. */
static bool is_oneshot(struct slot* s) { return s->serial % 3 == 0; }

static bool may_start_oneshot(struct slot* s) { return s->requests == 0; }

/* A one-shot signal handle whose signal was caught, but not delivered, before a fork waits for another one in the child
 * with ours; with libuv the signal has its default action there. */
static bool may_fork(void) {
    for (int i = 0; i < SLOTS; i++) {
        struct slot* s = &slots[i];
        struct sigaction action;
        if (s->kind != SIGNAL || s->closing || !uv_is_active(base(s)) || !is_oneshot(s)) continue;
        CHECK_EQ(sigaction(((uv_signal_t*)base(s))->signum, NULL, &action), 0);
        if (action.sa_handler == SIG_DFL) return false;
    }
    return true;
}

/* After a write has ended libuv tries the one behind it at once, ours when the kernel has told of room, or of an end:
 * what the callback between has changed there shows. */
static bool may_change_room(struct slot* s) {
    return !in_on_write || uv_stream_get_write_queue_size((uv_stream_t*)base(s)) == 0;
}

/* A process that was not started has the number 0, which means the group of this one; one that has ended may have been
 * succeeded by another. */
static bool may_kill(struct slot* s) { return uv_is_active(base(s)); }

/* libuv never calls back who shuts down a stream that is still connecting; ours does. */
static bool may_shut(struct slot* s) { return !s->connecting; }

/* Of a stream that is still connecting libuv then calls the connection established in the next pending phase, whether or
 * not it is, and the cancelled write's callback waits for some other event; ours waits for the kernel, and calls back in
 * the next turn. TCP has nothing to be cancelled: the kernel takes at once what is written here. */
static bool may_cancel_write(struct slot* s) { return s->kind == PIPE && !s->connecting; }

/* What tells a file from all others, also from one that has its inode later; 0 if there is none. */
static uint64_t identity_of(const char* path) {
    union {
        struct file_handle handle;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } file;
    uint64_t id = 0;
    struct stat st;
    int mount;
    file.handle.handle_bytes = MAX_HANDLE_SZ;
    if (stat(path, &st) != 0) return 0;
    if (name_to_handle_at(AT_FDCWD, path, &file.handle, &mount, AT_SYMLINK_FOLLOW) != 0) return st.st_ino;
    for (unsigned i = 0; i < file.handle.handle_bytes; i++) id = id * 1099511628211u + file.handle.f_handle[i] + 1;
    return id;
}

/* Who watches the same file by another name is told libuv's first name for it; ours keeps the handle's own. */
static bool may_watch(uint64_t file, const char* path) {
    for (int i = 0; i < SLOTS; i++) {
        struct slot* s = &slots[i];
        if (s->kind == FS_EVENT && s->watched == file && strcmp(s->path_watched, path) != 0) return false;
    }
    return true;
}

/* libuv takes the end of a stat for the new start's if an fs_poll handle is stopped while it is under way, as it is in
 * the handle's callback, and started again; then an assertion fails. */
static bool may_poll_again(struct slot* s) { return s->stopped_in != turn_of_run; }

/* Where a stdio container names no descriptor, uv_spawn fails, and libuv has taken the handle from the list out of which
 * uv_close takes it once more. */
static bool may_inherit(uv_handle_t* stream, int* fd) { return uv_fileno(stream, fd) == 0; }

/* Whether a child's descriptors block, and with them what they were made from: libuv sees to that before it knows
 * whether the child can be started, and if it is another user's, for the first three only. Ours does so for all, once
 * all else went well. */
static bool is_mode_fixed(const uv_process_options_t* options, int result, int fd) {
    if (result != 0) return false;
    for (int i = 0; i < options->stdio_count; i++) {
        if (options->stdio[i].flags == UV_INHERIT_FD && options->stdio[i].data.fd == fd) {
            return i < 3 || !(options->flags & (UV_PROCESS_SETUID | UV_PROCESS_SETGID));
        }
    }
    return true;
}

/* A script without #! is run by the shell; by libuv only where it sets a user or a group. */
static bool may_run_script(const uv_process_options_t* options) {
    return options->flags & (UV_PROCESS_SETUID | UV_PROCESS_SETGID);
}

/* A child shares the mode of what it inherits, and libuv makes that blocking; a parent that goes on reading would wait
 * for ever. */
static void mend_inherited(int fd) { set_nonblocking(fd, 1); }

#endif
