/* A script that does not say what runs it is run by /bin/sh, as execvp() does, with a user or group id and without, found by its
 * path or in PATH, with its arguments. */
/* not on libuv: 1.53 does so with a user or group id only; before it did so always */
#include "check.h"

static uv_loop_t loop;
static int status_told;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    status_told = (int)status;
    uv_close((uv_handle_t*)process, NULL);
}

static int start(const char* file, char** args, char** env, unsigned flags) {
    uv_process_options_t options = {
        .exit_cb = on_exit_cb, .file = file, .args = args, .env = env, .flags = flags, .gid = getgid()};
    uv_process_t process;
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    return status_told;
}

int main(void) {
    char path[300];
    char* none[] = {"name", NULL};
    char* two[] = {"name", "one", "two words", NULL};
    char* env[] = {path, NULL};
    FILE* file;
    watchdog(20);
    snprintf(path, sizeof path, "PATH=/nonexistent:%s", temp_dir());
    CHECK_EQ(chdir(temp_dir_path), 0);
    file = fopen("script", "w");
    CHECK(file != NULL);
    fputs("test \"$0\" != name || exit 1\ntest $# = 0 && exit 40\ntest $# = 2 && test \"$2\" = 'two words' && exit 42\n", file);
    fclose(file);
    CHECK_EQ(chmod("script", 0755), 0);
    file = fopen("empty", "w");
    CHECK(file != NULL);
    fclose(file);
    CHECK_EQ(chmod("empty", 0755), 0);
    CHECK_OK(uv_loop_init(&loop));
    for (unsigned flags = 0; flags <= UV_PROCESS_SETGID; flags += UV_PROCESS_SETGID) {
        CHECK_EQ(start("./script", none, NULL, flags), 40);
        CHECK_EQ(start("./script", two, NULL, flags), 42);
        CHECK_EQ(start("script", two, env, flags), 42);
        CHECK_EQ(start("./empty", two, NULL, flags), 0);
    }
    finish_loop(&loop);
    return 0;
}
