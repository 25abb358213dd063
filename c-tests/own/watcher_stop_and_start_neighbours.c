/* Idle, prepare and check handles of one phase run newest first. A callback may stop or close a neighbour that has not
 * run yet (it then does not), start one (it waits for the next turn), and stop or restart itself. */
#include "check.h"

enum { HANDLES = 5 };

/* One program for the three kinds: the header's functions differ only in the type. */
#define WATCHER_TEST(kind)                                                                       \
    static uv_##kind##_t kind##_handles[HANDLES];                                                \
    static void on_##kind(uv_##kind##_t* handle) {                                               \
        int i = (int)(handle - kind##_handles);                                                  \
        note((char)('0' + i));                                                                   \
        if (!act) return;                                                                        \
        if (i == 3) {                                                                            \
            CHECK_OK(uv_##kind##_stop(&kind##_handles[2]));                                      \
            CHECK_OK(uv_##kind##_stop(&kind##_handles[2]));                                      \
            CHECK_OK(uv_##kind##_stop(&kind##_handles[4]));                                      \
            CHECK_EQ(uv_is_active((uv_handle_t*)&kind##_handles[2]), 0);                         \
        }                                                                                        \
        if (i == 1) {                                                                            \
            CHECK_OK(uv_##kind##_start(&kind##_handles[4], on_##kind));                          \
            CHECK_OK(uv_##kind##_start(&kind##_handles[1], on_##kind));                          \
            uv_close((uv_handle_t*)&kind##_handles[0], NULL);                                    \
        }                                                                                        \
    }                                                                                            \
    static void test_##kind(void) {                                                              \
        for (int i = 0; i < HANDLES; i++) {                                                      \
            CHECK_OK(uv_##kind##_init(&loop, &kind##_handles[i]));                               \
            CHECK_EQ(uv_##kind##_start(&kind##_handles[i], NULL), UV_EINVAL);                    \
            CHECK_OK(uv_##kind##_start(&kind##_handles[i], on_##kind));                          \
        }                                                                                        \
        turn(0, "43210");                                                                        \
        /* Starting what runs changes neither callback nor place. */                             \
        CHECK_EQ(uv_##kind##_start(&kind##_handles[0], NULL), 0);                                \
        turn(0, "43210");                                                                        \
        turn(1, "431");                                                                          \
        turn(0, "431");                                                                          \
        CHECK_OK(uv_##kind##_stop(&kind##_handles[1]));                                          \
        CHECK_OK(uv_##kind##_start(&kind##_handles[1], on_##kind));                              \
        turn(0, "143");                                                                          \
        uv_walk(&loop, close_if_open, NULL);                                                     \
        turn(0, "");                                                                             \
    }

static uv_loop_t loop;
static int act;
static char order[32];

static void note(char c) {
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = c;
}

static void turn(int act_, const char* expected) {
    memset(order, 0, sizeof order);
    act = act_;
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(order, expected);
}

WATCHER_TEST(idle)
WATCHER_TEST(prepare)
WATCHER_TEST(check)

int main(void) {
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    test_idle();
    test_prepare();
    test_check();
    finish_loop(&loop);
    return 0;
}
