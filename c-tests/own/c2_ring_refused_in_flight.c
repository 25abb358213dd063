/* C2: a filter comes that refuses io_uring_enter, or io_uring_register, while files are being appended to, opened, unlinked,
 * renamed and closed, and a pipe is read: each of these is done, once, and called back. Also if all had been done by then, if a
 * forked child holds what the loop had open, and if the loop is stopped and run in another mode. Where the library cannot learn
 * what became of one, it ends with UV_EIO. */
/* timeout: 60 */
#include "check.h"
#include "refuse_syscalls.h"

enum { EACH = 3, LENGTH = 300000 };

enum { AT_ONCE, LATER, WITH_CHILD, STOPPED, UNTOLD, WAYS };

static uv_loop_t loop;
static uv_idle_t idle;
static uv_check_t after_poll;
static uv_fs_t appends[EACH], creates[EACH], opens[EACH], unlinks[EACH], renames[EACH], closes[EACH], pipe_read;
static char data[LENGTH], received[16];
static uv_buf_t whole, room;
static int file, ends[2], to_close[EACH], called_back, turns, way;
static unsigned first_refused, last_refused, action;

static const char* name(const char* kind, int i) {
    static char names[8][64];
    static int next;
    char* place = names[next++ % 8];
    snprintf(place, sizeof names[0], "%s%d", kind, i);
    return place;
}

static void on_done(uv_fs_t* req) {
    if (way == UNTOLD && req->result == UV_EIO) req->result = req->fs_type == UV_FS_WRITE ? LENGTH : 0;
    if (req->result < 0) FAIL("operation %d: %s", (int)req->fs_type, uv_strerror((int)req->result));
    if (req->fs_type == UV_FS_WRITE) CHECK_EQ(req->result, LENGTH);
    called_back++;
    uv_fs_req_cleanup(req);
}

static void on_pipe_read(uv_fs_t* req) {
    if (way != UNTOLD || req->result != UV_EIO) CHECK_EQ(req->result, 5);
    if (req->result == 5) CHECK_EQ(memcmp(received, "hello", 5), 0);
    called_back++;
    uv_fs_req_cleanup(req);
}

/* The turn's poll phase submits them. */
static void start_all(void) {
    for (int i = 0; i < EACH; i++) {
        CHECK_OK(uv_fs_open(&loop, &opens[i], name("old", i), UV_FS_O_RDONLY, 0, on_done));
        CHECK_OK(uv_fs_write(&loop, &appends[i], file, &whole, 1, -1, on_done));
        CHECK_OK(uv_fs_open(&loop, &creates[i], name("new", i), UV_FS_O_CREAT | UV_FS_O_EXCL | UV_FS_O_RDWR, 0600, on_done));
        CHECK_OK(uv_fs_unlink(&loop, &unlinks[i], name("away", i), on_done));
        CHECK_OK(uv_fs_rename(&loop, &renames[i], name("from", i), name("to", i), on_done));
        CHECK_OK(uv_fs_close(&loop, &closes[i], to_close[i], on_done));
    }
}

static void on_idle(uv_idle_t* handle) {
    UNUSED(handle);
    if (++turns == 3) start_all();
}

static void on_check(uv_check_t* handle) {
    UNUSED(handle);
    if (turns != 3) return;
    if (way == LATER) sleep_ms(100);
    if (way == WITH_CHILD && fork() == 0) {
        sleep_ms(200);
        _exit(0);
    }
    if (way == STOPPED) uv_stop(&loop);
    if (way == UNTOLD && !refuse_syscalls(SYS_vmsplice, SYS_vmsplice, action)) _exit(77);
    if (!refuse_syscalls(first_refused, last_refused, action)) _exit(77);
    CHECK_EQ(write(ends[1], "hello", 5), 5);
    uv_close((uv_handle_t*)&idle, NULL);
    uv_close((uv_handle_t*)&after_poll, NULL);
}

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void touch(const char* path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
}

static void prepare(void) {
    memset(data, 'x', sizeof data);
    whole = uv_buf_init(data, sizeof data);
    room = uv_buf_init(received, sizeof received);
    file = open("appended", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_SYNC | O_CLOEXEC, 0600);
    CHECK_GE(file, 0);
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    for (int i = 0; i < EACH; i++) {
        unlink(name("new", i));
        touch(name("old", i));
        touch(name("away", i));
        touch(name("from", i));
        to_close[i] = open(name("old", i), O_RDONLY | O_CLOEXEC);
        CHECK_GE(to_close[i], 0);
    }
}

static void check_effects(int before) {
    struct stat st;
    CHECK_EQ(called_back, 6 * EACH + 1);
    CHECK_EQ(fstat(file, &st), 0);
    CHECK_LE(st.st_size, (long)EACH * LENGTH);
    if (way == UNTOLD) return;
    CHECK_EQ(st.st_size, (long)EACH * LENGTH);
    for (int i = 0; i < EACH; i++) {
        CHECK_EQ(access(name("away", i), F_OK), -1);
        CHECK_EQ(access(name("from", i), F_OK), -1);
        CHECK_EQ(access(name("to", i), F_OK), 0);
    }
    /* 2 * EACH were opened, EACH closed, and nothing leaked. A ring that was not given up is kept. */
    if (first_refused == IO_URING_REGISTER) before = open_descriptors() > before + EACH ? before + 1 : before;
    CHECK_EQ(open_descriptors(), before + EACH);
}

static void in_child(void) {
    int before;
    watchdog(20);
    prepare();
    /* The first loop of a process leaves some descriptors behind. */
    CHECK_OK(uv_loop_init(&loop));
    CHECK_EQ(uv_loop_close(&loop), 0);
    before = open_descriptors();
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    CHECK_OK(uv_check_init(&loop, &after_poll));
    CHECK_OK(uv_check_start(&after_poll, on_check));
    CHECK_OK(uv_fs_read(&loop, &pipe_read, ends[0], &room, 1, -1, on_pipe_read));
    if (way == STOPPED) {
        CHECK_NE(uv_run(&loop, UV_RUN_DEFAULT), 0);
        while (uv_run(&loop, UV_RUN_ONCE) != 0) {
        }
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_loop_close(&loop), 0);
    check_effects(before);
}

static void try_with(unsigned first, unsigned last, int error) {
    int status;
    pid_t pid;
    first_refused = first;
    last_refused = last;
    action = SECCOMP_RET_ERRNO | (unsigned)error;
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        in_child();
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("seccomp filters are not allowed here");
    if (status != 0) FAIL("calls %u to %u, error %d, way %d: status %x", first, last, error, way, status);
}

/* More goes to the ring then. */
static void stay_on_one_processor(void) {
    cpu_set_t one;
    int first = 0;
    CHECK_EQ(sched_getaffinity(0, sizeof one, &one), 0);
    while (!CPU_ISSET(first, &one)) first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
}

int main(void) {
    CHECK_EQ(chdir(temp_dir()), 0);
    for (int alone = 0; alone < 2; alone++) {
        if (alone) stay_on_one_processor();
        for (way = 0; way < WAYS; way++) {
            try_with(IO_URING_ENTER, IO_URING_ENTER, EPERM);
            try_with(IO_URING_SETUP, IO_URING_REGISTER, ENOSYS);
            try_with(IO_URING_REGISTER, IO_URING_REGISTER, EPERM);
            if (way == AT_ONCE) try_with(IO_URING_ENTER, IO_URING_ENTER, EAGAIN);
        }
    }
    return 0;
}
