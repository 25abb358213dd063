/* Which way file operations go unless io_uring is switched off: a stat of a cached path and a read at a place in a cached file are answered
 * on the loop's thread; open, close, and a read at the file's own position ride the ring; a write to a file system that takes
 * it there only by a kernel worker, and chmod, go to the pool, and so does what is started outside uv_run. Where the kernel refuses a
 * ring, the pool has what would have ridden it. Whether threads may spin before they sleep makes no difference. */
/* not on libuv: it has no counters */
#include "check.h"
#include <sys/vfs.h>
#include <sys/wait.h>
#include <uvring.h>

enum { EXT4 = 0xef53 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req;
static char path[300], data[16];
static int step, fd, has_ring;
static uvring_loop_stats_t before;

static uvring_loop_stats_t stats(void) {
    uvring_loop_stats_t now;
    now.size = sizeof now;
    CHECK_OK(uvring_loop_stats(&loop, &now));
    return now;
}

/* How many ran where since the last question. */
static void expect(unsigned on_thread, unsigned ring, unsigned pool) {
    uvring_loop_stats_t now = stats();
    CHECK_EQ(now.files_inline - before.files_inline, on_thread);
    CHECK_EQ(now.files_ring - before.files_ring, has_ring ? ring : 0);
    CHECK_EQ(now.files_pool - before.files_pool, has_ring ? pool : pool + ring);
    before = now;
}

static void next(uv_fs_t* r) {
    uv_buf_t buf = uv_buf_init(data, sizeof data);
    int result = r == NULL ? 0 : (int)r->result;
    if (r != NULL) uv_fs_req_cleanup(r);
    switch (step++) {
    case 0: /* Teaches about the mount, unless something did before. */
        CHECK_OK(uv_fs_stat(&loop, &req, path, next));
        break;
    case 1:
        before = stats();
        CHECK_OK(uv_fs_stat(&loop, &req, path, next));
        break;
    case 2:
        expect(1, 0, 0);
        CHECK_OK(uv_fs_lstat(&loop, &req, path, next));
        break;
    case 3:
        expect(1, 0, 0);
        CHECK_OK(uv_fs_open(&loop, &req, path, UV_FS_O_RDWR, 0, next));
        break;
    case 4:
        expect(0, 1, 0);
        fd = result;
        CHECK_GE(fd, 0);
        CHECK_OK(uv_fs_fstat(&loop, &req, fd, next));
        break;
    case 5:
        expect(1, 0, 0);
        CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, 0, next));
        break;
    case 6:
        expect(1, 0, 0);
        CHECK_EQ(result, 5);
        CHECK_OK(uv_fs_read(&loop, &req, fd, &buf, 1, -1, next));
        break;
    case 7:
        expect(0, 1, 0);
        CHECK_EQ(result, 5);
        CHECK_OK(uv_fs_chmod(&loop, &req, path, 0600, next));
        break;
    case 8:
        expect(0, 0, 1);
        CHECK_OK(uv_fs_write(&loop, &req, fd, &buf, 1, 0, next));
        break;
    case 9:
        /* With one processor a kernel worker does better than a thread. */
        if (uv_available_parallelism() > 1) expect(0, 0, 1);
        before = stats();
        CHECK_EQ(result, sizeof data);
        CHECK_OK(uv_fs_close(&loop, &req, fd, next));
        break;
    case 10:
        expect(0, 1, 0);
        CHECK_EQ(result, 0);
        break;
    }
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    next(NULL);
}

int main(void) {
    struct statfs about;
    int file, status;
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) CHECK_EQ(setenv("UVRING_SPIN", "0", 1), 0);
    watchdog(10);
    if (getenv("UV_USE_IO_URING") != NULL) SKIP("the ring is switched off");
    has_ring = strcmp(getenv("UVRING_TEST_DRIVER"), "ring") == 0;
    snprintf(path, sizeof path, "%s/file", temp_dir());
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(file, "hello", 5), 5);
    CHECK_EQ(fstatfs(file, &about), 0);
    if (about.f_type != EXT4) SKIP("other file systems go other ways");
    close(file);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(step, 11);
    before = stats();
    CHECK_OK(uv_fs_open(&loop, &req, path, UV_FS_O_RDONLY, 0, next));
    expect(0, 0, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    close((int)req.result);
    finish_loop(&loop);
    if (pid != 0) {
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 77));
    }
    return 0;
}
