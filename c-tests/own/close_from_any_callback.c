/* A handle may be closed from its own callback, and from any other handle's, in every phase; after uv_close its
 * callback does not run again, and memory may be freed in close_cb. */
#include "check.h"

static uv_loop_t loop;
static int closed;

static void on_close(uv_handle_t* handle) {
    memset(handle, 0xdb, uv_handle_size(uv_handle_get_type(handle)));
    free(handle);
    closed++;
}

/* Closes itself and its victim, in either order. */
typedef struct {
    uv_handle_t* victim;
    int self_first;
} Plan;

static void strike(uv_handle_t* self) {
    Plan* plan = self->data;
    CHECK(!uv_is_closing(self));
    if (plan->self_first) uv_close(self, on_close);
    if (!uv_is_closing(plan->victim)) uv_close(plan->victim, on_close);
    if (!plan->self_first) uv_close(self, on_close);
}

static void on_timer(uv_timer_t* handle) { strike((uv_handle_t*)handle); }
static void on_idle(uv_idle_t* handle) { strike((uv_handle_t*)handle); }
static void on_prepare(uv_prepare_t* handle) { strike((uv_handle_t*)handle); }
static void on_check(uv_check_t* handle) { strike((uv_handle_t*)handle); }
static void on_async(uv_async_t* handle) { strike((uv_handle_t*)handle); }

static uv_handle_t* make(int kind) {
    switch (kind) {
        case 0: {
            uv_timer_t* h = malloc(sizeof *h);
            CHECK_OK(uv_timer_init(&loop, h));
            CHECK_OK(uv_timer_start(h, on_timer, 0, 1));
            return (uv_handle_t*)h;
        }
        case 1: {
            uv_idle_t* h = malloc(sizeof *h);
            CHECK_OK(uv_idle_init(&loop, h));
            CHECK_OK(uv_idle_start(h, on_idle));
            return (uv_handle_t*)h;
        }
        case 2: {
            uv_prepare_t* h = malloc(sizeof *h);
            CHECK_OK(uv_prepare_init(&loop, h));
            CHECK_OK(uv_prepare_start(h, on_prepare));
            return (uv_handle_t*)h;
        }
        case 3: {
            uv_check_t* h = malloc(sizeof *h);
            CHECK_OK(uv_check_init(&loop, h));
            CHECK_OK(uv_check_start(h, on_check));
            return (uv_handle_t*)h;
        }
        default: {
            uv_async_t* h = malloc(sizeof *h);
            CHECK_OK(uv_async_init(&loop, h, on_async));
            CHECK_OK(uv_async_send(h));
            return (uv_handle_t*)h;
        }
    }
}

int main(void) {
    enum { KINDS = 5 };
    int expected = 0;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int first = 0; first < KINDS; first++) {
        for (int second = 0; second < KINDS; second++) {
            for (int self_first = 0; self_first < 2; self_first++) {
                Plan plans[2];
                uv_handle_t* a = make(first);
                uv_handle_t* b = make(second);
                plans[0] = (Plan){b, self_first};
                plans[1] = (Plan){a, self_first};
                a->data = &plans[0];
                b->data = &plans[1];
                expected += 2;
                while (uv_run(&loop, UV_RUN_NOWAIT) != 0) {
                }
                CHECK_EQ(closed, expected);
            }
        }
    }
    CHECK_EQ(uv_loop_close(&loop), 0);
    return 0;
}
