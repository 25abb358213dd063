/* load_many: reads files whole, all in one call that may take a second.
 *
 *   cc load_many.c -luv -o load_many && ./load_many FILE…
 *
 * What does not fit is told by `size`; it would be asked for once more with more room. */
/* arguments: @file missing */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <uvring.h>

enum { ROOM = 2 << 20 };

static uvring_load_item_t* items;
static size_t count;

static void on_loads(uvring_many_t* req, int status) {
    for (size_t i = 0; i < count; i++) {
        unsigned sum = 0;
        if (items[i].status != 0) {
            printf("%s: %s\n", items[i].path, uv_strerror(items[i].status));
            continue;
        }
        for (size_t at = 0; at < items[i].done; at++) sum = sum * 31 + (unsigned char)items[i].base[at];
        printf("%s: %zu of %llu bytes, checksum %u\n", items[i].path, items[i].done, (unsigned long long)items[i].size, sum);
    }
    printf("%zu files, %zu not to be had, status %d\n", count, req->failed, status);
}

int main(int argc, char** argv) {
    uv_loop_t* loop = uv_default_loop();
    uvring_many_t req;
    count = (size_t)(argc - 1);
    items = calloc(count > 0 ? count : 1, sizeof *items);
    char* memory = malloc(count * ROOM + 1);
    if (items == NULL || memory == NULL) return 1;
    for (size_t i = 0; i < count; i++) {
        items[i] = (uvring_load_item_t){.path = argv[i + 1], .dir = UVRING_CWD, .base = memory + i * ROOM, .len = ROOM};
    }
    memset(&req, 0, sizeof req);
    uvring_timeout((uvring_req_t*)&req, 1000 * 1000 * 1000);
    int error = uvring_fs_load_many(loop, &req, items, count, on_loads);
    if (error != 0) {
        fprintf(stderr, "uvring_fs_load_many: %s\n", uv_strerror(error));
        return 1;
    }
    uv_run(loop, UV_RUN_DEFAULT);
    free(memory);
    free(items);
    return uv_loop_close(loop);
}
