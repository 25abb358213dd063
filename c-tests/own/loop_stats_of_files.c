/* The counters say that the stat of a cached path and a read at a place in a cached file are answered on the loop's own
 * thread, and that a read at the file's own position rides the ring: no thread of the pool and no kernel worker takes part.
 * Without the ring all goes to the pool. */
/* not on libuv: it has no such counters */
/* not on mergerfs: it is asked each time, by a thread of the pool */
#include "check.h"

#include <dirent.h>
#include <sys/vfs.h>
#include <uvring.h>

enum { TIMES = 50, PAGE = 4096 };

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t fs_req;
static uv_file file;
static char page[PAGE];
static char path[300];
static int left;

static void on_fs(uv_fs_t* req);

static void again(void) {
    uv_buf_t buf = uv_buf_init(page, sizeof page);
    if (left > 2 * TIMES) {
        CHECK_OK(uv_fs_stat(&loop, &fs_req, path, on_fs));
    } else if (left > TIMES) {
        CHECK_OK(uv_fs_read(&loop, &fs_req, file, &buf, 1, 0, on_fs));
    } else {
        CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
        CHECK_OK(uv_fs_read(&loop, &fs_req, file, &buf, 1, -1, on_fs));
    }
}

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, req->fs_type == UV_FS_READ ? PAGE : 0);
    uv_fs_req_cleanup(req);
    if (--left > 0) again();
}

static void on_timer(uv_timer_t* handle) {
    uv_close((uv_handle_t*)handle, NULL);
    again();
}

/* How many threads of this process have a name that begins so. */
static int threads_named(const char* name) {
    char file_name[300], text[64];
    struct dirent* entry;
    int found = 0;
    DIR* dir = opendir("/proc/self/task");
    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        FILE* comm;
        if (entry->d_name[0] == '.') continue;
        snprintf(file_name, sizeof file_name, "/proc/self/task/%s/comm", entry->d_name);
        comm = fopen(file_name, "r");
        if (comm == NULL) continue;
        if (fgets(text, sizeof text, comm) != NULL && strncmp(text, name, strlen(name)) == 0) found++;
        fclose(comm);
    }
    closedir(dir);
    return found;
}

/* True for a file system that reads what is cached on a ring without a worker: ext2 to ext4, XFS, btrfs. */
static int rides(int fd) {
    struct statfs about;
    CHECK_EQ(fstatfs(fd, &about), 0);
    return about.f_type == 0xef53 || about.f_type == 0x58465342 || about.f_type == 0x9123683e;
}

int main(void) {
    uvring_loop_stats_t stats;
    watchdog(20);
    snprintf(path, sizeof path, "%s/page", temp_dir());
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(file, 0);
    CHECK_EQ(pwrite(file, page, PAGE, 0), PAGE);
    CHECK_EQ(pread(file, page, PAGE, 0), PAGE);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    left = 3 * TIMES + 1;
    uv_run(&loop, UV_RUN_DEFAULT);
    stats.size = sizeof stats;
    CHECK_OK(uvring_loop_stats(&loop, &stats));
    if (stats.driver == UVRING_DRIVER_RING) {
        CHECK_GE(stats.files_inline, TIMES);
        if (rides(file)) {
            /* The first stat may have to learn from a thread what the mount can do. */
            CHECK_LE(stats.pool_jobs, 1);
            CHECK_LE(stats.files_pool, 1);
            CHECK_EQ(stats.files_ring, TIMES);
            CHECK_GE(stats.files_inline, 2 * TIMES);
            CHECK_EQ(threads_named("iou-wrk"), 0);
            /* Looks, until the ring polls the epoll set. */
            CHECK_LE(stats.epoll_waits, 20);
        } else {
            CHECK_EQ(stats.files_ring, 0);
        }
    } else if (getenv("UV_USE_IO_URING") == NULL) {
        /* What takes no ring is answered inline all the same. */
        CHECK_GE(stats.files_inline, TIMES);
        CHECK_EQ(stats.files_pool, 3 * TIMES + 1 - stats.files_inline);
        CHECK_EQ(stats.files_ring, 0);
        CHECK_EQ(stats.ring_enters, 0);
    } else {
        CHECK_EQ(stats.pool_jobs, 3 * TIMES + 1);
        CHECK_EQ(stats.files_pool, 3 * TIMES + 1);
        CHECK_EQ(stats.files_inline, 0);
        CHECK_EQ(stats.files_ring, 0);
        CHECK_EQ(stats.ring_enters, 0);
    }
    close(file);
    finish_loop(&loop);
    return 0;
}
