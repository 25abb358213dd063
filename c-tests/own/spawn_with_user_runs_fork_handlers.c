/* A child that gets a user or group id is made by fork(): the handlers of pthread_atfork run, the child's in the child, where
 * they may even end it, which is told like any end. Other children run none. What cannot be run is told as ever. */
#include "check.h"

enum { STAY, LEAVE };

static uv_loop_t loop;
static int prepared, in_parent, in_child[2], told, status_told, what_to_do;

static void on_prepare(void) { prepared++; }
static void on_parent(void) { in_parent++; }
static void on_child(void) {
    if (write(in_child[1], "x", 1) != 1) _exit(100);
    if (what_to_do == LEAVE) _exit(9);
}

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    status_told = (int)status;
    told++;
    uv_close((uv_handle_t*)process, NULL);
}

static int start(const char* file, const char* cwd, unsigned flags) {
    char* args[] = {"sh", "-c", "exit 3", NULL};
    uv_process_options_t options = {
        .exit_cb = on_exit_cb, .file = file, .args = args, .cwd = cwd, .flags = flags, .uid = getuid(), .gid = getgid()};
    uv_process_t process;
    int error;
    prepared = in_parent = told = 0;
    error = uv_spawn(&loop, &process, &options);
    if (error != 0) {
        CHECK_EQ(process.pid, 0);
        CHECK_EQ(uv_is_active((uv_handle_t*)&process), 0);
        uv_close((uv_handle_t*)&process, NULL);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, error == 0);
    /* No child is left. */
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
    return error;
}

/* How many children have run the handler since this was last asked. */
static int handlers(void) {
    char bytes[16];
    ssize_t n = read(in_child[0], bytes, sizeof bytes);
    CHECK_EQ(prepared, in_parent);
    return n < 0 ? 0 : (int)n;
}

int main(void) {
    static const unsigned ids[] = {UV_PROCESS_SETUID, UV_PROCESS_SETGID, UV_PROCESS_SETUID | UV_PROCESS_SETGID};
    watchdog(20);
    CHECK_EQ(pipe2(in_child, O_CLOEXEC | O_NONBLOCK), 0);
    CHECK_EQ(pthread_atfork(on_prepare, on_parent, on_child), 0);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(start("/bin/sh", NULL, ids[i]));
        CHECK_EQ(status_told, 3);
        CHECK_EQ(handlers(), 1);
        CHECK_EQ(prepared, 1);
        CHECK_EQ(start("/nonexistent/program", NULL, ids[i]), UV_ENOENT);
        CHECK_EQ(handlers(), 1);
        CHECK_EQ(start("/bin/sh", "/nonexistent", ids[i] | UV_PROCESS_DETACHED), UV_ENOENT);
        CHECK_EQ(handlers(), 1);
    }
    what_to_do = LEAVE;
    CHECK_OK(start("/bin/sh", NULL, UV_PROCESS_SETUID));
    CHECK_EQ(status_told, 9);
    CHECK_EQ(handlers(), 1);
    finish_loop(&loop);
    return 0;
}
