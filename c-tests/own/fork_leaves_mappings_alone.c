/* A forked child maps memory where its parent has what a loop left behind: that a thread of the child ends, or the process,
 * unmaps none of it, and no descriptor of the child's own is closed. */
/* no leak check: a forked child has lost the threads of the pool, and their memory with them */
/* on tsan: a process with threads forks here */
#include "check.h"

enum { MOST = 64 };

static char *start[MOST], *mine[MOST];
static size_t length[MOST];
static int mappings;
static uv_loop_t loop;
static uv_fs_t req;

static void on_open(uv_fs_t* r) {
    if (r->result >= 0) close((int)r->result);
    uv_fs_req_cleanup(r);
}

static void start_open(uv_timer_t* timer) {
    CHECK_OK(uv_fs_open(&loop, &req, "/proc/self/exe", UV_FS_O_RDONLY, 0, on_open));
    uv_close((uv_handle_t*)timer, NULL);
}

static void use_loop(void) {
    uv_timer_t timer;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, start_open, 0, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_loop_close(&loop), 0);
}

static void find_mappings(void) {
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[600];
    CHECK(maps != NULL);
    mappings = 0;
    while (mappings < MOST && fgets(line, sizeof line, maps) != NULL) {
        unsigned long first, last;
        if (strstr(line, "io_uring") == NULL || sscanf(line, "%lx-%lx", &first, &last) != 2) continue;
        start[mappings] = (char*)first;
        length[mappings++] = last - first;
    }
    fclose(maps);
}

static void map_there(void) {
    for (int i = 0; i < mappings; i++) {
        mine[i] = mmap(start[i], length[i], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(mine[i] == start[i]);
        memset(mine[i], 7, length[i]);
    }
}

static void check_mine(void) {
    for (int i = 0; i < mappings; i++) {
        unsigned char there;
        CHECK_EQ(mincore(mine[i], 4096, &there), 0);
        CHECK_EQ(mine[i][length[i] - 1], 7);
    }
}

/* Descriptors that take the numbers of what the child was given. */
static int fds[32];

static void replace_descriptors(void) {
    for (int fd = 3; fd < 64; fd++) close(fd);
    for (int i = 0; i < 32; i++) {
        fds[i] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        CHECK_GE(fds[i], 0);
    }
}

static void check_descriptors(void) {
    for (int i = 0; i < 32; i++) CHECK_NE(fcntl(fds[i], F_GETFD), -1);
}

/* Not longer: libuv, as it ends, would join threads that stayed in the parent. */
static void check_all(void) {
    check_mine();
    check_descriptors();
    _exit(0);
}

/* In the child, what a loop of the parent has left is overwritten. */
static pid_t fork_after_a_loop(void) {
    pid_t pid;
    use_loop();
    find_mappings();
    pid = fork();
    CHECK_GE(pid, 0);
    if (pid == 0) {
        watchdog(10);
        map_there();
    }
    return pid;
}

static void* in_thread(void* arg) {
    pid_t pid = fork_after_a_loop();
    UNUSED(arg);
    if (pid != 0) {
        expect_child_success(pid);
        return NULL;
    }
    replace_descriptors();
    /* The child's only thread ends, and with it the process: after what the library does then. */
    CHECK_EQ(atexit(check_all), 0);
    return NULL;
}

/* A loop of the child's own, on the thread that was forked: it does not use what the parent left. */
static void new_loop_in_child(void) {
    pid_t pid = fork_after_a_loop();
    if (pid == 0) {
        use_loop();
        check_mine();
        _exit(0);
    }
    expect_child_success(pid);
}

int main(void) {
    pthread_t thread;
    watchdog(20);
    CHECK_EQ(pthread_create(&thread, NULL, in_thread, NULL), 0);
    pthread_join(thread, NULL);
    new_loop_in_child();
    return 0;
}
