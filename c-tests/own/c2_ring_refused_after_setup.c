/* C2: a filter may let io_uring_setup pass and refuse io_uring_enter or io_uring_register: everything works without the
 * ring then, and nothing is printed. */
/* not on libuv: it prints a line and aborts when io_uring_enter is refused */
/* timeout: 30 */
#include "everything.h"
#include "refuse_syscalls.h"

static void twice(void) {
    everything();
    everything();
}

int main(void) {
    static const int errors[] = {EPERM, ENOSYS, EACCES};
    watchdog(28);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        run_refused(IO_URING_ENTER, IO_URING_ENTER, SECCOMP_RET_ERRNO | (unsigned)errors[i], twice);
        run_refused(IO_URING_REGISTER, IO_URING_REGISTER, SECCOMP_RET_ERRNO | (unsigned)errors[i], twice);
    }
    return 0;
}
