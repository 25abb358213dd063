/* A user at the limit of threads: nothing hangs. Jobs and name lookups fail at the call, and are not under way then. Random bytes
 * and file operations are done; those that wait for somebody else fail in their callback. Whatever is queued can be cancelled. */
/* timeout: 30 */
/* not on libuv: it ends the process */
/* not on aarch64: qemu makes a thread of its own */
/* on tsan: threads meet here */
#include "check.h"

#include <netdb.h>

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_poll_t fs_poll;
static int called, watched, step;
static ssize_t result;
static char data[64];

static void after_work(uv_work_t* req, int status) { UNUSED(req); UNUSED(status); FAIL("a job that was refused"); }

static void on_info(uv_getaddrinfo_t* req, int status, struct addrinfo* res) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    uv_freeaddrinfo(res);
    called++;
}

static void on_name(uv_getnameinfo_t* req, int status, const char* host, const char* service) {
    UNUSED(req); UNUSED(status); UNUSED(host); UNUSED(service);
    FAIL("a lookup that was refused");
}

static void on_random(uv_random_t* req, int status, void* buf, size_t len) {
    UNUSED(req); UNUSED(buf);
    CHECK_EQ(len, sizeof data);
    result = status;
    called++;
}

static void on_fs(uv_fs_t* req) {
    result = req->result;
    called++;
}

static void on_change(uv_fs_poll_t* handle, int status, const uv_stat_t* prev, const uv_stat_t* curr) {
    UNUSED(handle); UNUSED(prev); UNUSED(curr);
    CHECK_EQ(status, 0);
    watched++;
}

static void refused(void) {
    static uv_work_t work;
    static uv_getaddrinfo_t info;
    static uv_getnameinfo_t name;
    struct sockaddr_in addr = loopback(80);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    unsigned before = loop.active_reqs.count;
    CHECK_EQ(uv_queue_work(&loop, &work, do_nothing, after_work), UV_EAGAIN);
    CHECK_EQ(uv_getaddrinfo(&loop, &info, on_info, "localhost", "80", NULL), UV_EAGAIN);
    CHECK_EQ(uv_getnameinfo(&loop, &name, on_name, (struct sockaddr*)&addr, 0), UV_EAGAIN);
    CHECK_EQ(loop.active_reqs.count, before);
    CHECK_OK(uv_getaddrinfo(&loop, &info, NULL, "localhost", "80", NULL));
    uv_freeaddrinfo(info.addrinfo);
    called = 0;
    CHECK_OK(uv_getaddrinfo(&loop, &info, on_info, "127.0.0.1", "80", &hints));
    CHECK_EQ(called, 0);
}

/* What a started operation gives, in the mode of uv_run that is asked for. */
static ssize_t ended(uv_run_mode mode) {
    called = 0;
    while (called == 0) uv_run(&loop, mode);
    return result;
}

