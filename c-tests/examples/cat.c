/* cat: copies a file to standard output, reading ahead of the writes: while one buffer is written the next is read.
 *
 *   cc cat.c -luv -o cat && ./cat FILE */
/* arguments: @file */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { SIZE = 65536 };

static uv_loop_t loop;
static uv_file in;
static uv_fs_t read_req, write_req;
static char buffers[2][SIZE];
static int reading_into; /* The buffer that is read into; the other is written, or empty. */
static ssize_t read_bytes = -1, to_write, written; /* -1: it is under way. */
static int is_writing;
static int64_t offset;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void next(void);

static void on_read(uv_fs_t* req) {
    read_bytes = req->result;
    if (read_bytes < 0) fail("read", (int)read_bytes);
    uv_fs_req_cleanup(req);
    next();
}

static void on_write(uv_fs_t* req) {
    if (req->result < 0) fail("write", (int)req->result);
    written += req->result;
    is_writing = 0;
    uv_fs_req_cleanup(req);
    next();
}

static void start_read(void) {
    uv_buf_t buf = uv_buf_init(buffers[reading_into], SIZE);
    read_bytes = -1;
    int error = uv_fs_read(&loop, &read_req, in, &buf, 1, offset, on_read);
    if (error != 0) fail("read", error);
}

static void next(void) {
    if (is_writing) return;
    if (written < to_write) {
        uv_buf_t buf = uv_buf_init(buffers[!reading_into] + written, (unsigned)(to_write - written));
        is_writing = 1;
        int error = uv_fs_write(&loop, &write_req, 1, &buf, 1, -1, on_write);
        if (error != 0) fail("write", error);
        return;
    }
    if (read_bytes <= 0) return; /* It is under way, or that was the end. */
    /* What was read is written, and the next is read meanwhile. */
    offset += read_bytes;
    to_write = read_bytes;
    written = 0;
    reading_into = !reading_into;
    start_read();
    next();
}

int main(int argc, char** argv) {
    uv_fs_t req;
    if (argc != 2) {
        fprintf(stderr, "cat FILE\n");
        return 2;
    }
    uv_loop_init(&loop);
    in = uv_fs_open(NULL, &req, argv[1], O_RDONLY, 0, NULL);
    if (in < 0) fail(argv[1], in);
    start_read();
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_fs_close(NULL, &req, in, NULL);
    return uv_loop_close(&loop) != 0;
}
