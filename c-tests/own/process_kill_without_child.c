/* uv_process_kill on a handle whose program could not be started, or that was only just closed, signals nobody. */
/* not on libuv: the number of the child is 0 then, which stands for the caller's own process group */
#include "spawns.h"

int main(void) {
    char* args[] = {"program", NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = "/nonexistent/program", .args = args};
    uv_process_t process;
    uv_loop_t loop;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_spawn(&loop, &process, &options), UV_ENOENT);
    CHECK_EQ(uv_process_get_pid(&process), 0);
    CHECK_EQ(uv_process_kill(&process, 0), UV_ESRCH);
    CHECK_EQ(uv_process_kill(&process, SIGTERM), UV_ESRCH);
    uv_close((uv_handle_t*)&process, NULL);
    CHECK_EQ(uv_process_kill(&process, SIGTERM), UV_ESRCH);
    finish_loop(&loop);
    return 0;
}
