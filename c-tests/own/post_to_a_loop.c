/* uvring_post runs a callback on another thread's loop, once for each call and in the order of each sender's calls; one that has
 * arrived keeps the loop alive and open, and is not told in a child that was forked meanwhile. */
/* not on libuv: libuv has no such function */
/* on tsan: posts cross threads */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>
#include <uvring.h>

enum { SENDERS = 3, POSTS = 2000 };

static uv_loop_t loop;
static uv_async_t open_handle;
static uvring_post_t posts[SENDERS][POSTS];
static uint64_t next[SENDERS];
static int told, again;

static void on_post(uvring_post_t* req) {
    int sender = (int)(intptr_t)req->data;
    CHECK_EQ(req->value, next[sender]);
    CHECK(req->loop == &loop);
    next[sender]++;
    /* It is the program's again. */
    memset(req, 0xff, sizeof *req);
    if (++told == SENDERS * POSTS) uv_close((uv_handle_t*)&open_handle, NULL);
}

static void post_all(void* arg) {
    uvring_post_t* reqs = arg;
    for (int i = 0; i < POSTS; i++) {
        reqs[i].data = (void*)(intptr_t)((uvring_post_t(*)[POSTS])arg - posts);
        CHECK_OK(uvring_post(&reqs[i], &loop, (uint64_t)i, on_post));
    }
}

static void from_threads(void) {
    uv_thread_t threads[SENDERS];
    CHECK_OK(uv_async_init(&loop, &open_handle, NULL));
    for (int i = 0; i < SENDERS; i++) CHECK_OK(uv_thread_create(&threads[i], post_all, posts[i]));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(told, SENDERS * POSTS);
    for (int i = 0; i < SENDERS; i++) CHECK_OK(uv_thread_join(&threads[i]));
}

static void on_again(uvring_post_t* req) {
    CHECK_EQ(req->value, (uint64_t)again);
    if (++again < 5) CHECK_OK(uvring_post(req, &loop, (uint64_t)again, on_again));
}

static void to_itself(void) {
    uvring_post_t req;
    CHECK_EQ(uvring_post(&req, &loop, 0, NULL), UV_EINVAL);
    CHECK(!uv_loop_alive(&loop));
    CHECK_OK(uvring_post(&req, &loop, 0, on_again));
    CHECK_EQ(again, 0);
    CHECK(uv_loop_alive(&loop));
    CHECK_EQ(uv_backend_timeout(&loop), 0);
    CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    CHECK_EQ(uv_cancel((uv_req_t*)&req), UV_EINVAL);
    /* What a callback posts comes in a later turn. */
    CHECK_EQ(uv_run(&loop, UV_RUN_ONCE) != 0, 1);
    CHECK_EQ(again, 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(again, 5);
}

static void at_a_fork(void) {
    uvring_post_t req;
    pid_t child;
    again = 4;
    CHECK_OK(uvring_post(&req, &loop, 4, on_again));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_OK(uv_loop_fork(&loop));
        CHECK(!uv_loop_alive(&loop));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(again, 4);
        CHECK_OK(uvring_post(&req, &loop, 4, on_again));
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        CHECK_EQ(again, 5);
        CHECK_OK(uv_loop_close(&loop));
        _exit(0);
    }
    expect_child_success(child);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(again, 5);
}

int main(void) {
    alarm(50);
    CHECK_OK(uv_loop_init(&loop));
    from_threads();
    to_itself();
    at_a_fork();
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
