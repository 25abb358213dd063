/* Closing a closed loop gives UV_EBUSY (netdata closes its loop at SIGTERM until it hears that), and a closed loop's memory can
 * be initialised again. */
#include "check.h"

int main(void) {
    static uv_loop_t loop;
    watchdog(10);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(uv_loop_init(&loop));
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(uv_loop_close(&loop), 0);
        CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
        CHECK_EQ(uv_loop_close(&loop), UV_EBUSY);
    }
    CHECK_EQ(uv_loop_close(uv_default_loop()), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_loop_close(&loop), 0);
    return 0;
}
