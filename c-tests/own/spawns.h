/* Programs that can be started and programs that cannot, and the check that uv_spawn tells which is which. */
#ifndef UVRING_OWN_SPAWNS_H
#define UVRING_OWN_SPAWNS_H

#include "check.h"

/* A folder, which is no program; the test sets it. */
static const char* directory;

static inline void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    CHECK_EQ(status, *(int*)process->data);
    uv_close((uv_handle_t*)process, NULL);
}

static inline int start(uv_loop_t* loop, const char* file, const char* script, const char* cwd, int as_root, int expected) {
    char* args[] = {"program", "-c", (char*)script, NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = file, .args = args, .cwd = cwd};
    uv_process_t process;
    int error;
    if (as_root) options.flags = UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    process.data = &expected;
    error = uv_spawn(loop, &process, &options);
    if (error != 0) uv_close((uv_handle_t*)&process, NULL);
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    return error;
}

static inline void fail_and_succeed(uv_loop_t* loop) {
    CHECK_EQ(start(loop, "/nonexistent/program", "", NULL, 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, "no-such-program-anywhere", "", NULL, 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, directory, "", NULL, 0, 0), UV_EACCES);
    CHECK_EQ(start(loop, "/etc/passwd/program", "", NULL, 0, 0), UV_ENOTDIR);
    CHECK_EQ(start(loop, "/bin/sh", "exit 3", "/nonexistent", 0, 0), UV_ENOENT);
    CHECK_EQ(start(loop, "/bin/sh", "exit 4", "/", 0, 4), 0);
    CHECK_EQ(start(loop, "sh", "test \"$(pwd)\" = /tmp && exit 5", "/tmp", 0, 5), 0);
    if (getuid() == 0) {
        CHECK_EQ(start(loop, "/bin/sh", "exit 6", NULL, 1, 6), 0);
        CHECK_EQ(start(loop, "/nonexistent/program", "", NULL, 1, 0), UV_ENOENT);
    }
}

#endif
