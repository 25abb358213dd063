/* For the benchmark programs that use libuv: its checks, and which library and driver a program ran on. */
#ifndef UVRING_BENCH_H
#define UVRING_BENCH_H

#include "common.h"

#include <uv.h>
#include <uvring.h>

#include <dlfcn.h>

#define CHECK_OK(call)                                                \
    do {                                                              \
        int check_result = (int)(call);                               \
        if (check_result < 0) FAIL("%s: %s", #call, uv_strerror(check_result)); \
    } while (0)

/* The functions of uvring's own are looked up, never linked: a program has to start on any libuv. */
static inline void report_library(void) {
    const char* (*version)(void) = (const char* (*)(void))dlsym(RTLD_DEFAULT, "uvring_version");
    printf("library %s %s\n", version != NULL ? "uvring" : "libuv", version != NULL ? version() : uv_version_string());
}

/* What the loop says that it did, if it can: the driver, and which way file operations went. */
static inline void report_loop(uv_loop_t* loop) {
    uvring_loop_stats_t stats = {.size = sizeof stats};
    int (*ask)(uv_loop_t*, uvring_loop_stats_t*) =
        (int (*)(uv_loop_t*, uvring_loop_stats_t*))dlsym(RTLD_DEFAULT, "uvring_loop_stats");
    if (ask == NULL || ask(loop, &stats) != 0) return;
    result("driver", stats.driver);
    result("files_inline", (double)stats.files_inline);
    result("files_ring", (double)stats.files_ring);
    result("files_pool", (double)stats.files_pool);
}

/* Ends a program whose handles are all closed or about to be: nothing may be left. */
static inline void end_loop(uv_loop_t* loop) {
    CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
    report_loop(loop);
    CHECK_OK(uv_loop_close(loop));
    report_library();
    fflush(stdout);
}

#endif
