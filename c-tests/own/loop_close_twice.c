/* uv_loop_close on a loop that was closed already does not crash (netdata does it at SIGTERM), and a closed loop's
 * memory can be initialised again. */
#include "check.h"

int main(void) {
    static uv_loop_t loop;
    watchdog(10);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(uv_loop_init(&loop));
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(uv_loop_close(&loop), 0);
        uv_loop_close(&loop);
        uv_loop_close(&loop);
    }
    return 0;
}
