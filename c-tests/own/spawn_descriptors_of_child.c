/* What a child has open: each descriptor that it is given has its new number only, and blocks; /dev/null where it is given
 * nothing below 3; and what the parent leaves open for any program. With a user or group id it is the same; libuv then leaves
 * the old numbers open as well, and descriptors from 3 on as they are. */
/* not on aarch64: the child would be run without the emulator */
#include "check.h"
#include <dirent.h>

enum { MOST = 24, NONE = -1 };

static uv_loop_t loop;
static char self[4096];

/* The child writes, in order, the number of each descriptor, the name of its file ("-" for /dev/null, "?" for those of the
 * test itself), and "!" if it does not block. */
static int child(void) {
    char text[1024] = "", link[32], name[300];
    int len = 0;
    for (int fd = 0; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFL);
        ssize_t n;
        if (flags == -1) continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, name, sizeof name - 1);
        if (n < 0) return 3;
        name[n] = 0;
        const char* last = strrchr(name, '/');
        if (strcmp(name, "/dev/null") == 0) last = "/-";
        if (last == NULL || strlen(last) != 2) last = "/?";
        len += snprintf(text + len, sizeof text - (size_t)len, "%d%s%s ", fd, last + 1, flags & O_NONBLOCK ? "!" : "");
    }
    FILE* file = fopen("seen", "w");
    if (file == NULL) return 4;
    fputs(text, file);
    return fclose(file) == 0 ? 0 : 5;
}

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK_EQ(signal, 0);
    CHECK_EQ(status, 0);
    uv_close((uv_handle_t*)process, NULL);
}

static void check(unsigned flags, const int* fds, int count, const char* expected) {
    uv_stdio_container_t stdio[MOST];
    char* args[] = {self, "child", NULL};
    char seen[1024] = "";
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = self, .args = args, .flags = flags, .gid = getgid()};
    uv_process_t process;
    FILE* file;
    for (int i = 0; i < count; i++) {
        stdio[i].flags = fds[i] == NONE ? UV_IGNORE : UV_INHERIT_FD;
        stdio[i].data.fd = fds[i];
    }
    options.stdio = stdio;
    options.stdio_count = count;
    CHECK_EQ(fcntl(21, F_SETFL, O_NONBLOCK), 0);
    unlink("seen");
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    file = fopen("seen", "r");
    CHECK(file != NULL);
    CHECK(fgets(seen, sizeof seen, file) != NULL);
    fclose(file);
    CHECK_STR(seen, expected);
}

#define CHILD_SEES(expected, ...)                                                    \
    do {                                                                             \
        static const int fds[] = {__VA_ARGS__};                                      \
        check(0, fds, sizeof fds / sizeof fds[0], expected);                         \
        if (!is_libuv) check(UV_PROCESS_SETGID, fds, sizeof fds / sizeof *fds, expected); \
    } while (0)

static void open_at(int number, const char* name, int flags) {
    int fd = open(name, O_RDWR | O_CREAT, 0600);
    CHECK_GE(fd, 0);
    CHECK_EQ(dup3(fd, number, flags), number);
    close(fd);
}

int main(int argc, char** argv) {
    const char* driver = getenv("UVRING_TEST_DRIVER");
    int is_libuv = driver != NULL && strcmp(driver, "libuv") == 0;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (argc > 1 && strcmp(argv[1], "child") == 0) return child();
    CHECK_GT(len, 0);
    watchdog(30);
    CHECK_EQ(chdir(temp_dir()), 0);
    for (int fd = 3; fd < 64; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
    open_at(0, "x", 0);
    open_at(1, "y", 0);
    open_at(20, "a", 0);
    open_at(21, "b", 0);
    open_at(22, "c", O_CLOEXEC);
    CHECK_OK(uv_loop_init(&loop));

    CHILD_SEES("0- 1- 2- 20a 21b! ", NONE);
    CHILD_SEES("0- 1- 2- 20a 21b! ", NONE, NONE, NONE, NONE, NONE);
    CHILD_SEES("0x 1y 2? 20a 21b! ", 0, 1, 2);
    CHILD_SEES("0y 1x 2? 20a 21b! ", 1, 0, 2);
    CHILD_SEES("0y 1? 2x 20a 21b! ", 1, 2, 0);
    CHILD_SEES("0x 1x 2x 20a 21b! ", 0, 0, 0);
    CHILD_SEES("0- 1a 2a 21b! ", NONE, 20, 20);
    CHILD_SEES("0c 1- 2- 20a 21b! ", 22);
    CHILD_SEES("0b 1- 2- 20a ", 21);
    CHILD_SEES("0- 1- 2- 3b 20a ", NONE, NONE, NONE, 21);
    CHILD_SEES("0- 1- 2- 4a 21b! ", NONE, NONE, NONE, NONE, 20);
    CHILD_SEES("0- 1- 2- 3x 20a 21b! ", NONE, NONE, NONE, 0);
    /* A number that is a place, too, to which nothing is given, stays; and a place may be its own source. */
    CHILD_SEES("0- 1- 2- 20a 21b! 23a ", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
               NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 20);
    CHILD_SEES("0- 1- 2- 20a 21b 22c ", NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
               NONE, NONE, NONE, NONE, NONE, NONE, 20, 21, 22);
    finish_loop(&loop);
    return 0;
}
