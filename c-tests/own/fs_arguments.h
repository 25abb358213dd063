/* What the tables of file operations share: a folder full of things, and how a call is made and told about. */
#ifndef UVRING_OWN_FS_ARGUMENTS_H
#define UVRING_OWN_FS_ARGUMENTS_H

#include "beside_libuv.h"

/* Longer than a path may be, and a path with a name that is longer than a name may be. */
static char long_path[5000], long_name[300];
/* A file, a folder, the same without rights to anything, a pipe's ends, and one that is closed. */
static int fd_file, fd_folder, fd_path, fd_in, fd_out;
enum { FD_CLOSED = 999 };

/* What the call gets. The callback is NULL where the call is to wait. */
static uv_loop_t loop_of_case, *L;
static uv_fs_t req_of_case, *R = &req_of_case;
static uv_fs_cb C;

/* What the request has, but which descriptor it is does not matter. */
static inline long result_of_case(void) {
    int opens = R->fs_type == UV_FS_OPEN || R->fs_type == UV_FS_MKSTEMP;
    return opens && R->result > 0 ? 0 : (long)uv_fs_get_result(R);
}

static void on_fs(uv_fs_t* req) {
    CHECK(req == R);
    say("the callback has %ld", result_of_case());
}

static inline void make_paths(void) {
    memset(long_path, 'x', sizeof long_path - 1);
    for (size_t i = 0; i < sizeof long_path - 1; i += 100) long_path[i] = '/';
    memset(long_name, 'y', sizeof long_name - 1);
}

static inline void make_things(int waits) {
    int fd, ends[2];
    CHECK_GE(fd = open("a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640), 0);
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    fd_file = fd;
    CHECK_EQ(mkdir("d", 0750), 0);
    CHECK_EQ(mkdir("d/e", 0700), 0);
    CHECK_EQ(symlink("a", "l"), 0);
    CHECK_EQ(symlink("nothing", "dangling"), 0);
    CHECK_EQ(symlink("loop", "loop"), 0);
    CHECK_EQ(mkfifo("f", 0600), 0);
    CHECK_GE(fd_folder = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
    CHECK_GE(fd_path = open("a", O_PATH | O_CLOEXEC), 0);
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    fd_in = ends[0];
    fd_out = ends[1];
    CHECK_EQ(write(fd_out, "abcdefgh", 8), 8);
    memset(R, 0xa5, sizeof *R);
    L = NULL;
    C = NULL;
    if (waits) return;
    L = &loop_of_case;
    C = on_fs;
    CHECK_OK(uv_loop_init(L));
}

/* `then`, or that it is the present. */
static inline const char* moment(struct timespec then, char* text, size_t size) {
    if (llabs((long long)then.tv_sec - (long long)time(NULL)) < 1000) return "now";
    snprintf(text, size, "%lld.%09ld", (long long)then.tv_sec, then.tv_nsec);
    return text;
}

static inline void tell_of(const char* name) {
    struct stat st;
    char accessed[40], changed[40];
    if (lstat(name, &st) != 0) return;
    say("%s has mode %o, owner %u:%u, %lld bytes, %u names, accessed %s, changed %s", name, (unsigned)st.st_mode, st.st_uid, st.st_gid,
        (long long)(S_ISDIR(st.st_mode) ? 0 : st.st_size), (unsigned)st.st_nlink, moment(st.st_atim, accessed, sizeof accessed),
        moment(st.st_mtim, changed, sizeof changed));
}

/* Waits for the callback, if there is to be one, and says what the request has. */
static inline void tell(int rc) {
    /* A thread may be writing the result of what does not wait. */
    say("returned %d", L == NULL && R != NULL && rc == R->result ? (int)result_of_case() : rc);
    if (L != NULL) {
        say("alive %d", uv_loop_alive(L));
        CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    }
    if (R == NULL) return;
    say("type %d of %d, result %ld, error %d, pointer %s", (int)uv_fs_get_type(R), R->type,
        result_of_case(), R->result < 0 ? uv_fs_get_system_error(R) : 0,
        R->ptr == NULL ? "NULL" : R->ptr == uv_fs_get_statbuf(R) ? "statbuf" : "else");
    say("path %s, loop %s, callback %s", R->path == NULL ? "NULL" : strlen(R->path) < 100 ? R->path : "long",
        R->loop == L ? "same" : "else", R->cb == C ? "same" : "else");
}

/* What is there afterwards; and a request that is cleaned twice. */
static inline void tell_the_rest(void) {
    static const char* const names[] = {"a", "b", "d", "d/e", "l", "dangling", "nothing", "loop", "f"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) tell_of(names[i]);
    chmod("d", 0700);
    say("the file is at %ld", (long)lseek(fd_file, 0, SEEK_CUR));
    if (R != NULL) {
        uv_fs_req_cleanup(R);
        uv_fs_req_cleanup(R);
        say("cleaned: path %s, pointer %s", R->path == NULL ? "NULL" : "else", R->ptr == NULL ? "NULL" : "else");
    }
    if (L != NULL) CHECK_EQ(uv_loop_close(L), 0);
}

/* Two cases, one that waits and one that does not. */
#define BOTH(call, ...)                                                                               \
    for (int waits = 0; waits < 2; waits++) {                                                         \
        char its_name[100];                                                                           \
        snprintf(its_name, sizeof its_name, __VA_ARGS__);                                             \
        CASE(named("%s%s", its_name, waits ? ", waits" : "")) {                                       \
            make_things(waits);                                                                       \
            tell(call);                                                                               \
            tell_the_rest();                                                                          \
        }                                                                                             \
    }

#endif
