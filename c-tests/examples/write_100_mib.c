/* Writes a file of 100 MiB in pieces of 4 KiB, with many of them in flight, and reads it back. A piece of which only a part was
 * written is gone on with.
 *
 *   cc write_100_mib.c -luv -o write_100_mib && ./write_100_mib [MIB] [IN_FLIGHT] */
/* arguments: 10 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { PIECE = 4096, MOST_IN_FLIGHT = 1024 };

struct piece {
    uv_fs_t req;
    int64_t at;
    size_t done;
    unsigned char bytes[PIECE];
};

static uv_loop_t loop;
static uv_file file;
static int64_t size, next_piece;
static int is_writing = 1;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static unsigned char byte_at(int64_t at) { return (unsigned char)(at * 7 + (at >> 12)); }

static void on_done(uv_fs_t* req);

/* Starts, or goes on with, a piece. */
static void go_on(struct piece* piece) {
    uv_buf_t buf = uv_buf_init((char*)piece->bytes + piece->done, (unsigned)(PIECE - piece->done));
    int64_t at = piece->at + (int64_t)piece->done;
    int error = is_writing ? uv_fs_write(&loop, &piece->req, file, &buf, 1, at, on_done)
                           : uv_fs_read(&loop, &piece->req, file, &buf, 1, at, on_done);
    if (error != 0) fail("start", error);
}

static void next(struct piece* piece) {
    if (next_piece == size) return;
    piece->at = next_piece;
    piece->done = 0;
    next_piece += PIECE;
    for (int i = 0; is_writing && i < PIECE; i++) piece->bytes[i] = byte_at(piece->at + i);
    go_on(piece);
}

static void on_done(uv_fs_t* req) {
    struct piece* piece = (struct piece*)req;
    if (req->result <= 0) fail(is_writing ? "write" : "read", req->result < 0 ? (int)req->result : UV_EOF);
    piece->done += (size_t)req->result;
    uv_fs_req_cleanup(req);
    if (piece->done < PIECE) {
        go_on(piece);
        return;
    }
    for (int i = 0; !is_writing && i < PIECE; i++) {
        if (piece->bytes[i] != byte_at(piece->at + i)) fail("another byte came back", UV_EIO);
    }
    next(piece);
}

static double run(struct piece* pieces, int in_flight) {
    uint64_t start = uv_hrtime();
    next_piece = 0;
    for (int i = 0; i < in_flight; i++) next(&pieces[i]);
    uv_run(&loop, UV_RUN_DEFAULT);
    return (double)(uv_hrtime() - start) / 1e9;
}

int main(int argc, char** argv) {
    int mib = argc > 1 ? atoi(argv[1]) : 100;
    int in_flight = argc > 2 ? atoi(argv[2]) : 128;
    struct piece* pieces = calloc(MOST_IN_FLIGHT, sizeof *pieces);
    uv_fs_t req;
    if (mib < 1 || in_flight < 1 || in_flight > MOST_IN_FLIGHT) {
        fprintf(stderr, "write_100_mib [MIB] [IN_FLIGHT]\n");
        return 2;
    }
    size = (int64_t)mib << 20;
    uv_loop_init(&loop);
    file = uv_fs_open(NULL, &req, "written", O_RDWR | O_CREAT | O_TRUNC, 0600, NULL);
    if (file < 0) fail("open", file);
    double writing = run(pieces, in_flight);
    is_writing = 0;
    double reading = run(pieces, in_flight);
    uv_fs_close(NULL, &req, file, NULL);
    uv_fs_unlink(NULL, &req, "written", NULL);
    free(pieces);
    printf("%d MiB with %d in flight: written at %.0f MB/s, read at %.0f MB/s\n", mib, in_flight,
           (double)size / writing / 1e6, (double)size / reading / 1e6);
    return uv_loop_close(&loop) != 0;
}
