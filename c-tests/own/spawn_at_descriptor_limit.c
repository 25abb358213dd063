/* With no descriptor left, children that need none are started, with descriptors that change places, too, and their ends are
 * told; and signals are watched. */
/* not on valgrind: every child is made by fork() there, which takes a pipe */
/* not on aarch64: likewise under an emulator */
#include "check.h"

static uv_loop_t loop;
static int told, status_told, caught;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    status_told = (int)status;
    told++;
    uv_close((uv_handle_t*)process, NULL);
}

static int start(const int* fds, int count, const char* script, unsigned flags) {
    uv_stdio_container_t stdio[3];
    char* args[] = {"sh", "-c", (char*)script, NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = "sh", .args = args, .stdio = stdio, .flags = flags};
    uv_process_t process;
    int error;
    for (int i = 0; i < count; i++) {
        stdio[i].flags = fds[i] < 0 ? UV_IGNORE : UV_INHERIT_FD;
        stdio[i].data.fd = fds[i];
    }
    options.stdio_count = count;
    options.uid = getuid();
    told = 0;
    error = uv_spawn(&loop, &process, &options);
    if (error != 0) uv_close((uv_handle_t*)&process, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, error == 0);
    return error;
}

static void on_signal(uv_signal_t* handle, int signum) {
    CHECK_EQ(signum, SIGUSR1);
    caught++;
    uv_close((uv_handle_t*)handle, NULL);
}

int main(void) {
    static const int same[] = {0, 1, 2}, swapped[] = {0, 2, 1}, one[] = {-1, 1, 1}, high[] = {20, -1, 20};
    struct rlimit limit;
    uv_signal_t signals[2];
    watchdog(30);
    CHECK_EQ(dup2(0, 20), 20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(0) >= 0) {
    }
    CHECK_EQ(errno, EMFILE);
    for (int i = 0; i < 20; i++) {
        CHECK_OK(start(same, 0, "exit 3", 0));
        CHECK_EQ(status_told, 3);
        CHECK_OK(start(same, 3, "exit 4", UV_PROCESS_DETACHED));
        CHECK_EQ(status_told, 4);
    }
    CHECK_OK(start(swapped, 3, "exit 5", 0));
    CHECK_EQ(status_told, 5);
    CHECK_OK(start(one, 3, "test /proc/self/fd/1 -ef /proc/self/fd/2 && exit 6", 0));
    CHECK_EQ(status_told, 6);
    CHECK_OK(start(high, 3, "exit 7", 0));
    CHECK_EQ(status_told, 7);
    CHECK_EQ(start(same, 3, "exit 8", UV_PROCESS_SETUID), UV_EMFILE);
    CHECK_OK(uv_signal_init(&loop, &signals[0]));
    CHECK_OK(uv_signal_start(&signals[0], on_signal, SIGUSR1));
    CHECK_OK(uv_signal_init(&loop, &signals[1]));
    CHECK_OK(uv_signal_start_oneshot(&signals[1], on_signal, SIGUSR1));
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(caught, 2);
    finish_loop(&loop);
    return 0;
}
