/* The kernel has no room to watch a descriptor (epoll_ctl answers ENOSPC or ENOMEM): a loop that cannot be woken is not made;
 * a handle that is not heard of takes no processor time, and keeps nothing else from working; and once there is room it is heard. */
/* not on libuv: it ends the process */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
/* timeout: 60 */
#include "check.h"
#include "refuse_syscalls.h"

static uv_loop_t loop;
static uv_poll_t poll_handle;
static uv_pipe_t reader;
static uv_timer_t timer;
static int ends[2], heard, ticks;
static char room[16];

/* Refuses to add the descriptor `fd` to an epoll set; any if it is -1. */
static int refuse_to_add(int fd, int error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EPOLL_CTL_ADD, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)fd, 0, fd < 0 ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(size);
    *buf = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_EQ(n, 1);
    heard++;
}

static void on_tick(uv_timer_t* handle) {
    if (++ticks == 10 || heard) {
        uv_close((uv_handle_t*)handle, NULL);
        uv_close((uv_handle_t*)&reader, NULL);
    }
}

static void read_from_pipe(void) {
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    CHECK_OK(uv_pipe_init(&loop, &reader, 0));
    CHECK_OK(uv_pipe_open(&reader, ends[0]));
    CHECK_OK(uv_read_start((uv_stream_t*)&reader, on_alloc, on_read));
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_tick, 20, 20));
}

static void init_fails(int error) {
    watchdog(20);
    if (!refuse_to_add(-1, error)) _exit(77);
    CHECK_EQ(uv_loop_init(&loop), uv_translate_sys_error(error));
}

static void one_handle_is_deaf(int error) {
    double before;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    read_from_pipe();
    if (!refuse_to_add(ends[0], error)) _exit(77);
    before = processor_seconds();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(heard, 0);
    CHECK_EQ(ticks, 10);
    CHECK(processor_seconds() - before < 0.1);
    /* A poll handle can say so at once. */
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    CHECK_EQ(uv_poll_init(&loop, &poll_handle, ends[0]), uv_translate_sys_error(error));
    CHECK_EQ(uv_loop_close(&loop), 0);
}

static void in_child(void (*body)(int), int error) {
    int status;
    pid_t pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        body(error);
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("seccomp filters are not allowed here");
    if (status != 0) FAIL("with error %d the child ended with status %x", error, status);
}

static void heard_later(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    read_from_pipe();
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(heard, 1);
    CHECK_EQ(uv_loop_close(&loop), 0);
}

int main(int argc, char** argv) {
    UNUSED(argv);
    if (argc > 1) {
        heard_later();
        return 0;
    }
    in_child(init_fails, ENOSPC);
    in_child(init_fails, ENOMEM);
    in_child(one_handle_is_deaf, ENOSPC);
    in_child(one_handle_is_deaf, ENOMEM);
    /* The first registration is that of the loop's wake-up. */
    fclose(trace_of_child("inject=epoll_ctl:error=ENOSPC:when=2", NULL, NULL));
    return 0;
}
