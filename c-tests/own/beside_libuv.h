/* A table of cases whose results are compared with real libuv's, line by line.
 *
 * main() returns beside_libuv(argc, argv, cases). `cases` is run twice, in two children of the test: once as the test is linked,
 * once with real libuv loaded before it. Each CASE("name") { … } is a process of its own in an empty folder of the same name for
 * both, and says what came of it with say(). What ends libuv is not compared; it must only not hang.
 */
#ifndef UVRING_OWN_BESIDE_LIBUV_H
#define UVRING_OWN_BESIDE_LIBUV_H

#include "check.h"

#include <dlfcn.h>
#include <stdarg.h>

/* The name of the case that runs; the cases run so far. */
static char case_name[128];
static unsigned case_number;

/* One line of the case's result. */
__attribute__((format(printf, 1, 2))) static inline void say(const char* format, ...) {
    char text[1000];
    va_list args;
    int len = snprintf(text, sizeof text, "%s: ", case_name);
    va_start(args, format);
    len += vsnprintf(text + len, sizeof text - (size_t)len - 1, format, args);
    va_end(args);
    text[len++] = '\n';
    CHECK_EQ(write(1, text, (size_t)len), len);
}

/* 1 in the case's own process; 0 in the parent, when that has ended. */
static inline int case_enter(const char* name) {
    char folder[32];
    int status;
    pid_t pid;
    snprintf(case_name, sizeof case_name, "%s", name);
    snprintf(folder, sizeof folder, "case%u", case_number++);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        watchdog(10);
        CHECK_EQ(mkdir(folder, 0755), 0);
        CHECK_EQ(chdir(folder), 0);
        return 1;
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (status != 0) say("ended with %s %d", WIFSIGNALED(status) ? "signal" : "code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 0;
}

#define CASE(...) for (int entered = case_enter(__VA_ARGS__); entered; _exit(0))

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
    int out[2], status;
    pid_t pid;
    snprintf(folder, sizeof folder, "%s/%s", temp_dir_path, preload ? "libuv" : "self");
    CHECK_EQ(mkdir(folder, 0755), 0);
    CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_EQ(dup2(out[1], 1), 1);
        CHECK_EQ(chdir(folder), 0);
        if (preload) {
            /* What libuv says when it ends itself. */
            CHECK_EQ(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2), 2);
            setenv("LD_PRELOAD", preload, 1);
        }
        execl(self, self, "table", preload, (char*)NULL);
        _exit(76);
    }
    close(out[1]);
    for (;;) {
        if (room - len < 4096) CHECK((said = realloc(said, room += 65536)) != NULL);
        n = read(out[0], said + len, room - len - 1);
        if (n <= 0) break;
        len += (size_t)n;
    }
    said[len] = 0;
    close(out[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    return said;
}

/* The lines of one case in what a table said. */
static inline char* lines_of(const char* said, const char* name, size_t len) {
    char* lines = strdup("");
    while (*said) {
        size_t line = strcspn(said, "\n") + 1;
        if (strncmp(said, name, len) == 0) {
            size_t before = strlen(lines);
            CHECK((lines = realloc(lines, before + line + 1)) != NULL);
            memcpy(lines + before, said, line);
            lines[before + line] = 0;
        }
        said += line;
    }
    return lines;
}

static inline int beside_libuv(int argc, char** argv, void (*cases)(void)) {
    const char* libuv = getenv("UVRING_TEST_LIBUV");
    char self[4096];
    char *ours, *theirs;
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
    ours = table_of(self, NULL);
    theirs = table_of(self, libuv);
    for (const char* at = theirs; *at; at += strcspn(at, "\n") + 1) {
        size_t name = (size_t)(strstr(at, ": ") - at) + 2;
        char *we, *they;
        /* Once for each case. */
        if (at != theirs) {
            const char* before = at - 2;
            while (before > theirs && before[-1] != '\n') before--;
            if (strncmp(before, at, name) == 0) continue;
        }
        we = lines_of(ours, at, name);
        they = lines_of(theirs, at, name);
        if (strstr(they, ": ended with ") == NULL) {
            compared++;
            if (strcmp(we, they) != 0) {
                differing++;
                fprintf(stderr, "here:\n%slibuv:\n%s\n", we, they);
            }
        }
        free(we);
        free(they);
    }
    free(ours);
    free(theirs);
    printf("%d cases compared\n", compared);
    CHECK_GT(compared, 0);
    if (differing != 0) FAIL("%d of %d cases differ", differing, compared);
    return 0;
}

#endif
