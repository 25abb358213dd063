/* An asynchronous open of a FIFO for reading succeeds with the first writer that opens it, also if that has written and
 * closed it again before anyone looks; what it wrote can be read. A writer that is there already counts, too, and a writer that
 * writes nothing. */
#include "check.h"

static uv_loop_t loop;
static uv_fs_t reader_req, writer_req;
static int opens;
static char fifo[300];

static void on_reader(uv_fs_t* req) { CHECK_GE(req->result, 0); opens++; }

static void on_writer(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    CHECK_EQ(write((int)req->result, "hello", 5), 5);
    CHECK_OK(close((int)req->result));
    opens++;
}

static void* write_and_leave(void* data) {
    int fd = open(fifo, O_WRONLY | O_CLOEXEC);
    CHECK_GE(fd, 0);
    if (data != NULL) CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_OK(close(fd));
    return NULL;
}

static void open_for_reading(void) {
    opens = 0;
    CHECK_OK(uv_fs_open(&loop, &reader_req, fifo, UV_FS_O_RDONLY, 0, on_reader));
}

static void check_what_was_read(ssize_t length) {
    char data[8];
    int fd = (int)reader_req.result;
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(read(fd, data, sizeof data), length);
    if (length > 0) CHECK_EQ(read(fd, data, sizeof data), 0);
    CHECK_OK(close(fd));
    uv_fs_req_cleanup(&reader_req);
}

static uv_timer_t timer;
static uv_work_t work[4];

static void sleep_in_pool(uv_work_t* req) { UNUSED(req); uv_sleep(100); }
static void on_work(uv_work_t* req, int status) { UNUSED(req); CHECK_OK(status); }

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    open_for_reading();
}

/* The writer waits already, and the pool has other things to do for a while. */
static void writer_first(void) {
    CHECK_OK(uv_fs_open(&loop, &writer_req, fifo, UV_FS_O_WRONLY, 0, on_writer));
    for (int i = 0; i < 4; i++) CHECK_OK(uv_queue_work(&loop, &work[i], sleep_in_pool, on_work));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 30, 0));
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_EQ(opens, 2);
    uv_fs_req_cleanup(&writer_req);
    check_what_was_read(5);
}

int main(void) {
    watchdog(20);
    snprintf(fifo, sizeof fifo, "%s/fifo", temp_dir());
    CHECK_EQ(mkfifo(fifo, 0600), 0);
    CHECK_OK(uv_loop_init(&loop));
    writer_first();
    for (int round = 0; round < 200; round++) {
        /* Both from the loop. */
        open_for_reading();
        CHECK_OK(uv_fs_open(&loop, &writer_req, fifo, UV_FS_O_WRONLY, 0, on_writer));
        CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
        CHECK_EQ(opens, 2);
        uv_fs_req_cleanup(&writer_req);
        check_what_was_read(5);
        /* The writer elsewhere, with something to say or without. */
        for (int quiet = 0; quiet < 2; quiet++) {
            pthread_t thread;
            open_for_reading();
            CHECK_OK(pthread_create(&thread, NULL, write_and_leave, quiet ? NULL : fifo));
            CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
            CHECK_OK(pthread_join(thread, NULL));
            CHECK_EQ(opens, 1);
            check_what_was_read(quiet ? 0 : 5);
        }
    }
    /* A writer that is there and quiet. */
    int both = open(fifo, O_RDWR | O_CLOEXEC);
    CHECK_GE(both, 0);
    open_for_reading();
    CHECK_OK(uv_run(&loop, UV_RUN_DEFAULT));
    CHECK_EQ(opens, 1);
    CHECK_OK(close(both));
    check_what_was_read(0);
    finish_loop(&loop);
    return 0;
}