#define RUN(name, ...)                                                \
    ({                                                                \
        called = 0;                                                   \
        CHECK_OK(uv_fs_##name(&loop, &req, __VA_ARGS__, on_fs));      \
        CHECK_EQ(called, 0);                                          \
        ended(mode);                                                  \
    })

static void files(uv_run_mode mode) {
    uv_fs_t req;
    uv_dirent_t entry;
    uv_buf_t buf = uv_buf_init((char*)"some bytes", 10);
    int fd, fifo, ends[2];
    CHECK_EQ(RUN(mkdir, "dir", 0700), 0);
    uv_fs_req_cleanup(&req);
    fd = (int)RUN(open, "dir/file", O_RDWR | O_CREAT, 0600);
    CHECK_GE(fd, 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(RUN(write, fd, &buf, 1, -1), 10);
    buf = uv_buf_init(data, sizeof data);
    CHECK_EQ(RUN(read, fd, &buf, 1, 0), 10);
    CHECK_EQ(memcmp(data, "some bytes", 10), 0);
    CHECK_EQ(RUN(fstat, fd), 0);
    CHECK_EQ(req.statbuf.st_size, 10);
    CHECK_EQ(RUN(fsync, fd), 0);
    CHECK_EQ(RUN(close, fd), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), -1);
    CHECK_EQ(RUN(stat, "dir/none"), UV_ENOENT);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(RUN(scandir, "dir", 0), 1);
    CHECK_OK(uv_fs_scandir_next(&req, &entry));
    CHECK_STR(entry.name, "file");
    uv_fs_req_cleanup(&req);
    /* Taken back before it was done. */
    called = 0;
    CHECK_OK(uv_fs_rmdir(&loop, &req, "none", on_fs));
    CHECK_OK(uv_cancel((uv_req_t*)&req));
    CHECK_EQ(ended(mode), UV_ECANCELED);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(RUN(unlink, "dir/file"), 0);
    uv_fs_req_cleanup(&req);
    CHECK_EQ(RUN(rmdir, "dir"), 0);
    uv_fs_req_cleanup(&req);
    /* What may wait for ever. */
    CHECK_EQ(mkfifo("fifo", 0600), 0);
    CHECK_EQ(RUN(open, "fifo", O_RDONLY, 0), UV_EAGAIN);
    uv_fs_req_cleanup(&req);
    fifo = (int)RUN(open, "fifo", O_RDWR | O_NONBLOCK, 0);
    CHECK_GE(fifo, 0);
    uv_fs_req_cleanup(&req);
    close(fifo);
    CHECK_EQ(unlink("fifo"), 0);
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(RUN(write, ends[1], &buf, 1, -1), UV_EAGAIN);
    if (mode == UV_RUN_NOWAIT) CHECK_EQ(RUN(read, ends[0], &buf, 1, -1), UV_EAGAIN);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(RUN(read, ends[0], &buf, 1, -1), 1);
    close(ends[0]);
    close(ends[1]);
}

/* The same in a callback, where file operations may ride a ring. */
static void on_timer(uv_timer_t* handle) {
    static uv_fs_t req;
    static int fd;
    static const char text[] = "text";
    uv_buf_t buf = uv_buf_init((char*)text, 4);
    if (step > 0 && called == 0) return;
    called = 0;
    uv_fs_req_cleanup(&req);
    switch (step++) {
        case 0: CHECK_OK(uv_fs_mkdir(&loop, &req, "dir", 0700, on_fs)); break;
        case 1: CHECK_EQ(result, 0); CHECK_OK(uv_fs_open(&loop, &req, "dir/file", O_RDWR | O_CREAT, 0600, on_fs)); break;
        case 2:
            CHECK_GE(fd = (int)result, 0);
            CHECK_OK(uv_fs_write(&loop, &req, fd, &buf, 1, 0, on_fs));
            break;
        case 3: CHECK_EQ(result, 4); CHECK_OK(uv_fs_ftruncate(&loop, &req, fd, 2, on_fs)); break;
        case 4: CHECK_EQ(result, 0); CHECK_OK(uv_fs_close(&loop, &req, fd, on_fs)); break;
        case 5: CHECK_EQ(fcntl(fd, F_GETFD), -1); CHECK_OK(uv_fs_stat(&loop, &req, "dir/file", on_fs)); break;
        case 6: CHECK_EQ(req.statbuf.st_size, 2); CHECK_OK(uv_fs_unlink(&loop, &req, "dir/file", on_fs)); break;
        case 7: CHECK_EQ(result, 0); CHECK_OK(uv_fs_rmdir(&loop, &req, "dir", on_fs)); break;
        case 8: CHECK_EQ(result, 0); CHECK_OK(uv_fs_realpath(&loop, &req, "dir", on_fs)); break;
        case 9:
            CHECK_EQ(result, UV_ENOENT);
            refused();
            CHECK_GT(watched, 0);
            uv_close((uv_handle_t*)handle, NULL);
            uv_close((uv_handle_t*)&fs_poll, NULL);
            return;
    }
}

static void on_opened(uv_fs_t* req) {
    uv_fs_t close_req;
    CHECK_GE(req->result, 0);
    CHECK_OK(uv_fs_close(NULL, &close_req, (int)req->result, NULL));
    uv_fs_req_cleanup(req);
}

static void on_idle(uv_idle_t* handle) {
    static uv_fs_t req;
    CHECK_OK(uv_fs_open(&loop, &req, "/", O_RDONLY, 0, on_opened));
    uv_close((uv_handle_t*)handle, NULL);
}

static void child(int with_ring) {
    struct rlimit limit = {1, 1};
    uv_random_t random;
    uv_idle_t idle;
    uid_t uid = (uid_t)(30000 + getpid() % 20000);
    watchdog(20);
    if (geteuid() == 0) {
        CHECK_EQ(chown(".", uid, uid), 0);
        if (setgid(uid) != 0 || setuid(uid) != 0) _exit(77);
    }
    CHECK_OK(uv_loop_init(&loop));
    if (with_ring) {
        /* A ring takes a thread when it is first asked for, and opens what is cached without one. */
        CHECK_OK(uv_idle_init(&loop, &idle));
        CHECK_OK(uv_idle_start(&idle, on_idle));
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
    refused();
    while (called == 0) uv_run(&loop, UV_RUN_ONCE);
    files(UV_RUN_DEFAULT);
    files(UV_RUN_NOWAIT);
    CHECK_OK(uv_random(&loop, &random, data, sizeof data, 0, on_random));
    CHECK_EQ(ended(UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_random(&loop, &random, data, sizeof data, 0, on_random));
    CHECK_OK(uv_cancel((uv_req_t*)&random));
    CHECK_EQ(ended(UV_RUN_DEFAULT), UV_ECANCELED);
    CHECK_OK(uv_fs_poll_init(&loop, &fs_poll));
    CHECK_OK(uv_fs_poll_start(&fs_poll, on_change, ".", 10));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 15));
    uv_run(&loop, UV_RUN_DEFAULT);
    finish_loop(&loop);
    uv_library_shutdown();
}

int main(void) {
    const char* driver = getenv("UVRING_TEST_DRIVER");
    int has_ring = driver != NULL && strcmp(driver, "ring") == 0;
    watchdog(28);
    for (int with_ring = 0; with_ring <= has_ring; with_ring++) {
        int status;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) {
            child(with_ring);
            _exit(0);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("not allowed to become another user");
        if (status != 0) FAIL("with_ring %d: status %x", with_ring, status);
    }
    return 0;
}
