/* A process forks while its other threads are in the midst of everything that takes a lock: jobs, lookups, files, signals, the title,
 * the default loop, loops that come and go. The child closes what loops it can, uses new ones, asks for statistics, and ends. */
/* timeout: 90 */
/* not on libuv: a lock of the title, or of a loop's jobs, stays held in the child */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
/* not on asan: a lock of its allocator, held by another thread, stays held in the child */
#include "check.h"

#include <uvring.h>

enum { FORKS = 80, BUSY = 3 };

static uv_loop_t idle_loop;
static _Atomic int over;
static _Atomic long rounds;

static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); }
static void on_fs(uv_fs_t* req) { CHECK_GE(req->result, 0); uv_fs_req_cleanup(req); }
static void on_name(uv_getnameinfo_t* r, int s, const char* h, const char* v) { UNUSED(r); UNUSED(h); UNUSED(v); CHECK_EQ(s, 0); }
static void on_signal(uv_signal_t* handle, int signum) { UNUSED(signum); uv_signal_stop(handle); }
static void on_exit_(uv_process_t* handle, int64_t status, int signum) {
    CHECK_EQ(status, 0);
    CHECK_EQ(signum, 0);
    uv_close((uv_handle_t*)handle, NULL);
}

/* One loop, used for all that takes locks. */
static void use_loop(uv_loop_t* loop) {
    uv_work_t works[4];
    uv_fs_t stat_req, scan_req;
    uv_getnameinfo_t name;
    uv_signal_t sig;
    struct sockaddr_in addr = loopback(80);
    char title[64];
    CHECK_OK(uv_loop_init(loop));
    for (int i = 0; i < 4; i++) CHECK_OK(uv_queue_work(loop, &works[i], do_nothing, after_work));
    CHECK_OK(uv_fs_stat(loop, &stat_req, "/", on_fs));
    CHECK_OK(uv_fs_scandir(loop, &scan_req, "/", 0, on_fs));
    CHECK_OK(uv_getnameinfo(loop, &name, on_name, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
    CHECK_OK(uv_signal_init(loop, &sig));
    CHECK_OK(uv_signal_start(&sig, on_signal, SIGUSR1));
    uv_unref((uv_handle_t*)&sig);
    CHECK_OK(uv_set_process_title("busy"));
    CHECK_OK(uv_get_process_title(title, sizeof title));
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    finish_loop(loop);
}

static void* busy(void* arg) {
    uv_loop_t loop;
    UNUSED(arg);
    while (!over) {
        use_loop(&loop);
        rounds++;
    }
    return NULL;
}

static void in_child(int kind) {
    uvring_loop_stats_t stats;
    char title[64];
    watchdog(10);
    stats.size = sizeof stats;
    if (kind % 2 == 0) {
        CHECK_OK(uv_loop_fork(&idle_loop));
        CHECK_OK(uvring_loop_stats(&idle_loop, &stats));
    }
    CHECK_EQ(uv_loop_close(&idle_loop), 0);
    CHECK_OK(uv_get_process_title(title, sizeof title));
    CHECK_OK(uv_set_process_title("child"));
    CHECK_OK(uvring_process_stats(&stats));
    CHECK(uv_default_loop() != NULL);
    CHECK_EQ(uv_loop_close(uv_default_loop()), 0);
    if (kind % 4 < 2) {
        uv_loop_t loop;
        uv_process_t process;
        char* args[] = {"/bin/true", NULL};
        uv_process_options_t options = {.exit_cb = on_exit_, .file = args[0], .args = args};
        use_loop(&loop);
        CHECK_OK(uv_loop_init(&loop));
        CHECK_OK(uv_spawn(&loop, &process, &options));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(uv_loop_close(&loop), 0);
    }
    /* Handlers of exit run, the library's own among them. */
    exit(0);
}

int main(int argc, char** argv) {
    pthread_t threads[BUSY];
    watchdog(85);
    argv = uv_setup_args(argc, argv);
    CHECK_OK(uv_loop_init(&idle_loop));
    uv_run(&idle_loop, UV_RUN_NOWAIT);
    for (int i = 0; i < BUSY; i++) CHECK_EQ(pthread_create(&threads[i], NULL, busy, NULL), 0);
    for (int i = 0; i < FORKS; i++) {
        long before = rounds;
        int status;
        pid_t pid;
        while (rounds < before + 2) sched_yield();
        pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) in_child(i);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("child %d ended with status %x", i, status);
    }
    over = 1;
    for (int i = 0; i < BUSY; i++) CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(uv_loop_close(&idle_loop), 0);
    return 0;
}
