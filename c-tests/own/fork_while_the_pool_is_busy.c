/* Children forked while other threads are inside the pool: none waits for a lock that its parent's threads held. Each closes a loop, works with
 * one of its own, or not, and ends, calling exit() or not. */
/* timeout: 60 */
/* not on aarch64: qemu 7.2 ends itself when a program with threads forks */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
#include "check.h"

#include <netdb.h>

enum { LOOPS = 2, AT_ONCE = 8, CHILDREN = 600 };

static uv_loop_t idle_loop;
static int stop;

struct busy {
    uv_loop_t loop;
    uv_work_t works[AT_ONCE];
    uv_thread_t thread;
};
static struct busy all[LOOPS];

static void after(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    if (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) CHECK_OK(uv_queue_work(req->loop, req, do_nothing, after));
}

static void be_busy(void* arg) {
    struct busy* self = arg;
    CHECK_OK(uv_loop_init(&self->loop));
    for (int i = 0; i < AT_ONCE; i++) CHECK_OK(uv_queue_work(&self->loop, &self->works[i], do_nothing, after));
    CHECK_EQ(uv_run(&self->loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_loop_close(&self->loop), 0);
}

static void after_count(uv_work_t* req, int status) {
    CHECK_EQ(status, 0);
    (*(int*)req->data)++;
}

static void on_info(uv_getaddrinfo_t* req, int status, struct addrinfo* res) {
    CHECK_EQ(status, 0);
    uv_freeaddrinfo(res);
    (*(int*)req->data)++;
}

static void child(int kind) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    uv_getaddrinfo_t info;
    uv_work_t work;
    uv_loop_t own;
    int done = 0;
    watchdog(10);
    work.data = info.data = &done;
    CHECK_OK(uv_loop_close(&idle_loop));
    for (int i = 0; kind == 3 && i < LOOPS * AT_ONCE; i++) {
        int result = uv_cancel((uv_req_t*)&all[i / AT_ONCE].works[i % AT_ONCE]);
        /* The last: not queued once yet. */
        CHECK(result == 0 || result == UV_EBUSY || result == UV_EINVAL);
    }
    if (kind % 3 != 0) {
        CHECK_OK(uv_loop_init(&own));
        CHECK_OK(uv_queue_work(&own, &work, do_nothing, after_count));
        CHECK_OK(uv_getaddrinfo(&own, &info, on_info, "127.0.0.1", "80", &hints));
        CHECK_EQ(uv_run(&own, UV_RUN_DEFAULT), 0);
        CHECK_EQ(done, 2);
        CHECK_OK(uv_loop_close(&own));
    }
    if (kind >= 2) exit(0);
    _exit(0);
}

int main(void) {
    /* libuv waits for its parent's threads in an exit() without a pool of the child's own, and for their locks in uv_cancel. */
    int kinds = strcmp(getenv("UVRING_TEST_DRIVER"), "libuv") == 0 ? 3 : 4;
    uint64_t end = now_ns() + 8 * (uint64_t)1000000000;
    watchdog(55);
    CHECK_OK(uv_loop_init(&idle_loop));
    for (int i = 0; i < LOOPS; i++) CHECK_OK(uv_thread_create(&all[i].thread, be_busy, &all[i]));
    for (int i = 0; i < CHILDREN && now_ns() < end; i++) {
        int status;
        pid_t pid = fork();
        CHECK_GE(pid, 0);
        if (pid == 0) child(i % kinds);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        if (status != 0) FAIL("child %d ended with status %x", i, status);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < LOOPS; i++) CHECK_OK(uv_thread_join(&all[i].thread));
    finish_loop(&idle_loop);
    return 0;
}
