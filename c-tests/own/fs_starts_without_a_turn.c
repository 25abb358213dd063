/* A file operation started outside uv_run starts at once: its effect is there without another turn of the loop. Only
 * its callback waits for uv_run. The same for one started in a callback, when the loop is not run again. */
#include "check.h"

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req, second, third;
static int calls;
static char path_a[300], path_b[300], path_c[300];

static void on_fs(uv_fs_t* r) {
    CHECK_GE(r->result, 0);
    if (r->fs_type == UV_FS_OPEN) close((int)r->result);
    uv_fs_req_cleanup(r);
    calls++;
}

static void appears(const char* path) {
    for (int i = 0; i < 3000 && access(path, F_OK) != 0; i++) sleep_ms(1);
    if (access(path, F_OK) != 0) FAIL("%s did not appear", path);
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    CHECK_OK(uv_fs_mkdir(&loop, &second, path_b, 0700, on_fs));
    CHECK_OK(uv_fs_open(&loop, &third, path_c, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, on_fs));
    uv_stop(&loop);
}

int main(void) {
    const char* dir;
    watchdog(10);
    dir = temp_dir();
    snprintf(path_a, sizeof path_a, "%s/a", dir);
    snprintf(path_b, sizeof path_b, "%s/b", dir);
    snprintf(path_c, sizeof path_c, "%s/c", dir);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_fs_open(&loop, &req, path_a, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, on_fs));
    appears(path_a);
    CHECK_EQ(calls, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 1);

    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    appears(path_b);
    appears(path_c);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 3);
    finish_loop(&loop);
    return 0;
}
