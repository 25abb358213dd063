/* Unless io_uring is switched off, looking at a path that is in the kernel's cache gives no thread anything to do, of the pool's or
 * of the kernel's, also where the kernel refuses a ring. The first look may go to the pool, which learns the mount there; the looks
 * after it are counted. */
/* not on libuv: it has the pool stat every path */
/* not on mergerfs: a thread has to ask it */
/* not on kernel 5.10: it does not say what it has cached (RESOLVE_CACHED, 5.12) */
#include "check.h"

#include <dirent.h>

enum { STATS = 300 };

static uv_loop_t loop;
static uv_fs_t req;
static int left;
static char path[300];

static void on_stat(uv_fs_t* r) {
    CHECK_EQ(r->result, 0);
    CHECK_EQ(r->statbuf.st_size, 5);
    uv_fs_req_cleanup(r);
    if (--left > 0) CHECK_OK(uv_fs_stat(&loop, r, path, on_stat));
}

/* How often the other threads went to sleep: one that was asked anything did so once more, a new one counts too. */
static uint64_t others_switches(void) {
    uint64_t total = 0;
    DIR* dir = opendir("/proc/self/task");
    struct dirent* entry;
    CHECK(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        char name[300], line[200];
        FILE* file;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid()) continue;
        snprintf(name, sizeof name, "/proc/self/task/%s/status", entry->d_name);
        file = fopen(name, "r");
        if (file == NULL) continue;
        while (fgets(line, sizeof line, file) != NULL) {
            unsigned long long n;
            if (sscanf(line, "voluntary_ctxt_switches: %llu", &n) == 1) total += n;
        }
        total++;
        fclose(file);
    }
    closedir(dir);
    return total;
}

static void run_stats(int count) {
    left = count;
    CHECK_OK(uv_fs_stat(&loop, &req, path, on_stat));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(left, 0);
}

int main(void) {
    const char* off = getenv("UV_USE_IO_URING");
    uint64_t before;
    int fd;
    watchdog(10);
    if (off != NULL && strcmp(off, "0") == 0) SKIP("the ring is switched off");
    snprintf(path, sizeof path, "%s/file", temp_dir());
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(fd, "hello", 5), 5);
    close(fd);
    CHECK_OK(uv_loop_init(&loop));
    run_stats(20);
    sleep_ms(50);
    before = others_switches();
    run_stats(STATS);
    /* A few for whoever was just going to sleep. */
    CHECK_LE(others_switches() - before, 8);
    finish_loop(&loop);
    return 0;
}
