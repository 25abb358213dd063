/* Threads with a loop each start programs at the same time, with and without success: each hears of its own children and
 * failures. */
/* on tsan: threads meet here */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
#include "check.h"

enum { THREADS = 4, ROUNDS = 12 };

static const char* directory;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    CHECK_EQ(status, *(int*)process->data);
    uv_close((uv_handle_t*)process, NULL);
}

static int start(uv_loop_t* loop, const char* file, const char* script, const char* cwd, int as_root, int expected) {
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

static void fail_and_succeed(uv_loop_t* loop) {
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

static void run(void* arg) {
    uv_loop_t loop;
    UNUSED(arg);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ROUNDS; i++) fail_and_succeed(&loop);
    finish_loop(&loop);
}

int main(void) {
    uv_thread_t threads[THREADS];
    watchdog(60);
    directory = temp_dir();
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_create(&threads[i], run, NULL));
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_join(&threads[i]));
    return 0;
}
