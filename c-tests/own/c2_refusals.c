/* C2: a filter makes a call that a ring takes fail, with whatever error, from the start or when files are in flight, reads are armed and
 * writes are queued: every operation is done once and called back once, on this loop and on the next ones, in another thread too, no
 * descriptor is left, nothing is printed, and who is refused from the start asks no second time. */
/* timeout: 120 */
/* not on epoll: it asks for nothing */
/* not on refused: it is */
/* not on asan: the syscall() that stands before the C library's reads as many arguments as there can be */
#include "exactly_once.h"
#include "refuse_syscalls.h"

#include <dlfcn.h>
#include <stdarg.h>

enum { FROM_START, IN_MID_RUN, TIMES };

static const int errors[] = {EPERM, ENOSYS, EACCES, ENOMEM, EMFILE, ENFILE, EINVAL, EOPNOTSUPP, EAGAIN};

/* The calls that are refused: by number; of mmap those at this place in the ring. libuv does without a ring if it cannot make one. */
static const struct {
    const char* name;
    unsigned first, last, offset;
    int libuv_survives;
} refused[] = {
    {"io_uring_setup", IO_URING_SETUP, IO_URING_SETUP, 0, 1},
    {"io_uring_enter", IO_URING_ENTER, IO_URING_ENTER, 0, 0},
    {"io_uring_register", IO_URING_REGISTER, IO_URING_REGISTER, 0, 0},
    {"all three", IO_URING_SETUP, IO_URING_REGISTER, 0, 0},
    {"mmap of the queues", SYS_mmap, SYS_mmap, 0, 0},
    {"mmap of the entries", SYS_mmap, SYS_mmap, 0x10000000, 0},
};

static size_t row, error;
static int when, set_ups;

/* Stands before the C library's, and counts. */
long syscall(long number, ...) {
    static long (*next)(long, ...);
    long args[6];
    va_list list;
    if (next == NULL) {
        void* found = dlsym(RTLD_NEXT, "syscall");
        memcpy(&next, &found, sizeof next);
    }
    va_start(list, number);
    for (int i = 0; i < 6; i++) args[i] = va_arg(list, long);
    va_end(list);
    if (number == IO_URING_SETUP) set_ups++;
    return next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static void refuse(void) {
    unsigned action = SECCOMP_RET_ERRNO | (unsigned)errors[error];
    int done = refused[row].first == SYS_mmap ? refuse_ring_mapping(refused[row].offset, action)
                                              : refuse_syscalls(refused[row].first, refused[row].last, action);
    if (!done) _exit(77);
}

static void in_thread(void* arg) {
    UNUSED(arg);
    exactly_once(NULL);
}

static void body(void) {
    uv_thread_t thread;
    int before, asked;
    if (when == FROM_START) refuse();
    exactly_once(when == IN_MID_RUN ? refuse : NULL);
    before = once_descriptors();
    asked = set_ups;
    exactly_once(NULL);
    /* A thread of its own wants a ring of its own. */
    CHECK_OK(uv_thread_create(&thread, in_thread, NULL));
    CHECK_OK(uv_thread_join(&thread));
    /* A ring that was not given up is kept. */
    CHECK_LE(once_descriptors(), before + 1);
    if (when == FROM_START && strcmp(getenv("UVRING_TEST_DRIVER"), "libuv") != 0) CHECK_EQ(set_ups, asked);
}

int main(void) {
    int is_libuv = strcmp(getenv("UVRING_TEST_DRIVER"), "libuv") == 0;
    int rows = sizeof refused / sizeof refused[0], kinds = sizeof errors / sizeof errors[0];
    watchdog(110);
    CHECK_EQ(chdir(temp_dir()), 0);
    for (row = 0; row < sizeof refused / sizeof refused[0]; row++) {
        if (is_libuv && !refused[row].libuv_survives) continue;
        for (error = 0; error < sizeof errors / sizeof errors[0]; error++) {
            for (when = FROM_START; when < TIMES; when++) {
                char name[100];
                snprintf(name, sizeof name, "%s, %s, %s", refused[row].name, strerror(errors[error]),
                         when == FROM_START ? "from the start" : "in mid-run");
                run_silently(body, name);
            }
        }
    }
    printf("survives: a ring whose calls are refused | %d calls and mappings, each with %d errors, from the start and in mid-run: each "
           "operation done once\n",
           rows, kinds);
    return 0;
}
