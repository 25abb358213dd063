/* A working folder whose path is longer than PATH_MAX is told, and the size that it takes where there is too little room. */
/* not on libuv: it looks no further than PATH_MAX */
/* not on aarch64: nor does qemu */
#include "check.h"

int main(void) {
    char name[201] = "", top[PATH_MAX], *path;
    size_t size = 10, length;
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    watchdog(10);
    CHECK(getcwd(top, sizeof top) != NULL);
    memset(name, 'd', sizeof name - 1);
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(mkdir(name, 0755), 0);
        CHECK_EQ(chdir(name), 0);
    }
    length = strlen(top) + 30 * sizeof name;
    path = malloc(length + 1);
    CHECK_EQ(uv_cwd(path, &size), UV_ENOBUFS);
    CHECK_EQ(size, length + 1);
    CHECK_OK(uv_cwd(path, &size));
    CHECK_EQ(size, length);
    CHECK_EQ(strlen(path), length);
    CHECK_EQ(strncmp(path, top, strlen(top)), 0);
    free(path);
    CHECK_EQ(fchdir(fd), 0);
    close(fd);
    return 0;
}
