/* A system call fails although nothing is wrong, or does less than was asked for: the n-th of its kind, whichever that is. A program on
 * this library then gets what it gets without, or the error, as on libuv: every request that was started is called back once, the loop ends
 * and can be closed, and nobody is killed. Where libuv never tells (EINTR, EAGAIN, a byte at a time), nor do we. */
/* not on libuv: it is what this is compared with */
/* not on asan: it has an mmap of its own */
/* not on aarch64: it takes minutes there */
/* not on valgrind: it takes minutes there */
#include "faults.h"

enum { MOST = 100, LENGTH = 200000, DIED = 1 };

static const struct {
    const char* name;
    int kind, error, types;
} faults[] = {
    {"read: EINTR", READS, EINTR, ANY_TYPE},
    {"read: EAGAIN", READS, EAGAIN, SOCKETS | PIPES | OTHERS},
    {"read: ENOMEM", READS, ENOMEM, SOCKETS | PIPES | FILES},
    {"read: ECONNRESET", READS, ECONNRESET, SOCKETS},
    {"read: EIO", READS, EIO, FILES},
    {"read: short", READS, SHORT, SOCKETS | PIPES},
    {"write: EINTR", WRITES, EINTR, ANY_TYPE},
    {"write: EAGAIN", WRITES, EAGAIN, SOCKETS | PIPES},
    {"write: ENOBUFS", WRITES, ENOBUFS, SOCKETS},
    {"write: EPIPE", WRITES, EPIPE, SOCKETS | PIPES},
    {"write: ENOSPC", WRITES, ENOSPC, FILES},
    {"write: short", WRITES, SHORT, SOCKETS | PIPES},
    {"wait: EINTR", WAITS, EINTR, ANY_TYPE},
    {"epoll_ctl: ENOMEM", SETS, ENOMEM, ANY_TYPE},
    {"epoll_ctl: ENOSPC", SETS, ENOSPC, ANY_TYPE},
    {"close: EINTR", CLOSES, EINTR, ANY_TYPE},
    {"close: EIO", CLOSES, EIO, FILES},
    {"accept: EINTR", ACCEPTS, EINTR, ANY_TYPE},
    {"accept: EAGAIN", ACCEPTS, EAGAIN, ANY_TYPE},
    {"accept: ECONNABORTED", ACCEPTS, ECONNABORTED, ANY_TYPE},
    {"accept: ENOMEM", ACCEPTS, ENOMEM, ANY_TYPE},
    {"connect: EINTR", CONNECTS, EINTR, ANY_TYPE},
    {"connect: ECONNREFUSED", CONNECTS, ECONNREFUSED, ANY_TYPE},
    {"connect: ENETUNREACH", CONNECTS, ENETUNREACH, ANY_TYPE},
    {"mmap: ENOMEM", MAPS, ENOMEM, ANY_TYPE},
    {"open: EINTR", OPENS, EINTR, ANY_TYPE},
    {"open: ENOMEM", OPENS, ENOMEM, ANY_TYPE},
    {"open: EMFILE", OPENS, EMFILE, ANY_TYPE},
    {"descriptor: EMFILE", DESCRIPTORS, EMFILE, ANY_TYPE},
    {"descriptor: ENFILE", DESCRIPTORS, ENFILE, ANY_TYPE},
    {"descriptor: ENOMEM", DESCRIPTORS, ENOMEM, ANY_TYPE},
    {"statx: ENOMEM", LOOKS, ENOMEM, ANY_TYPE},
    {"statx: EIO", LOOKS, EIO, ANY_TYPE},
};

static uv_loop_t loop;
/* The first error that was told, and the requests under way. */
static int first_error, under_way;

static int note(int status) {
    if (status < 0 && status != UV_EOF && first_error == 0) first_error = status;
    return status;
}

/* A call that starts a request. */
static int start(int status) {
    if (note(status) == 0) under_way++;
    return status;
}

static void ended(int status) {
    if (status != UV_ECANCELED) note(status);
    under_way--;
    CHECK_GE(under_way, 0);
}

