/* What every benchmark program shares, with and without libuv: arguments, clocks, the measured window, results.
 *
 * A program takes words `name=value`, runs within bounds of time and count, checks what it does, and prints lines
 * `name value`: at least `ops`, `seconds` and `cpu` (of the window, in seconds, all threads of the process), or `value`.
 * A failed check ends it with status 1 and a line on stderr.
 */
#ifndef UVRING_BENCH_COMMON_H
#define UVRING_BENCH_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define UNUSED(x) ((void)(x))

#define FAIL(...)                                                \
    do {                                                         \
        int fail_errno = errno;                                  \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);          \
        fprintf(stderr, __VA_ARGS__);                            \
        fprintf(stderr, " (errno: %s)\n", strerror(fail_errno)); \
        _exit(1);                                                \
    } while (0)

#define CHECK(condition)                          \
    do {                                          \
        if (!(condition)) FAIL("%s", #condition); \
    } while (0)

static int arg_count;
static char** arg_words;

/* The text of the argument `name=text`. */
static inline const char* arg(const char* name, const char* otherwise) {
    size_t length = strlen(name);
    for (int i = 1; i < arg_count; i++) {
        if (strncmp(arg_words[i], name, length) == 0 && arg_words[i][length] == '=') return arg_words[i] + length + 1;
    }
    return otherwise;
}

static inline double number(const char* name, double otherwise) {
    const char* text = arg(name, NULL);
    return text == NULL ? otherwise : atof(text);
}

static inline int arg_is(const char* name, const char* value) {
    return strcmp(arg(name, ""), value) == 0;
}

/* Takes the arguments, and sees to it that the program ends whatever happens. */
static inline void begin(int argc, char** argv) {
    struct rlimit files;
    arg_count = argc;
    arg_words = argv;
    alarm((unsigned)number("limit", 120));
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

/* How many descriptors a program may have beside a few for itself. */
static inline size_t files_allowed(size_t wanted) {
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    return wanted + 200 < files.rlim_cur ? wanted : files.rlim_cur - 200;
}

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The processor time that this process has used, in all its threads. */
static inline double cpu(void) {
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static inline void result(const char* name, double value) {
    printf("%s %.9g\n", name, value);
}

/* The window in which operations count: it opens after a tenth of its length, and closes after `seconds` or `count`. */
static struct {
    double seconds, opens, closes, started, cpu_started, ended, cpu_used;
    uint64_t ops, most;
    unsigned skipped;
    enum { WARMING, OPEN, CLOSED } state;
} window;

static inline void window_prepare(void) {
    window.seconds = number("seconds", 1);
    window.most = (uint64_t)number("count", 1e10);
    window.opens = now() + window.seconds / 10;
}

static inline void window_open(void) {
    window.state = OPEN;
    window.ops = 0;
    window.cpu_started = cpu();
    window.started = now();
    window.closes = window.started + window.seconds;
}

static inline void window_close(void) {
    window.ended = now();
    window.cpu_used = cpu() - window.cpu_started;
    window.state = CLOSED;
}

/* Counts operations; false once the window is closed. Looks at the clock at each `every`-th call. */
static inline int window_count(uint64_t ops, unsigned every) {
    if (window.state == CLOSED) return 0;
    window.ops += ops;
    if (++window.skipped < every) return 1;
    window.skipped = 0;
    if (window.state == WARMING) {
        if (now() >= window.opens) window_open();
    } else if (now() >= window.closes || window.ops >= window.most) {
        window_close();
    }
    return window.state != CLOSED;
}

static inline void window_report(void) {
    CHECK(window.state == CLOSED);
    CHECK(window.ops > 0);
    result("ops", (double)window.ops);
    result("seconds", window.ended - window.started);
    result("cpu", window.cpu_used);
}

/* A fixed sequence of numbers, the same in each run. */
static inline uint32_t next_random(void) {
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static inline void fill_pattern(unsigned char* bytes, size_t size) {
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)next_random();
}

/* The resident memory of this process in bytes, exactly: the numbers in `statm` lag behind. */
static inline double resident(void) {
    char line[256];
    double kib = -1;
    FILE* file = fopen("/proc/self/smaps_rollup", "r");
    CHECK(file != NULL);
    while (kib < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Rss:", 4) == 0) kib = atof(line + 4);
    }
    fclose(file);
    CHECK(kib > 0);
    return kib * 1024;
}

#endif
