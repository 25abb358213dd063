/* Law 2: a request of any kind may be freed, or used for the next call, in its own callback. The memory is overwritten
 * first, so that whoever looks at it again goes wrong. */
/* on tsan: threads meet here */
#include "check.h"

enum { ROUNDS = 40 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static int done;

static void burn(void* req, size_t size) {
    memset(req, 0xa5, size);
    free(req);
    done++;
}

static void on_write(uv_write_t* req, int status) { CHECK_EQ(status, 0); burn(req, sizeof *req); }
static void on_shutdown(uv_shutdown_t* req, int status) { CHECK_EQ(status, 0); burn(req, sizeof *req); }
static void after_work(uv_work_t* req, int status) { CHECK_EQ(status, 0); burn(req, sizeof *req); }

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, UV_ENOENT);
    uv_fs_req_cleanup(req);
    burn(req, sizeof *req);
}

static void on_connect(uv_connect_t* req, int status) {
    uv_stream_t* stream = req->handle;
    static char bytes[100000];
    uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
    CHECK_EQ(status, 0);
    burn(req, sizeof *req);
    CHECK_OK(uv_write(malloc(sizeof(uv_write_t)), stream, &buf, 1, on_write));
    CHECK_OK(uv_shutdown(malloc(sizeof(uv_shutdown_t)), stream, on_shutdown));
}

static int left;

static void after_reused_work(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    if (--left > 0) CHECK_OK(uv_queue_work(&loop, req, do_nothing, after_reused_work));
}

static void on_reused_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    if (--left > 0) CHECK_OK(uv_fs_stat(&loop, req, "/", on_reused_fs));
}

int main(void) {
    uv_work_t work;
    uv_fs_t fs_req;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int round = 0; round < ROUNDS; round++) {
        struct sockaddr_in addr;
        char byte[1000];
        int listener = listen_plain(1);
        int fd;
        size_t total = 0;
        ssize_t n;
        addr = loopback(socket_port(listener));
        done = 0;
        CHECK_OK(uv_tcp_init(&loop, &tcp));
        CHECK_OK(uv_tcp_connect(malloc(sizeof(uv_connect_t)), &tcp, (struct sockaddr*)&addr, on_connect));
        CHECK_OK(uv_queue_work(&loop, malloc(sizeof(uv_work_t)), do_nothing, after_work));
        CHECK_OK(uv_fs_stat(&loop, malloc(sizeof(uv_fs_t)), "/nowhere/at/all", on_fs));
        CHECK_OK(uv_fs_open(&loop, malloc(sizeof(uv_fs_t)), "/nowhere/at/all", UV_FS_O_RDONLY, 0, on_fs));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(done, 6);
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        while ((n = recv(fd, byte, sizeof byte, 0)) > 0) total += (size_t)n;
        CHECK_EQ(n, 0);
        CHECK_EQ(total, 100000);
        uv_close((uv_handle_t*)&tcp, NULL);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        close(fd);
        close(listener);
    }
    left = 50;
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_reused_work));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(left, 0);
    left = 50;
    CHECK_OK(uv_fs_stat(&loop, &fs_req, "/", on_reused_fs));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(left, 0);
    CHECK_EQ(loop.active_reqs.count, 0);
    finish_loop(&loop);
    return 0;
}
