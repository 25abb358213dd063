/* The same operations as in files.c by plain system calls: what there is to reach with one in flight. */
#include "file_set.h"

#include <dirent.h>

static struct file_set set;
static unsigned char block[BLOCK];

static void do_stat(size_t i) {
    struct stat st;
    CHECK(stat(set.paths[i], &st) == 0 && st.st_size == BLOCK && st.st_ino == set.inodes[i]);
}

static void do_read(size_t i) {
    CHECK(pread(set.fds[i], block, BLOCK, 0) == BLOCK && is_block(block, i));
}

static void do_write(size_t i) {
    CHECK(pwrite(set.fds[i], block, BLOCK, 0) == BLOCK);
}

static void do_open(size_t i) {
    int fd = open(set.paths[i], O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && close(fd) == 0);
}

static void do_small(size_t i) {
    struct stat st;
    int fd = open(set.paths[i], O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == BLOCK);
    CHECK(pread(fd, block, BLOCK, 0) == BLOCK && is_block(block, i));
    CHECK(close(fd) == 0);
}

static void do_readdir(size_t i) {
    int found = -2; /* . and .. */
    DIR* dir = opendir(set.paths[i]);
    CHECK(dir != NULL);
    while (readdir(dir) != NULL) found++;
    CHECK(found == ENTRIES && closedir(dir) == 0);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    const char *op = arg("op", "stat"), *dir = arg("dir", ".");
    size_t files = (size_t)number("files", 1), next = 0;
    void (*operate)(size_t) = do_stat;
    if (strcmp(op, "readdir") == 0 || strcmp(op, "scandir") == 0) {
        set = make_folders(dir, files);
        operate = do_readdir;
    } else if (strcmp(op, "write") == 0) {
        set = make_files(dir, files == 1 ? "written-one" : "written", files, files == 1 ? 256 : 1);
        open_files(&set, O_RDWR);
        operate = do_write;
    } else {
        set = make_files(dir, files == 1 ? "read-one" : "read", files, 1);
        if (strcmp(op, "read") == 0) open_files(&set, O_RDONLY);
        if (strcmp(op, "read") == 0) operate = do_read;
        if (strcmp(op, "open") == 0) operate = do_open;
        if (strcmp(op, "small") == 0) operate = do_small;
    }
    window_prepare();
    do operate(next++ % set.count);
    while (window_count(1, 16));
    window_report();
    return 0;
}
