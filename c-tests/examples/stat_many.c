/* stat_many: how many bytes the files of a directory have, all asked for in one call.
 *
 *   cc stat_many.c -luv -o stat_many && ./stat_many DIRECTORY
 *
 * The items' paths are names in the directory, which is named by its descriptor. Threads of the pool take them by 32. */
/* arguments: . */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <uvring.h>

static uvring_stat_item_t* items;
static size_t count;

static void on_stats(uvring_many_t* req, int status) {
    unsigned long long bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].status == 0) bytes += items[i].stat.st_size;
    }
    printf("%zu names, %llu bytes, %zu not to be had, status %d\n", count, bytes, req->failed, status);
}

int main(int argc, char** argv) {
    uv_loop_t* loop = uv_default_loop();
    uvring_many_t req;
    uv_fs_t scan;
    uv_dirent_t entry;
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 1;
    }
    int dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int names = uv_fs_scandir(loop, &scan, argv[1], 0, NULL);
    items = calloc(names > 0 ? (size_t)names : 1, sizeof *items);
    if (dir < 0 || names < 0 || items == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], names < 0 ? uv_strerror(names) : "cannot be opened");
        return 1;
    }
    while (uv_fs_scandir_next(&scan, &entry) == 0) {
        items[count].path = entry.name; /* The scan's, until it is cleaned up. */
        items[count++].dir = dir;
    }
    int error = uvring_fs_stat_many(loop, &req, items, count, UVRING_STAT_NOFOLLOW, on_stats);
    if (error != 0) {
        fprintf(stderr, "uvring_fs_stat_many: %s\n", uv_strerror(error));
        return 1;
    }
    uv_run(loop, UV_RUN_DEFAULT);
    uv_fs_req_cleanup(&scan);
    free(items);
    return uv_loop_close(loop);
}