static void give_up(uv_handle_t* handle, void* arg) {
    UNUSED(arg);
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void stop_on_error(void) {
    if (first_error != 0) uv_walk(&loop, give_up, NULL);
}

/* --- TCP: connect, write, read, shut down, end --- */

static uv_tcp_t server, client, served;
static uv_connect_t connecting;
static uv_write_t writes[2];
static uv_shutdown_t shutting;
static uint64_t sent, received;
static char bulk[LENGTH];

static void on_written(uv_write_t* req, int status) {
    UNUSED(req);
    ended(status);
    stop_on_error();
}

static void on_shut(uv_shutdown_t* req, int status) {
    UNUSED(req);
    ended(status);
    stop_on_error();
}

static void on_bytes(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    if (n > 0) {
        pattern_check(buf->base, received, (size_t)n);
        received += (uint64_t)n;
    } else if (n < 0) {
        note((int)n);
        if (n == UV_EOF) CHECK(first_error != 0 || received == sent);
        uv_walk(&loop, give_up, NULL);
        UNUSED(stream);
    }
}

static void send_bulk(uv_stream_t* stream) {
    for (int i = 0; i < 2; i++) {
        uv_buf_t half = uv_buf_init(bulk + i * LENGTH / 2, LENGTH / 2);
        if (start(uv_write(&writes[i], stream, &half, 1, on_written)) == 0) sent += LENGTH / 2;
    }
    start(uv_shutdown(&shutting, stream, on_shut));
    stop_on_error();
}

static void on_connected(uv_connect_t* req, int status) {
    ended(status);
    if (status == 0) send_bulk(req->handle);
    stop_on_error();
}

static void on_connection(uv_stream_t* stream, int status) {
    if (note(status) == 0 && note(uv_tcp_init(&loop, &served)) == 0 && note(uv_accept(stream, (uv_stream_t*)&served)) == 0) {
        note(uv_read_start((uv_stream_t*)&served, lend_slab, on_bytes));
    }
    stop_on_error();
}

static void tcp(void) {
    struct sockaddr_in addr = loopback(0);
    int len = sizeof addr;
    if (note(uv_tcp_init(&loop, &server)) != 0 || note(uv_tcp_bind(&server, (struct sockaddr*)&addr, 0)) != 0 ||
        note(uv_listen((uv_stream_t*)&server, 4, on_connection)) != 0 ||
        note(uv_tcp_getsockname(&server, (struct sockaddr*)&addr, &len)) != 0 || note(uv_tcp_init(&loop, &client)) != 0) {
        return;
    }
    start(uv_tcp_connect(&connecting, &client, (struct sockaddr*)&addr, on_connected));
}

/* --- a pipe within the process --- */

static uv_pipe_t ends[2];

static void on_all_written(uv_write_t* req, int status) {
    on_written(req, status);
    if (req == &writes[1] && !uv_is_closing((uv_handle_t*)&ends[1])) uv_close((uv_handle_t*)&ends[1], NULL);
}

static void pipes(void) {
    uv_file fds[2];
    if (note(uv_pipe(fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE)) != 0) return;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(uv_pipe_init(&loop, &ends[i], 0));
        if (note(uv_pipe_open(&ends[i], fds[i])) != 0) return;
    }
    note(uv_read_start((uv_stream_t*)&ends[0], lend_slab, on_bytes));
    for (int i = 0; i < 2; i++) {
        uv_buf_t half = uv_buf_init(bulk + i * LENGTH / 2, LENGTH / 2);
        if (start(uv_write(&writes[i], (uv_stream_t*)&ends[1], &half, 1, on_all_written)) == 0) sent += LENGTH / 2;
    }
}

/* --- datagrams --- */

static uv_udp_t receiver, sender;
static uv_udp_send_t sending;
static uv_timer_t timer;

static void on_sent(uv_udp_send_t* req, int status) {
    UNUSED(req);
    ended(status);
    stop_on_error();
}

static void on_datagram(uv_udp_t* handle, ssize_t n, const uv_buf_t* buf, const struct sockaddr* from, unsigned flags) {
    UNUSED(handle); UNUSED(buf); UNUSED(from); UNUSED(flags);
    if (n == 0 && from == NULL) return;
    if (n > 0) CHECK_EQ(n, 5);
    note((int)n);
    uv_walk(&loop, give_up, NULL);
}

static void udp(void) {
    struct sockaddr_in addr = loopback(0);
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    int len = sizeof addr;
    CHECK_OK(uv_udp_init(&loop, &receiver));
    CHECK_OK(uv_udp_init(&loop, &sender));
    if (note(uv_udp_bind(&receiver, (struct sockaddr*)&addr, 0)) != 0 ||
        note(uv_udp_getsockname(&receiver, (struct sockaddr*)&addr, &len)) != 0 ||
        note(uv_udp_recv_start(&receiver, lend_slab, on_datagram)) != 0) {
        return;
    }
    start(uv_udp_send(&sending, &sender, &buf, 1, (struct sockaddr*)&addr, on_sent));
}

