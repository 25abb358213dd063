/* The files that the file benchmarks work on, made once in a folder and kept for the next run. */
#ifndef UVRING_BENCH_FILE_SET_H
#define UVRING_BENCH_FILE_SET_H

#include "common.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BLOCK = 4096, PER_FOLDER = 100, MOST_FOLDERS = 100, ENTRIES = 32 };

struct file_set {
    size_t count;
    char (*paths)[256];
    ino_t* inodes;
    int* fds;
};

static inline void make_folder(const char* path) {
    if (mkdir(path, 0777) != 0) CHECK(errno == EEXIST);
}

/* A block that tells which file it is of: its number at both ends. */
static inline void make_block(unsigned char* block, uint64_t number) {
    memset(block, (int)(number % 251), BLOCK);
    memcpy(block, &number, sizeof number);
    memcpy(block + BLOCK - sizeof number, &number, sizeof number);
}

static inline int is_block(const unsigned char* block, uint64_t number) {
    return memcmp(block, &number, sizeof number) == 0 &&
           memcmp(block + BLOCK - sizeof number, &number, sizeof number) == 0 && block[BLOCK / 2] == number % 251;
}

static inline void put_block(const char* path, uint64_t number, int blocks) {
    unsigned char block[BLOCK];
    struct stat st;
    if (stat(path, &st) == 0 && st.st_size == (off_t)BLOCK * blocks) return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    CHECK(fd >= 0);
    make_block(block, number);
    for (int i = 0; i < blocks; i++) CHECK(write(fd, block, BLOCK) == BLOCK);
    CHECK(close(fd) == 0);
}

/* `count` files of `blocks` blocks below `dir`/`kind`, at most 100 in a folder, in a shuffled order. */
static inline struct file_set make_files(const char* dir, const char* kind, size_t count, int blocks) {
    struct file_set set = {.count = count};
    char top[200];
    set.paths = calloc(count, sizeof *set.paths);
    set.inodes = calloc(count, sizeof *set.inodes);
    CHECK(set.paths != NULL && set.inodes != NULL);
    snprintf(top, sizeof top, "%s/%s", dir, kind);
    make_folder(top);
    for (size_t i = 0; i < count; i++) {
        snprintf(set.paths[i], sizeof set.paths[i], "%s/%zu", top, i / PER_FOLDER);
        if (i % PER_FOLDER == 0) make_folder(set.paths[i]);
        snprintf(set.paths[i], sizeof set.paths[i], "%s/%zu/%zu", top, i / PER_FOLDER, i % PER_FOLDER);
    }
    for (size_t i = count - 1; i > 0; i--) {
        char swapped[sizeof set.paths[0]];
        size_t j = next_random() % (i + 1);
        memcpy(swapped, set.paths[i], sizeof swapped);
        memcpy(set.paths[i], set.paths[j], sizeof swapped);
        memcpy(set.paths[j], swapped, sizeof swapped);
    }
    for (size_t i = 0; i < count; i++) {
        struct stat st;
        put_block(set.paths[i], i, blocks);
        CHECK(stat(set.paths[i], &st) == 0);
        set.inodes[i] = st.st_ino;
    }
    return set;
}

/* Opens as many of the files as there may be descriptors. */
static inline void open_files(struct file_set* set, int flags) {
    set->count = files_allowed(set->count);
    set->fds = calloc(set->count, sizeof *set->fds);
    CHECK(set->fds != NULL);
    for (size_t i = 0; i < set->count; i++) {
        set->fds[i] = open(set->paths[i], flags | O_CLOEXEC);
        CHECK(set->fds[i] >= 0);
    }
}

/* `count` folders with 32 empty files each. */
static inline struct file_set make_folders(const char* dir, size_t count) {
    struct file_set set = {.count = count < MOST_FOLDERS ? count : MOST_FOLDERS};
    char path[300];
    set.paths = calloc(set.count, sizeof *set.paths);
    CHECK(set.paths != NULL);
    snprintf(path, sizeof path, "%s/folders", dir);
    make_folder(path);
    for (size_t i = 0; i < set.count; i++) {
        snprintf(set.paths[i], sizeof set.paths[i], "%s/folders/%zu", dir, i);
        make_folder(set.paths[i]);
        for (int j = 0; j < ENTRIES; j++) {
            snprintf(path, sizeof path, "%s/%d", set.paths[i], j);
            int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
            CHECK(fd >= 0);
            close(fd);
        }
    }
    return set;
}

#endif
