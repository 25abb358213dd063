/* Requests with a callback but no loop, or no request: UV_EINVAL. */
/* not on libuv: it reads and writes at NULL */
#include "check.h"

static uv_loop_t loop;

static void on_name(uv_getnameinfo_t* req, int status, const char* host, const char* service) {
    UNUSED(req); UNUSED(status); UNUSED(host); UNUSED(service);
    FAIL("a callback");
}
static void on_random(uv_random_t* req, int status, void* buf, size_t len) {
    UNUSED(req); UNUSED(status); UNUSED(buf); UNUSED(len);
    FAIL("a callback");
}
static void on_fs(uv_fs_t* req) { UNUSED(req); FAIL("a callback"); }
static void do_work(uv_work_t* req) { UNUSED(req); FAIL("a job"); }

int main(void) {
    struct sockaddr_in addr = loopback(80);
    uv_getnameinfo_t name;
    uv_random_t random;
    uv_work_t work;
    uv_fs_t fs;
    char byte;
    uv_buf_t buf = uv_buf_init(&byte, 1);
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_getnameinfo(NULL, &name, on_name, (struct sockaddr*)&addr, 0), UV_EINVAL);
    CHECK_EQ(uv_random(NULL, &random, &byte, 1, 0, on_random), UV_EINVAL);
    CHECK_EQ(uv_random(&loop, NULL, &byte, 1, 0, on_random), UV_EINVAL);
    CHECK_EQ(uv_queue_work(NULL, &work, do_work, NULL), UV_EINVAL);
    CHECK_EQ(uv_queue_work(&loop, NULL, do_work, NULL), UV_EINVAL);
    CHECK_EQ(uv_fs_stat(NULL, &fs, "/", on_fs), UV_EINVAL);
    CHECK_EQ(uv_fs_mkdtemp(NULL, &fs, "aXXXXXX", on_fs), UV_EINVAL);
    CHECK_EQ(uv_fs_read(NULL, &fs, 0, &buf, 1, -1, on_fs), UV_EINVAL);
    CHECK_EQ(uv_fs_close(NULL, &fs, 0, on_fs), UV_EINVAL);
    CHECK_EQ(fcntl(0, F_GETFD) == -1, 0);
    finish_loop(&loop);
    return 0;
}
