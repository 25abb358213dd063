/* A read at a place in a file gives all that was asked for, also where only a part of it is in memory; what is left of the
 * file at its end; and nothing behind that. */
#include "check.h"

enum { HALF = 1 << 20, WHOLE = 2 * HALF, TAIL = 100 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req;
static char data[WHOLE + 1], expected[WHOLE];
static uv_buf_t bufs[3];
static int file, step;

static void forget(off_t from, off_t length) {
    CHECK_EQ(fsync(file), 0);
    CHECK_EQ(posix_fadvise(file, from, length, POSIX_FADV_DONTNEED), 0);
}

static void on_read(uv_fs_t* r);

static void read_at(int64_t offset, size_t length) {
    memset(data, '.', sizeof data);
    bufs[0] = uv_buf_init(data, 1);
    bufs[1] = uv_buf_init(data + 1, 0);
    bufs[2] = uv_buf_init(data + 1, (unsigned)(length - 1));
    CHECK_OK(uv_fs_read(&loop, &req, file, bufs, 3, offset, on_read));
}

static void on_read(uv_fs_t* r) {
    static const ssize_t results[] = {WHOLE, WHOLE, TAIL, TAIL, 0, UV_EBADF};
    CHECK_EQ(r->result, results[step]);
    uv_fs_req_cleanup(r);
    switch (step++) {
        case 0:
            CHECK_EQ(memcmp(data, expected, WHOLE), 0);
            forget(HALF, HALF);
            read_at(0, WHOLE);
            break;
        case 1:
            CHECK_EQ(memcmp(data, expected, WHOLE), 0);
            read_at(WHOLE - TAIL, WHOLE);
            break;
        case 2:
            CHECK_EQ(memcmp(data, expected + WHOLE - TAIL, TAIL), 0);
            CHECK_EQ(data[TAIL], '.');
            forget(0, WHOLE);
            read_at(WHOLE - TAIL, WHOLE);
            break;
        case 3:
            CHECK_EQ(memcmp(data, expected + WHOLE - TAIL, TAIL), 0);
            read_at(WHOLE, 10);
            break;
        case 4:
            close(file);
            read_at(0, 10);
            break;
        default: break;
    }
}

static void on_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    read_at(0, WHOLE);
}

int main(void) {
    char path[300];
    watchdog(20);
    snprintf(path, sizeof path, "%s/file", temp_dir());
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(file, 0);
    for (size_t i = 0; i < WHOLE; i++) expected[i] = (char)('a' + i * 31 % 23);
    CHECK_EQ(write(file, expected, WHOLE), WHOLE);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(step, 6);
    finish_loop(&loop);
    return 0;
}
