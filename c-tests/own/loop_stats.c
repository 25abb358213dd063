/* uvring_loop_stats counts what the loop did, for programs built with an older or a newer header too. */
/* not on libuv: libuv has no such function */
/* not on kernel 5.10: its rings are too old */
#include "check.h"

#include <uvring.h>

static uvring_loop_stats_t stats_of(uv_loop_t* loop) {
    uvring_loop_stats_t stats;
    memset(&stats, 0xff, sizeof stats);
    stats.size = sizeof stats;
    CHECK_OK(uvring_loop_stats(loop, &stats));
    CHECK_EQ(stats.size, sizeof stats);
    CHECK_EQ(stats.reserved, 0);
    return stats;
}

static void on_async(uv_async_t* handle) { uv_close((uv_handle_t*)handle, NULL); }

static void send_async(void* arg) {
    sleep_ms(50);
    CHECK_OK(uv_async_send(arg));
}

static void sizes(uv_loop_t* loop) {
    struct {
        uvring_loop_stats_t stats;
        unsigned char more[64];
    } newer;
    uvring_loop_stats_t stats;
    /* The first version of the struct had no `loops`. */
    stats.size = offsetof(uvring_loop_stats_t, loops) - 1;
    CHECK_EQ(uvring_loop_stats(loop, &stats), UV_EINVAL);
    stats.size++;
    stats.loops = 77;
    CHECK_OK(uvring_loop_stats(loop, &stats));
    CHECK_EQ(stats.size, offsetof(uvring_loop_stats_t, loops));
    CHECK_EQ(stats.loops, 77);
    stats.size = 0;
    CHECK_EQ(uvring_loop_stats(loop, &stats), UV_EINVAL);
    stats.size = sizeof stats;
    CHECK_EQ(uvring_loop_stats(NULL, &stats), UV_EINVAL);
    CHECK_EQ(uvring_loop_stats(loop, NULL), UV_EINVAL);
    memset(&newer, 0xaa, sizeof newer);
    newer.stats.size = sizeof newer;
    CHECK_OK(uvring_loop_stats(loop, &newer.stats));
    CHECK_EQ(newer.stats.size, sizeof newer.stats);
    for (size_t i = 0; i < sizeof newer.more; i++) CHECK_EQ(newer.more[i], 0xaa);
}

/* What closed loops did is kept, and the default loop's added. */
static void whole_process(uvring_loop_stats_t* closed) {
    uvring_loop_stats_t all;
    all.size = sizeof all;
    CHECK_EQ(uvring_process_stats(NULL), UV_EINVAL);
    CHECK_OK(uvring_process_stats(&all));
    CHECK_EQ(all.loops, 1);
    CHECK_GE(all.turns, closed->turns);
    CHECK_GE(all.wakeups, 1);
    CHECK_EQ(all.pool_jobs, 1);
    CHECK_EQ(all.loops_on_ring, closed->driver == UVRING_DRIVER_RING);
    CHECK_EQ(uv_run(uv_default_loop(), UV_RUN_NOWAIT), 0);
    CHECK_OK(uvring_process_stats(&all));
    CHECK_EQ(all.loops, 2);
    CHECK_EQ(all.driver, closed->driver);
    finish_loop(uv_default_loop());
    CHECK_OK(uvring_process_stats(&all));
    CHECK_EQ(all.loops, 2);
}

int main(void) {
    uvring_loop_stats_t stats;
    uv_loop_t loop;
    uv_async_t async;
    uv_work_t work;
    uv_thread_t thread;
    watchdog(20);
    CHECK(uvring_version() != NULL);
    CHECK_GT(strlen(uvring_version()), 0);
    CHECK_OK(uv_loop_init(&loop));
    sizes(&loop);
    stats = stats_of(&loop);
    CHECK_EQ(stats.turns, 0);
    CHECK_EQ(stats.wakeups, 0);
    CHECK_EQ(stats.pool_jobs, 0);

    CHECK_OK(uv_async_init(&loop, &async, on_async));
    CHECK_OK(uv_thread_create(&thread, send_async, &async));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_thread_join(&thread));
    stats = stats_of(&loop);
    CHECK_GE(stats.turns, 1);
    CHECK_GE(stats.polls, 1);
    CHECK_EQ(stats.wakeups, 1);
    if (strcmp(getenv("UVRING_TEST_DRIVER"), "epoll") == 0) {
        CHECK_EQ(stats.driver, UVRING_DRIVER_EPOLL);
        CHECK_EQ(stats.ring_enters, 0);
        CHECK_GE(stats.epoll_waits, 1);
    } else {
        CHECK_EQ(stats.driver, UVRING_DRIVER_RING);
        CHECK_GE(stats.epoll_waits, 1);
    }

    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, NULL));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    stats = stats_of(&loop);
    CHECK_EQ(stats.pool_jobs, 1);
    CHECK_EQ(stats.loops, 1);
    finish_loop(&loop);
    whole_process(&stats);
    stats.size = sizeof stats;
    CHECK_EQ(uvring_loop_stats(&loop, &stats), UV_EINVAL);
    return 0;
}
