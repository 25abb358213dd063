/* C2: an ordinary user's process that may make no thread (RLIMIT_NPROC), lock no memory (RLIMIT_MEMLOCK) or map none (RLIMIT_AS), from the
 * start or when files are in flight: every operation is done once and called back once, and nothing is printed. */
/* not on aarch64: qemu makes a thread of its own */
/* not on asan: it maps what it likes */
/* not on valgrind: it maps what it likes */
#include "exactly_once.h"
#include "refuse_syscalls.h"

#include <grp.h>

enum { FROM_START, IN_MID_RUN, TIMES };

/* libuv ends the process where its pool gets no thread. */
static const struct {
    const char* name;
    int resource, libuv_survives;
} limits[] = {{"RLIMIT_NPROC", RLIMIT_NPROC, 0}, {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 1}, {"RLIMIT_AS", RLIMIT_AS, 0}};

static size_t row;
static int when;

static rlim_t mapped_now(void) {
    unsigned long pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    CHECK_EQ(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit(void) {
    struct rlimit none = {0, 0};
    /* Room for what malloc gets a page at a time, and for no thread. */
    if (limits[row].resource == RLIMIT_AS) none.rlim_cur = none.rlim_max = mapped_now() + (2 << 20);
    CHECK_EQ(setrlimit((__rlimit_resource_t)limits[row].resource, &none), 0);
}

static void body(void) {
    char folder[32];
    if (getuid() == 0) {
        CHECK_EQ(setgroups(0, NULL), 0);
        CHECK_EQ(setgid(65534), 0);
        CHECK_EQ(setuid(65534), 0);
    }
    snprintf(folder, sizeof folder, "%zu-%d", row, when);
    CHECK_EQ(mkdir(folder, 0700), 0);
    CHECK_EQ(chdir(folder), 0);
    once_queued = malloc(2 * ONCE_QUEUED);
    once_threadless = limits[row].resource != RLIMIT_MEMLOCK;
    if (when == FROM_START) limit();
    exactly_once(when == IN_MID_RUN ? limit : NULL);
    exactly_once(NULL);
}

int main(void) {
    int is_libuv = strcmp(getenv("UVRING_TEST_DRIVER"), "libuv") == 0;
    watchdog(50);
    CHECK_EQ(chdir(temp_dir()), 0);
    CHECK_EQ(chmod(".", 0777), 0);
    for (row = 0; row < sizeof limits / sizeof limits[0]; row++) {
        if (is_libuv && !limits[row].libuv_survives) continue;
        for (when = FROM_START; when < TIMES; when++) {
            char name[100];
            snprintf(name, sizeof name, "%s, %s", limits[row].name, when == FROM_START ? "from the start" : "in mid-run");
            run_silently(body, name);
        }
    }
    printf("survives: limits of the process | RLIMIT_NPROC, RLIMIT_MEMLOCK and RLIMIT_AS, from the start and in mid-run\n");
    return 0;
}
