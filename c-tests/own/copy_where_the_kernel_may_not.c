/* Where a filter refuses copy_file_range with EPERM or EACCES, files are copied and sent all the same. A copy that fails leaves a device
 * alone that it was to write to. */
/* not on libuv: it gives the error of copy_file_range, and removes the device */
/* not on valgrind: the filter answers what valgrind asks */
/* not on aarch64: qemu does not pass filters on */
#include "check.h"
#include "refuse_syscalls.h"
#include <sys/sysmacros.h>
#include <sys/wait.h>

static void write_file(const char* path, const char* text) {
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    CHECK_GE(fd, 0);
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void copies(int error) {
    uv_fs_t req;
    char got[8] = "";
    int from, to;
    if (!refuse_syscalls(SYS_copy_file_range, SYS_copy_file_range, SECCOMP_RET_ERRNO | (unsigned)error)) _exit(77);
    CHECK_OK(uv_fs_copyfile(NULL, &req, "a", "b", 0, NULL));
    CHECK((from = open("a", O_RDONLY)) >= 0 && (to = open("c", O_CREAT | O_RDWR, 0644)) >= 0);
    CHECK_EQ(uv_fs_sendfile(NULL, &req, to, from, 0, 100, NULL), 5);
    CHECK_EQ(pread(to, got, sizeof got, 0), 5);
    CHECK_STR(got, "hello");
    close(to);
    CHECK((to = open("b", O_RDONLY)) >= 0);
    CHECK_EQ(pread(to, got, sizeof got, 0), 5);
    CHECK_STR(got, "hello");
    _exit(0);
}

int main(void) {
    int errors[] = {EPERM, EACCES}, status;
    struct stat st;
    uv_fs_t req;
    watchdog(20);
    write_file("a", "hello");
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) copies(errors[i]);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("no filter can be set here");
        CHECK_EQ(status, 0);
    }
    /* One of our own that is always full. */
    if (mknod("full", S_IFCHR | 0600, makedev(1, 7)) != 0) SKIP("no device can be made here");
    int fd = open("full", O_WRONLY);
    if (fd < 0) SKIP("no device can be opened here");
    close(fd);
    CHECK_LT(uv_fs_copyfile(NULL, &req, "a", "full", 0, NULL), 0);
    CHECK_EQ(lstat("full", &st), 0);
    CHECK(S_ISCHR(st.st_mode));
    return 0;
}