/* --- a file from its making to its end --- */

static uv_fs_t file_req;
static uv_file file;
static int step;
static char content[16];

static void on_file(uv_fs_t* req) {
    uv_buf_t buf = uv_buf_init(content, sizeof content), text = uv_buf_init((char*)"hello", 5);
    ssize_t result = req->result;
    ended((int)result);
    if (result >= 0 && step == 1) file = (uv_file)result;
    if (result >= 0 && (step == 2 || step == 3)) CHECK_EQ(result, 5);
    if (result >= 0 && step == 4) CHECK_EQ(req->statbuf.st_size, 5);
    uv_fs_req_cleanup(req);
    if (result < 0) {
        if (file > 0) close(file);
        return;
    }
    switch (++step) {
        case 2: start(uv_fs_write(&loop, req, file, &text, 1, 0, on_file)); break;
        case 3: start(uv_fs_read(&loop, req, file, &buf, 1, 0, on_file)); break;
        case 4: start(uv_fs_stat(&loop, req, "file", on_file)); break;
        case 5: start(uv_fs_fsync(&loop, req, file, on_file)); break;
        case 6: start(uv_fs_close(&loop, req, file, on_file)); break;
        case 7: start(uv_fs_unlink(&loop, req, "file", on_file)); break;
        default: break;
    }
}

static void files(void) {
    step = 1;
    unlink("file");
    start(uv_fs_open(&loop, &file_req, "file", UV_FS_O_CREAT | UV_FS_O_RDWR, 0600, on_file));
}

/* --- a child, its output and its end --- */

static uv_process_t child;
static uv_pipe_t output;
static int has_exited;

static void on_exit_cb(uv_process_t* process, int64_t status, int signal) {
    CHECK(status == 0 && signal == 0);
    has_exited++;
    uv_close((uv_handle_t*)process, NULL);
}

static void on_output(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    if (n >= 0) return;
    note((int)n);
    uv_close((uv_handle_t*)stream, NULL);
}

static void children(void) {
    char* args[] = {(char*)"/bin/true", NULL};
    uv_stdio_container_t stdio[2] = {{.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}};
    uv_process_options_t options = {.file = args[0], .args = args, .exit_cb = on_exit_cb, .stdio = stdio, .stdio_count = 2};
    CHECK_OK(uv_pipe_init(&loop, &output, 0));
    stdio[1].data.stream = (uv_stream_t*)&output;
    if (note(uv_spawn(&loop, &child, &options)) != 0) return;
    note(uv_read_start((uv_stream_t*)&output, lend_slab, on_output));
    if (first_error != 0) uv_close((uv_handle_t*)&output, NULL);
}

/* --- wake-ups: a job, an async from its thread, a timer --- */

static uv_async_t async;
static uv_work_t work;
static int woken;

static void on_async(uv_async_t* handle) {
    woken++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void send_async(uv_work_t* req) {
    UNUSED(req);
    uv_async_send(&async);
}

static void after_work(uv_work_t* req, int status) {
    UNUSED(req);
    ended(status);
}

static void on_timer(uv_timer_t* handle) { uv_close((uv_handle_t*)handle, NULL); }

static void wake_ups(void) {
    if (note(uv_async_init(&loop, &async, on_async)) != 0) return;
    if (start(uv_queue_work(&loop, &work, send_async, after_work)) != 0) uv_close((uv_handle_t*)&async, NULL);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 3, 0));
}

static const struct {
    const char* name;
    void (*run)(void);
} programs[] = {{"tcp", tcp}, {"pipe", pipes}, {"udp", udp}, {"file", files}, {"child", children}, {"wake-ups", wake_ups}};

enum { FAULTS = sizeof faults / sizeof faults[0], PROGRAMS = sizeof programs / sizeof programs[0] };

/* Runs a program; gives its first error. */
static int run(int program) {
    if (note(uv_loop_init(&loop)) != 0) return first_error;
    programs[program].run();
    stop_on_error();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(under_way, 0);
    CHECK_EQ(uv_loop_close(&loop), 0);
    return first_error;
}

