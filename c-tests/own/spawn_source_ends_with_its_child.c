/* A reader of what a child writes sees the end when the child closes its descriptor: nobody else in the child has the pipe open
 * under another number, though the parent has not kept it from its children. */
#include "check.h"

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    UNUSED(status);
    CHECK_EQ(signal, SIGTERM);
    uv_close((uv_handle_t*)process, NULL);
}

int main(void) {
    uv_loop_t loop;
    uv_process_t process;
    uv_stdio_container_t stdio[2];
    char* args[] = {"sh", "-c", "exec 1>&-; exec sleep 20", NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = "/bin/sh", .args = args};
    int fds[2];
    char byte;
    watchdog(15);
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(fcntl(fds[0], F_SETFD, FD_CLOEXEC), 0);
    CHECK_OK(uv_loop_init(&loop));
    stdio[0].flags = UV_IGNORE;
    stdio[1].flags = UV_INHERIT_FD;
    stdio[1].data.fd = fds[1];
    options.stdio = stdio;
    options.stdio_count = 2;
    CHECK_OK(uv_spawn(&loop, &process, &options));
    close(fds[1]);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
    CHECK_OK(uv_process_kill(&process, SIGTERM));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    finish_loop(&loop);
    return 0;
}
