/* Several asyncs sent before a turn are called in the order of uv_async_init, each once however often it was sent; one
 * sent from an async's callback comes without waiting; one closed by another's callback does not come. */
/* on tsan: threads meet here */
#include "check.h"

enum { ASYNCS = 6 };

static uv_loop_t loop;
static uv_async_t asyncs[ASYNCS];
static char order[64];
static int resend, close_next;

static void on_async(uv_async_t* handle) {
    int i = (int)(handle - asyncs);
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = (char)('0' + i);
    if (resend > 0 && i == 1) {
        resend--;
        CHECK_OK(uv_async_send(handle));
    }
    if (close_next && i == 2) uv_close((uv_handle_t*)&asyncs[3], NULL);
}

static void settle(void) {
    for (int i = 0; i < 5; i++) uv_run(&loop, UV_RUN_NOWAIT);
}

int main(void) {
    uint64_t start;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_init(&loop, &asyncs[i], on_async));
    settle();
    CHECK_STR(order, "");
    for (int i = ASYNCS - 1; i >= 0; i--) {
        for (int times = 0; times < 3; times++) CHECK_OK(uv_async_send(&asyncs[i]));
    }
    CHECK_STR(order, "");
    settle();
    CHECK_STR(order, "012345");

    memset(order, 0, sizeof order);
    resend = 3;
    CHECK_OK(uv_async_send(&asyncs[1]));
    start = now_ns();
    while (strlen(order) < 4) uv_run(&loop, UV_RUN_ONCE);
    CHECK_LT(now_ns() - start, 2000000000u);
    CHECK_STR(order, "1111");

    memset(order, 0, sizeof order);
    close_next = 1;
    for (int i = 0; i < ASYNCS; i++) CHECK_OK(uv_async_send(&asyncs[i]));
    settle();
    CHECK_STR(order, "01245");
    finish_loop(&loop);
    return 0;
}