/* What became of a program with a fault: in a child of this one. 1 if it did not come to the fault. */
static int missed(int program, int which, int n, int* error) {
    int answer[2], said[2] = {DIED, 0}, status;
    pid_t pid;
    CHECK_EQ(pipe2(answer, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        watchdog(getenv("LD_PRELOAD") != NULL ? 2 : 10);
        pattern_fill(bulk, 0, sizeof bulk);
        fault_arm(faults[which].kind, faults[which].error, faults[which].types, n);
        said[0] = run(program);
        said[1] = !fault_met();
        CHECK_EQ(write(answer[1], said, sizeof said), sizeof said);
        _exit(0);
    }
    close(answer[1]);
    CHECK_GE(read(answer[0], said, sizeof said), 0);
    close(answer[0]);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    *error = status == 0 ? said[0] : DIED;
    return status == 0 && said[1];
}

/* Which errors a fault led to, as a line: the program, the fault, then numbers. */
static void table(void) {
    for (int program = 0; program < PROGRAMS; program++) {
        for (int which = 0; which < FAULTS; which++) {
            int clean = 0, told = 0, died = 0, other = 0, met = 0;
            for (int n = 1; n <= MOST; n++) {
                int error;
                if (died != 0 || missed(program, which, n, &error)) break;
                met++;
                if (error == 0) clean++;
                else if (error == DIED) died = n;
                else if (error == -faults[which].error) told++;
                else other = error;
            }
            printf("%d %d %d %d %d %d %d\n", program, which, met, clean, told, died, other);
        }
    }
    fflush(stdout);
}

enum { MET, CLEAN, TOLD, DIED_AT, OTHER, COLUMNS };

static void read_table(const char* self, const char* preload, int rows[PROGRAMS][FAULTS][COLUMNS]) {
    char line[200];
    FILE* said;
    int out[2], status, program, which, at[COLUMNS];
    pid_t pid;
    CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        CHECK_EQ(dup2(out[1], 1), 1);
        /* libuv's last words. */
        if (preload != NULL) CHECK_EQ(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2), 2);
        if (preload != NULL) setenv("LD_PRELOAD", preload, 1);
        execl(self, self, "table", (char*)NULL);
        _exit(76);
    }
    close(out[1]);
    CHECK((said = fdopen(out[0], "r")) != NULL);
    while (fgets(line, sizeof line, said) != NULL) {
        CHECK_EQ(sscanf(line, "%d %d %d %d %d %d %d", &program, &which, &at[0], &at[1], &at[2], &at[3], &at[4]), 7);
        memcpy(rows[program][which], at, sizeof at);
    }
    fclose(said);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

int main(int argc, char** argv) {
    static int ours[PROGRAMS][FAULTS][COLUMNS], theirs[PROGRAMS][FAULTS][COLUMNS];
    const char* libuv = getenv("UVRING_TEST_LIBUV");
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    int wrong = 0, met = 0, killed = 0;
    UNUSED(argv);
    watchdog(58);
    if (argc > 1) {
        table();
        return 0;
    }
    if (libuv == NULL) SKIP("no real libuv to compare with");
    CHECK_GT(len, 0);
    self[len] = 0;
    CHECK_EQ(chdir(temp_dir()), 0);
    read_table(self, NULL, ours);
    read_table(self, libuv, theirs);
    for (int program = 0; program < PROGRAMS; program++) {
        for (int which = 0; which < FAULTS; which++) {
            int *we = ours[program][which], *they = theirs[program][which];
            met += we[MET];
            killed += they[DIED_AT] > 0;
            /* The error may be told where libuv tells it, or dies of it, or makes no such call: its descriptors join an epoll set by a
             * ring. */
            int may_tell = they[TOLD] > 0 || they[DIED_AT] > 0 || they[MET] == 0 || faults[which].kind == SETS;
            if (we[DIED_AT] == 0 && we[OTHER] == 0 && (we[TOLD] == 0 || may_tell)) continue;
            wrong++;
            fprintf(stderr, "%s, %s: here met %d, clean %d, told %d, died at %d, other %d; libuv %d %d %d %d %d\n",
                    programs[program].name, faults[which].name, we[MET], we[CLEAN], we[TOLD], we[DIED_AT], we[OTHER], they[MET],
                    they[CLEAN], they[TOLD], they[DIED_AT], they[OTHER]);
        }
    }
    printf("survives: a system call that fails once | %d calls of %d programs, with %d errors: nobody was killed, every request called back "
           "once; libuv was killed or stuck %d times\n",
           met, PROGRAMS, FAULTS, killed);
    CHECK_GT(met, 200);
    CHECK_EQ(wrong, 0);
    return 0;
}
