/* A pipe handle that is open already cannot be opened for a child: uv_spawn says so, whether or not the program runs; if it
 * runs, its end is told. After a failure to run the program the pipe is open, and the caller's to close. */
#include "check.h"

static int told;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(status, 3);
    CHECK_EQ(signal, 0);
    told++;
    uv_close((uv_handle_t*)process, NULL);
}

int main(void) {
    char* args[] = {"sh", "-c", "exit 3", NULL};
    uv_stdio_container_t stdio = {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = "/nonexistent", .args = args, .stdio = &stdio, .stdio_count = 1};
    uv_process_t process;
    uv_loop_t loop;
    uv_pipe_t pipe;
    uv_os_fd_t fd;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_pipe_init(&loop, &pipe, 0));
    stdio.data.stream = (uv_stream_t*)&pipe;
    CHECK_EQ(uv_spawn(&loop, &process, &options), UV_ENOENT);
    CHECK_OK(uv_fileno((uv_handle_t*)&pipe, &fd));
    uv_close((uv_handle_t*)&process, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    CHECK_EQ(uv_spawn(&loop, &process, &options), UV_EBUSY);
    CHECK_EQ(process.pid, 0);
    CHECK_EQ(uv_is_active((uv_handle_t*)&process), 0);
    uv_close((uv_handle_t*)&process, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    options.file = "/bin/sh";
    CHECK_EQ(uv_spawn(&loop, &process, &options), UV_EBUSY);
    CHECK_GT(process.pid, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 1);
    uv_close((uv_handle_t*)&pipe, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
