/* Where uv_spawn looks for a program, and which error it gives when there is none, or when several things are wrong. */
/* not on valgrind: it ends when the kernel refuses a program that it has found to be in order */
/* not on aarch64: every child is made by fork() under an emulator, and which of two mistakes is told differs */
#include "check.h"

static uv_loop_t loop;
static int status_told;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    status_told = (int)status;
    uv_close((uv_handle_t*)process, NULL);
}

/* The child's exit status, or the error. */
static int start(const char* file, const char* path, const char* cwd, int fd, unsigned flags) {
    char* args[] = {"name", "-c", "exit 3", NULL};
    char* env[] = {(char*)path, NULL};
    uv_stdio_container_t stdio = {.flags = fd == 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = fd};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = file, .args = args, .cwd = cwd, .flags = flags};
    uv_process_t process;
    int error;
    memset(&process, 0x55, sizeof process);
    options.gid = getgid();
    options.stdio = &stdio;
    options.stdio_count = 1;
    if (path != NULL) options.env = env;
    error = uv_spawn(&loop, &process, &options);
    if (error != 0) {
        CHECK_EQ(process.pid, 0);
        CHECK_EQ(process.status, 0);
        CHECK_EQ(uv_is_active((uv_handle_t*)&process), 0);
        uv_close((uv_handle_t*)&process, NULL);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    return error != 0 ? error : status_told;
}

static void write_program(const char* path, const char* text, mode_t mode) {
    FILE* file = fopen(path, "w");
    CHECK(file != NULL);
    fputs(text, file);
    fclose(file);
    CHECK_EQ(chmod(path, mode), 0);
}

static char* repeat(char byte, int count, const char* before, const char* after) {
    static char text[8192];
    int len = snprintf(text, sizeof text, "%s", before);
    memset(text + len, byte, (size_t)count);
    snprintf(text + len + count, sizeof text - (size_t)(len + count), "%s", after);
    return text;
}

static void check(unsigned flags) {
    static const int lengths[] = {256, 4000, 4090, 4095, 4096, 5000};
#define START(file, path) start(file, path, NULL, 0, flags)
    CHECK_EQ(START("sh", NULL), 3);
    CHECK_EQ(START("sh", "NOPATH=1"), 3);
    CHECK_EQ(START("sh", "PATH="), UV_ENOENT);
    CHECK_EQ(START("sh", "PATH=/nonexistent:/etc/passwd:/bin"), 3);
    CHECK_EQ(START("sh", "PATH=/nonexistent"), UV_ENOENT);
    /* The last error, but for one that says that there is such a file. */
    CHECK_EQ(START("sh", "PATH=/etc/passwd"), UV_ENOTDIR);
    CHECK_EQ(START("sh", "PATH=/nonexistent:/etc/passwd"), UV_ENOTDIR);
    CHECK_EQ(START("sh", "PATH=/etc/passwd:/nonexistent"), UV_ENOENT);
    CHECK_EQ(START("program", "PATH=a:b"), 6);
    CHECK_EQ(START("program", "PATH=a:/nonexistent"), UV_EACCES);
    CHECK_EQ(START("program", "PATH=a"), UV_EACCES);
    CHECK_EQ(START("local", "PATH=/nonexistent:"), 7);
    CHECK_EQ(START("local", "PATH=::/bin"), 7);
    CHECK_EQ(START("local", "PATH="), 7);
    CHECK_EQ(START("sh", "PATH=loop:/bin"), UV_ELOOP);
    CHECK_EQ(START("local", repeat('y', 5000, "PATH=/", ":")), 7);
    /* The C library, which libuv leaves it to with a group id, takes the working directory in place of the long one. */
    if (flags == 0) CHECK_EQ(START("local", repeat('y', 5000, "PATH=/", ":/nonexistent")), UV_ENOENT);
    CHECK_EQ(START("local", repeat('y', 4090, "PATH=/", ":")), UV_ENAMETOOLONG);
    CHECK_EQ(START("", NULL), flags == 0 ? UV_EACCES : UV_ENOENT);
    CHECK_EQ(START("/", NULL), UV_EACCES);
    CHECK_EQ(START("./a", NULL), UV_EACCES);
    CHECK_EQ(START("./a/program", NULL), UV_EACCES);
    CHECK_EQ(START("./local", NULL), 7);
    CHECK_EQ(START("/etc/passwd/x", NULL), UV_ENOTDIR);
    CHECK_EQ(START("./bad", NULL), UV_ENOENT);
    CHECK_EQ(START("bad", "PATH=/nonexistent:"), UV_ENOENT);
    CHECK_EQ(START(repeat('n', 255, "", ""), NULL), UV_ENOENT);
    CHECK_EQ(START(repeat('n', 254, "./", ""), NULL), UV_ENOENT);
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(START(repeat('n', lengths[i], "", ""), NULL), UV_ENAMETOOLONG);
        CHECK_EQ(START(repeat('n', lengths[i], "./", ""), NULL), UV_ENAMETOOLONG);
    }
    /* The folder, and the descriptors. */
    CHECK_EQ(start("./program", NULL, "b", 0, flags), 6);
    CHECK_EQ(start("/bin/sh", NULL, "/nonexistent", 0, flags), UV_ENOENT);
    CHECK_EQ(start("/bin/sh", NULL, "/etc/passwd", 0, flags), UV_ENOTDIR);
    CHECK_EQ(start("/bin/sh", NULL, "", 0, flags), UV_ENOENT);
    CHECK_EQ(start("/bin/sh", NULL, repeat('n', 5000, "", ""), 0, flags), UV_ENAMETOOLONG);
    CHECK_EQ(start("/etc/passwd/x", NULL, "/nonexistent", 0, flags), UV_ENOENT);
    CHECK_EQ(start(repeat('n', 256, "", ""), NULL, "/nonexistent", 0, flags), flags == 0 ? UV_ENAMETOOLONG : UV_ENOENT);
    CHECK_EQ(start("/bin/sh", NULL, NULL, 999, flags), UV_EBADF);
    CHECK_EQ(start("/nonexistent", NULL, NULL, 999, flags), UV_EBADF);
    CHECK_EQ(start("/bin/sh", NULL, NULL, -1, flags), UV_EINVAL);
    CHECK_EQ(start("/bin/sh", NULL, NULL, -2, flags), 3);
    CHECK_EQ(start("/bin/sh", NULL, "/nonexistent", 999, flags), flags == 0 ? UV_ENOENT : UV_EBADF);
}

int main(void) {
    uv_process_options_t options = {.file = "/bin/true", .stdio_count = -5, .exit_cb = on_exit_cb};
    char* args[] = {"true", NULL};
    uv_process_t process;
    watchdog(30);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_EQ(mkdir("a", 0700) | mkdir("b", 0700) | symlink("loop", "loop"), 0);
    write_program("a/program", "#!/bin/sh\nexit 5\n", 0600);
    write_program("b/program", "#!/bin/sh\nexit 6\n", 0700);
    write_program("local", "#!/bin/sh\nexit 7\n", 0700);
    write_program("bad", "#!/nonexistent/interpreter\n", 0700);
    CHECK_OK(uv_loop_init(&loop));
    check(0);
    check(UV_PROCESS_SETGID);
    /* A number of descriptors below 0 is none. */
    options.args = args;
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    if (getuid() == 0) {
        options.flags = UV_PROCESS_SETGID;
        options.gid = (uv_gid_t)-1;
        CHECK_EQ(uv_spawn(&loop, &process, &options), UV_EINVAL);
        uv_close((uv_handle_t*)&process, NULL);
    }
    finish_loop(&loop);
    return 0;
}
