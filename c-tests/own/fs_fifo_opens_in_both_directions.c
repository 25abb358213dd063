/* An asynchronous open of a FIFO waits for the other end, in either direction, without stopping the loop, and the two
 * ends then carry data. A non-blocking open for writing without a reader fails with UV_ENXIO. */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t reader_req, writer_req, read_req, write_req;
static int opens, ticks;
static char fifo[300];

static void on_timer(uv_timer_t* handle) { UNUSED(handle); ticks++; }
static void on_open(uv_fs_t* req) { UNUSED(req); opens++; }

static void run_until_opens(int count) {
    while (opens < count) uv_run(&loop, UV_RUN_ONCE);
}

static int transfers;

static void on_transfer(uv_fs_t* req) {
    CHECK_EQ(req->result, 5);
    transfers++;
}

/* Who opens first waits; the other end comes from this process by a plain call or by a second request. */
static void open_both(int first_flags, int second_async) {
    int second_flags = first_flags == UV_FS_O_RDONLY ? O_WRONLY : O_RDONLY;
    int ends[2], second;
    char data[6] = "";
    uv_buf_t out = uv_buf_init((char*)"hello", 5);
    uv_buf_t in = uv_buf_init(data, 5);
    opens = ticks = transfers = 0;
    CHECK_OK(uv_fs_open(&loop, &reader_req, fifo, first_flags, 0, on_open));
    while (ticks < 5) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(opens, 0);
    if (second_async) {
        CHECK_OK(uv_fs_open(&loop, &writer_req, fifo, second_flags, 0, on_open));
        run_until_opens(2);
        second = (int)writer_req.result;
        uv_fs_req_cleanup(&writer_req);
    } else {
        second = open(fifo, second_flags | O_CLOEXEC);
        run_until_opens(1);
    }
    CHECK_GE(second, 0);
    CHECK_GE(reader_req.result, 0);
    ends[first_flags == UV_FS_O_RDONLY ? 0 : 1] = (int)reader_req.result;
    ends[first_flags == UV_FS_O_RDONLY ? 1 : 0] = second;
    uv_fs_req_cleanup(&reader_req);
    /* Opened blocking, as asked: a read with nothing there waits, and the loop does not. */
    CHECK_EQ(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    CHECK_OK(uv_fs_read(&loop, &read_req, ends[0], &in, 1, -1, on_transfer));
    ticks = 0;
    while (ticks < 3) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(transfers, 0);
    CHECK_OK(uv_fs_write(&loop, &write_req, ends[1], &out, 1, -1, on_transfer));
    while (transfers < 2) uv_run(&loop, UV_RUN_ONCE);
    CHECK_STR(data, "hello");
    uv_fs_req_cleanup(&read_req);
    uv_fs_req_cleanup(&write_req);
    /* One open each: with the writer gone the reader sees the end. */
    close(ends[1]);
    CHECK_EQ(read(ends[0], data, 1), 0);
    close(ends[0]);
}

int main(void) {
    watchdog(10);
    snprintf(fifo, sizeof fifo, "%s/fifo", temp_dir());
    CHECK_EQ(mkfifo(fifo, 0600), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 5));
    for (int round = 0; round < 3; round++) {
        open_both(UV_FS_O_RDONLY, 0);
        open_both(UV_FS_O_WRONLY, 0);
        open_both(UV_FS_O_RDONLY, 1);
        open_both(UV_FS_O_WRONLY, 1);
    }
    opens = 0;
    CHECK_OK(uv_fs_open(&loop, &reader_req, fifo, UV_FS_O_WRONLY | UV_FS_O_NONBLOCK, 0, on_open));
    run_until_opens(1);
    CHECK_EQ(reader_req.result, UV_ENXIO);
    uv_fs_req_cleanup(&reader_req);
    CHECK_OK(uv_fs_open(&loop, &reader_req, fifo, UV_FS_O_RDONLY | UV_FS_O_NONBLOCK, 0, on_open));
    run_until_opens(2);
    CHECK_GE(reader_req.result, 0);
    CHECK_EQ(fcntl((int)reader_req.result, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    close((int)reader_req.result);
    uv_fs_req_cleanup(&reader_req);
    finish_loop(&loop);
    return 0;
}
