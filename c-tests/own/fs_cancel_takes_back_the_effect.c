/* A file operation that uv_cancel takes back leaves nothing behind: it ends with UV_ECANCELED and was not done. One that
 * uv_cancel comes too late for (UV_EBUSY) is done. The callback comes from the loop, never from inside uv_cancel. */
/* on tsan: threads meet here */
#include "check.h"

enum { DIRS = 50 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t reqs[DIRS];
static char paths[DIRS][300];
static int cancelled[DIRS], calls, inside;

static void on_mkdir(uv_fs_t* req) {
    int i = (int)(req - reqs);
    CHECK_EQ(inside, 0);
    CHECK_EQ(req->result, cancelled[i] ? UV_ECANCELED : 0);
    CHECK_STR(req->path, paths[i]);
    uv_fs_req_cleanup(req);
    calls++;
}

static void start_all(void) {
    inside = 1;
    for (int i = 0; i < DIRS; i++) CHECK_OK(uv_fs_mkdir(&loop, &reqs[i], paths[i], 0700, on_mkdir));
    for (int i = DIRS; i-- > 0;) {
        int r = uv_cancel((uv_req_t*)&reqs[i]);
        cancelled[i] = r == 0;
        if (r != 0) CHECK_EQ(r, UV_EBUSY);
    }
    inside = 0;
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    start_all();
}

static void check_all(void) {
    CHECK_EQ(calls, DIRS);
    for (int i = 0; i < DIRS; i++) CHECK_EQ(rmdir(paths[i]) == 0, !cancelled[i]);
    calls = 0;
}

int main(void) {
    const char* dir;
    watchdog(10);
    dir = temp_dir();
    for (int i = 0; i < DIRS; i++) snprintf(paths[i], sizeof paths[i], "%s/%d", dir, i);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    start_all();
    uv_run(&loop, UV_RUN_DEFAULT);
    check_all();
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    check_all();
    finish_loop(&loop);
    return 0;
}
