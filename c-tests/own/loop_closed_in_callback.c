/* A callback may close the loop that calls it, when its handle or request was the last: uv_run returns 0 and leaves the loop's
 * memory alone, even if that was freed or is another loop by then. While a handle is open the answer is UV_EBUSY. */
/* not on libuv: it uses the closed loop, which its assertions fill with ones */
/* on tsan: threads meet here */
#include "check.h"

enum { CLOSE, DELETE, AGAIN };

static uv_loop_t* loop;
static uv_timer_t timer;
static uv_fs_t fs;
static uv_work_t work;
static uv_random_t random_req;
static unsigned char bytes[8];
static int what, closed;

static void close_loop(void) {
    CHECK_EQ(uv_loop_alive(loop), 0);
    if (what == DELETE) {
        uv_loop_delete(loop);
    } else {
        CHECK_EQ(uv_loop_close(loop), 0);
        if (what == CLOSE) CHECK_EQ(uv_loop_close(loop), UV_EBUSY);
        if (what == AGAIN) CHECK_OK(uv_loop_init(loop));
    }
    closed++;
}

static void on_close(uv_handle_t* handle) { UNUSED(handle); close_loop(); }

static void on_timer(uv_timer_t* handle) {
    CHECK_EQ(uv_loop_close(loop), UV_EBUSY);
    uv_close((uv_handle_t*)handle, on_close);
    CHECK_EQ(uv_loop_close(loop), UV_EBUSY);
}

static void on_fs(uv_fs_t* req) {
    uv_fs_req_cleanup(req);
    close_loop();
}

static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); close_loop(); }

static void on_random(uv_random_t* req, int status, void* buf, size_t len) {
    UNUSED(req);
    UNUSED(buf);
    UNUSED(len);
    CHECK_EQ(status, 0);
    close_loop();
}

static void start(int kind) {
    switch (kind) {
        case 0:
            CHECK_OK(uv_timer_init(loop, &timer));
            CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
            break;
        case 1:
            CHECK_OK(uv_fs_stat(loop, &fs, "/", on_fs));
            break;
        case 2:
            CHECK_OK(uv_fs_open(loop, &fs, "/nothing/here", O_RDONLY, 0, on_fs));
            break;
        case 3:
            CHECK_OK(uv_queue_work(loop, &work, do_nothing, after_work));
            break;
        default:
            CHECK_OK(uv_random(loop, &random_req, bytes, sizeof bytes, 0, on_random));
            break;
    }
}

int main(void) {
    uv_run_mode modes[] = {UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT};
    int runs = 0;
    watchdog(20);
    for (what = CLOSE; what <= AGAIN; what++) {
        for (int kind = 0; kind < 5; kind++) {
            for (int m = 0; m < 3; m++) {
                int alive = 1;
                closed = 0;
                loop = uv_loop_new();
                CHECK(loop != NULL);
                start(kind);
                for (int i = 0; !closed && i < 5000; i++) {
                    alive = uv_run(loop, modes[m]);
                    if (modes[m] == UV_RUN_NOWAIT && !closed) sleep_ms(1);
                }
                CHECK_EQ(closed, 1);
                CHECK_EQ(alive, 0);
                runs++;
                if (what != DELETE) uv_loop_delete(loop);
            }
        }
    }
    CHECK_EQ(runs, 45);
    return 0;
}
