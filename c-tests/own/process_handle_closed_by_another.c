/* Two children have ended before the loop looks. The exit_cb of one closes the handle of the other, which is then not called. */
/* not on libuv: it calls both */
/* not on aarch64: the children would be run without the emulator */
#include "check.h"
#include <sys/wait.h>

static uv_process_t children[2];
static int told;

static void on_exit_of(uv_process_t* process, int64_t code, int signum) {
    CHECK_EQ(code, 0);
    CHECK_EQ(signum, 0);
    told++;
    UNUSED(process);
    for (int i = 0; i < 2; i++) close_if_open((uv_handle_t*)&children[i], NULL);
}

int main(void) {
    uv_loop_t loop;
    char* args[] = {(char*)"/bin/true", NULL};
    uv_process_options_t options = {.file = args[0], .args = args, .exit_cb = on_exit_of};
    siginfo_t info;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 2; i++) CHECK_OK(uv_spawn(&loop, &children[i], &options));
    for (int i = 0; i < 2; i++) CHECK_EQ(waitid(P_PID, (id_t)children[i].pid, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, 1);
    finish_loop(&loop);
    return 0;
}
