/* A process forks while jobs run and wait, and a name is looked up. In the child, after uv_loop_fork, what threads of the parent run
 * stays under way, and keeps the loop from being closed; what waits can be cancelled; new jobs, lookups, files and children work, in
 * each mode of uv_run. The parent notices nothing. */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
#include "check.h"

enum { THREADS = 2, WAITING = 2 };

static uv_loop_t loop;
static uv_work_t running[THREADS], waiting[WAITING], fresh;
static uv_getaddrinfo_t lookup, fresh_lookup;
static uv_fs_t file;
static uv_process_t process;
static uv_timer_t timer;
static _Atomic int go, begun;
static int ran, cancelled, looked, worked, files, exited;
static pid_t parent;

static void run_long(uv_work_t* req) {
    UNUSED(req);
    begun++;
    while (!go) sleep_ms(1);
}

static void after_old(uv_work_t* req, int status) {
    UNUSED(req);
    if (status == UV_ECANCELED) cancelled++; else ran++;
}

static void after_fresh(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    worked++;
}

static void on_addresses(uv_getaddrinfo_t* req, int status, struct addrinfo* addresses) {
    CHECK_EQ(status, req == &lookup && getpid() != parent ? UV_EAI_CANCELED : 0);
    uv_freeaddrinfo(addresses);
    looked++;
}

static void on_file(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    files++;
}

static void on_exit_(uv_process_t* handle, int64_t status, int signum) {
    CHECK_EQ(status, 0);
    CHECK_EQ(signum, 0);
    uv_close((uv_handle_t*)handle, NULL);
    exited++;
}

static void on_timer(uv_timer_t* handle) { uv_stop(handle->loop); }

static void in_child(uv_run_mode mode) {
    char* args[] = {"/bin/true", NULL};
    uv_process_options_t options = {.exit_cb = on_exit_, .file = args[0], .args = args};
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
    watchdog(10);
    CHECK_OK(uv_loop_fork(&loop));
    for (int i = 0; i < THREADS; i++) CHECK_EQ(uv_cancel((uv_req_t*)&running[i]), UV_EBUSY);
    for (int i = 0; i < WAITING; i++) CHECK_EQ(uv_cancel((uv_req_t*)&waiting[i]), 0);
    CHECK_EQ(uv_cancel((uv_req_t*)&lookup), 0);
    CHECK_OK(uv_queue_work(&loop, &fresh, do_nothing, after_fresh));
    CHECK_OK(uv_getaddrinfo(&loop, &fresh_lookup, on_addresses, "127.0.0.1", NULL, &hints));
    CHECK_OK(uv_fs_stat(&loop, &file, "/", on_file));
    CHECK_OK(uv_spawn(&loop, &process, &options));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 5, 5));
    while (cancelled < WAITING || looked < 2 || worked < 1 || files < 1 || exited < 1) {
        CHECK_EQ(uv_run(&loop, mode), 1);
    }
    uv_close((uv_handle_t*)&timer, NULL);
    for (int i = 0; i < 3; i++) CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 1);
    CHECK_EQ(ran, 0);
    CHECK_EQ(uv_loop_alive(&loop), 1);
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    exit(0);
}

int main(void) {
    uv_run_mode modes[] = {UV_RUN_DEFAULT, UV_RUN_ONCE, UV_RUN_NOWAIT};
    watchdog(40);
    CHECK_EQ(setenv("UV_THREADPOOL_SIZE", "2", 1), 0);
    parent = getpid();
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_queue_work(&loop, &running[i], run_long, after_old));
    while (begun < THREADS) sleep_ms(1);
    for (int i = 0; i < WAITING; i++) CHECK_OK(uv_queue_work(&loop, &waiting[i], do_nothing, after_old));
    CHECK_OK(uv_getaddrinfo(&loop, &lookup, on_addresses, "localhost", "80", NULL));
    uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 3; i++) {
        int status;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) in_child(modes[i]);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("the child that runs in mode %d ended with status %x", modes[i], status);
    }
    go = 1;
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(ran, THREADS + WAITING);
    CHECK_EQ(looked, 1);
    CHECK_EQ(uv_loop_close(&loop), 0);
    return 0;
}
