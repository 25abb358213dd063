/* A close is done after what was asked for before it with the same descriptor, as programs count on that close what they write to
 * without waiting. With one thread all file requests are done in the order in which they were made; but on the ring with one processor
 * a write and what forces it to the disk are two kernel workers' business. */
/* on tsan: threads meet here */
#include "check.h"

enum { ROUNDS = 20 };

static uv_work_t work;
static uv_fs_t write_req, sync_req, close_req;
static uv_file file;
static int done, working, rounds, may_overtake;

static void sleep_a_while(uv_work_t* req) {
    UNUSED(req);
    sleep_ms(10);
}

static void after_sleep(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_OK(status);
    working = 0;
}

static void on_written(uv_fs_t* req) {
    CHECK_EQ(req->result, 5);
    CHECK(done++ == 0 || may_overtake);
}

static void on_synced(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    CHECK(done++ == 1 || may_overtake);
}

static void on_closed(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    CHECK_EQ(done++, 2);
}

static void on_idle(uv_idle_t* idle) {
    static char text[] = "hello";
    uv_buf_t buf = uv_buf_init(text, 5);
    uv_fs_t open_req;
    if (rounds > 0 && (done < 3 || working)) return;
    if (rounds++ == ROUNDS) {
        uv_close((uv_handle_t*)idle, NULL);
        return;
    }
    done = 0;
    working = 1;
    file = uv_fs_open(idle->loop, &open_req, "file", O_CREAT | O_RDWR, 0600, NULL);
    CHECK_OK(file);
    uv_fs_req_cleanup(&open_req);
    CHECK_OK(uv_queue_work(idle->loop, &work, sleep_a_while, after_sleep));
    CHECK_OK(uv_fs_write(idle->loop, &write_req, file, &buf, 1, rounds % 2 ? 0 : -1, on_written));
    CHECK_OK(uv_fs_fdatasync(idle->loop, &sync_req, file, on_synced));
    CHECK_OK(uv_fs_close(idle->loop, &close_req, file, on_closed));
}

int main(void) {
    uv_loop_t loop;
    uv_idle_t idle;
    watchdog(20);
    may_overtake = uv_available_parallelism() == 1 && strcmp(getenv("UVRING_TEST_DRIVER"), "ring") == 0;
    CHECK_EQ(setenv("UV_THREADPOOL_SIZE", "1", 1), 0);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 3);
    finish_loop(&loop);
    return 0;
}
