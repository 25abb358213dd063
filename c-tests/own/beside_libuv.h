/* A table of cases whose results are compared with real libuv's, line by line.
 *
 * main() returns beside_libuv(argc, argv, cases). `cases` is run twice, in two children of the test: once as the test is linked,
 * once with real libuv loaded before it. Each CASE("name") { … } runs in an empty folder of the same name for both, and says what
 * came of it with say(). It is a process of its own, unless it is one of a BATCH { … }, which together are one, and quicker. What
 * ends libuv is not compared.
 */
#ifndef UVRING_OWN_BESIDE_LIBUV_H
#define UVRING_OWN_BESIDE_LIBUV_H

#include "check.h"

#include <dlfcn.h>
#include <stdarg.h>

/* The cases run so far, or begun in this batch. */
static unsigned case_number;
static int in_batch;

/* One line of the case's result. */
__attribute__((format(printf, 1, 2))) static inline void say(const char* format, ...) {
    char text[1000];
    va_list args;
    int len;
    va_start(args, format);
    len = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    CHECK_LT(len, (int)sizeof text - 1);
    text[len++] = '\n';
    CHECK_EQ(write(1, text, (size_t)len), len);
}

/* In a new folder: 1 in a new process, 0 in the parent when that has ended. */
static inline int enter_process(void) {
    char folder[32];
    int status;
    pid_t pid;
    snprintf(folder, sizeof folder, "case%u", case_number++);
    CHECK_EQ(mkdir(folder, 0755), 0);
    pid = in_batch ? 0 : fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        watchdog(in_batch ? 30 : 10);
        CHECK_EQ(chdir(folder), 0);
        return 1;
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) say("ended by signal %d", WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) say("ended with code %d", WEXITSTATUS(status));
    return 0;
}

static inline int enter_case(const char* name) {
    say("# %s", name);
    return enter_process();
}

static inline int leave_case(void) {
    if (!in_batch) _exit(0);
    CHECK_EQ(chdir(".."), 0);
    return 0;
}

static inline int enter_batch(void) {
    if (!enter_process()) return 0;
    case_number = 0;
    return in_batch = 1;
}

#define CASE(...) for (int entered = enter_case(__VA_ARGS__); entered; entered = leave_case())
#define BATCH for (int begun = enter_batch(); begun; _exit(0))

/* A name made from a pattern; good until the next one is made. */
__attribute__((format(printf, 1, 2))) static inline const char* named(const char* format, ...) {
    static char name[128];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return name;
}

/* Runs the table in a child with `preload` in place of the library, if not NULL; returns what it said. */
static inline char* table_of(const char* self, const char* preload) {
    char folder[300];
    char* said = NULL;
    size_t len = 0, room = 0;
    ssize_t n;
    int out[2];
    pid_t pid;
    snprintf(folder, sizeof folder, "%s/%s", temp_dir_path, preload ? "libuv" : "other");
    CHECK_EQ(mkdir(folder, 0755), 0);
    CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_EQ(dup2(out[1], 1), 1);
        CHECK_EQ(chdir(folder), 0);
        /* What a library says when it ends itself. To see it, run the test with the argument "table". */
        CHECK_EQ(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2), 2);
        if (preload) setenv("LD_PRELOAD", preload, 1);
        execl(self, self, "table", preload, (char*)NULL);
        _exit(76);
    }
    close(out[1]);
    for (;;) {
        if (room - len < 4096) CHECK((said = realloc(said, room += 1 << 20)) != NULL);
        n = read(out[0], said + len, room - len - 1);
        if (n <= 0) break;
        len += (size_t)n;
    }
    said[len] = 0;
    close(out[0]);
    expect_child_success(pid);
    return said;
}

/* Takes the next case, which begins with its name, off what a table said; NULL at the end. */
static inline char* next_case(char** said) {
    char* lines = *said;
    char* end = strstr(lines, "\n# ");
    if (*lines == 0) return NULL;
    *said = end == NULL ? lines + strlen(lines) : end + 1;
    if (end != NULL) *end = 0;
    return lines;
}

static inline int beside_libuv(int argc, char** argv, void (*cases)(void)) {
    const char* libuv = getenv("UVRING_TEST_LIBUV");
    char self[4096];
    char *ours, *theirs, *our_rest, *their_rest, *we, *they;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    int compared = 0, differing = 0;
    watchdog(50);
    umask(022);
    if (argc > 1) {
        Dl_info info;
        CHECK(dladdr((void*)(uintptr_t)uv_version, &info) != 0);
        if (argc > 2) CHECK_STR(info.dli_fname, argv[2]);
        cases();
        return 0;
    }
    if (libuv == NULL) SKIP("no real libuv to compare with");
    CHECK_GT(len, 0);
    self[len] = 0;
    temp_dir();
    our_rest = ours = table_of(self, NULL);
    their_rest = theirs = table_of(self, libuv);
    while ((they = next_case(&their_rest)) != NULL) {
        CHECK((we = next_case(&our_rest)) != NULL);
        if (strstr(they, "\nended ") != NULL) continue;
        compared++;
        if (strcmp(we, they) == 0) continue;
        differing++;
        fprintf(stderr, "here: %s\nlibuv: %s\n\n", we, they);
    }
    free(ours);
    free(theirs);
    printf("%d cases compared\n", compared);
    CHECK_GT(compared, 0);
    if (differing != 0) FAIL("%d of %d cases differ", differing, compared);
    return 0;
}

#endif
