/* C2: a ring that may be had, but where one operation, or any, is refused with whatever error, from the start or in mid-run: every
 * operation is done once and called back once, and a loop that waits does not spin. (Not closes in mid-run: that of a file may have failed
 * with each of these errors, and is not tried again.) */
/* not on libuv: it passes such an error on */
/* timeout: 120 */
/* not on asan: it has an mmap of its own */
#include "exactly_once.h"
#include "ring_seam.h"

enum { WAIT_MS = 100 };

static const int opcodes[] = {IORING_OP_NOP,    IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_POLL_ADD,
                              IORING_OP_OPENAT, IORING_OP_CLOSE, SEAM_ANY};
static const int errors[] = {EPERM, EACCES, EINVAL, EOPNOTSUPP, ENOSYS};
static int opcode, error, failed;

static void refuse(void) { seam_fail(opcode, error); }

static void on_read(uv_fs_t* req) {
    CHECK_EQ(req->result, 5);
    uv_fs_req_cleanup(req);
}

static void on_timer(uv_timer_t* timer) {
    CHECK_EQ(write((int)(intptr_t)timer->data, "hello", 5), 5);
    uv_close((uv_handle_t*)timer, NULL);
}

static void on_start(uv_timer_t* timer) {
    uv_buf_t room = uv_buf_init(once_room, sizeof once_room);
    CHECK_OK(uv_fs_read(&once_loop, &once_waiting_read, once_ends[0], &room, 1, -1, on_read));
    CHECK_OK(uv_timer_start(timer, on_timer, WAIT_MS, 0));
}

/* A read of a pipe, which the ring carries if it may, is waited for. */
static void wait_for_a_pipe(void) {
    int before = seam_failed;
    CHECK_EQ(pipe2(once_ends, O_CLOEXEC), 0);
    CHECK_OK(uv_loop_init(&once_loop));
    CHECK_OK(uv_timer_init(&once_loop, &once_timer));
    once_timer.data = (void*)(intptr_t)once_ends[1];
    CHECK_OK(uv_timer_start(&once_timer, on_start, 1, 0));
    CHECK_EQ(uv_run(&once_loop, UV_RUN_DEFAULT), 0);
    CHECK_LT(seam_failed - before, 50);
    CHECK_EQ(uv_loop_close(&once_loop), 0);
    close(once_ends[0]);
    close(once_ends[1]);
}

static void in_child(int in_mid_run) {
    int before;
    watchdog(20);
    if (!in_mid_run) refuse();
    exactly_once(in_mid_run ? refuse : NULL);
    before = once_descriptors();
    exactly_once(NULL);
    wait_for_a_pipe();
    CHECK_LE(once_descriptors(), before + 1);
    _exit(seam_failed > 0 ? 100 : 0);
}

int main(void) {
    watchdog(110);
    seam_or_skip();
    CHECK_EQ(chdir(temp_dir()), 0);
    for (size_t i = 0; i < sizeof opcodes / sizeof opcodes[0]; i++) {
        for (size_t k = 0; k < sizeof errors / sizeof errors[0]; k++) {
            int closes = opcodes[i] == IORING_OP_CLOSE || opcodes[i] == SEAM_ANY;
            opcode = opcodes[i];
            error = errors[k];
            for (int in_mid_run = 0; in_mid_run < 2 - closes; in_mid_run++) {
                pid_t pid = fork();
                int status;
                CHECK_GE(pid, 0);
                if (pid == 0) in_child(in_mid_run);
                CHECK_EQ(waitpid(pid, &status, 0), pid);
                if (WIFEXITED(status) && WEXITSTATUS(status) == 100) {
                    failed++;
                } else if (status != 0) {
                    FAIL("opcode %d, %s, %s: status %x", opcode, strerror(error), in_mid_run ? "in mid-run" : "from the start",
                         status);
                }
            }
        }
    }
    /* Otherwise this test looks at nothing. */
    CHECK_GT(failed, 10);
    printf("survives: a ring whose operations are refused | %zu opcodes, each with %zu errors: each operation done once, no spinning\n",
           sizeof opcodes / sizeof opcodes[0], sizeof errors / sizeof errors[0]);
    return 0;
}
