/* The time to start a program that is linked against the library and calls one function: `count` starts of itself, in
 * microseconds each. LIMIT: the same program without the library. */
#ifdef LIMIT
#include "common.h"
#else
#include "bench.h"
#endif

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
#ifdef LIMIT
        return 0;
#else
        return uv_version() == 0;
#endif
    }
    begin(argc, argv);
    char* words[] = {argv[0], "child", NULL};
    int count = (int)number("count", 200);
    double started = now();
    for (int i = 0; i < count; i++) {
        pid_t pid;
        int status;
        CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, words, environ) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    result("value", (now() - started) / count * 1e6);
#ifndef LIMIT
    report_library();
#endif
    return 0;
}
