/* C2: where a filter refuses io_uring_setup, with whatever error, everything works without the ring and nothing is
 * printed. */
/* timeout: 30 */
#include "everything.h"
#include "refuse_syscalls.h"

static void twice(void) {
    everything();
    everything();
}

int main(void) {
    static const int errors[] = {EPERM, ENOSYS, EACCES, ENOMEM, EMFILE, EINVAL};
    watchdog(28);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        run_refused(IO_URING_SETUP, IO_URING_REGISTER, SECCOMP_RET_ERRNO | (unsigned)errors[i], twice);
        run_refused(IO_URING_SETUP, IO_URING_SETUP, SECCOMP_RET_ERRNO | (unsigned)errors[i], twice);
    }
    return 0;
}
