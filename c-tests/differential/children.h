/* Children: a program is spawned with random options, has ended before the next step, and what it saw of its world goes
 * into the log. */
#ifndef UVRING_DIFFERENTIAL_CHILDREN_H
#define UVRING_DIFFERENTIAL_CHILDREN_H

#include "streams.h"

/* Where the descriptors lie that children get, and that into which a child reports. They are numbered the same with
 * every library. */
enum { SOURCES = 6, FIRST_SOURCE = 100, REPORT = 120, MOST_STDIO = 7 };

/* The C library has two signals of its own, which it ignores in children that it spawns. */
#define LIBRARYS_SIGNALS (3ull << 31)

static char own_path[4096];

/* --- in the child --- */

static void print_descriptor(FILE* report, int fd) {
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1 || fstat(fd, &st) != 0) return;
    fprintf(report, "fd %d: type %o access %d%s%s close %d\n", fd, st.st_mode & S_IFMT, flags & O_ACCMODE,
            flags & O_NONBLOCK ? " nonblocking" : "", flags & O_APPEND ? " append" : "", fcntl(fd, F_GETFD));
    int domain = AF_UNIX;
    socklen_t len = sizeof domain;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
    /* What TCP has on its way is counted. Nothing here may wait. */
    if (fd < MOST_STDIO && domain == AF_UNIX && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))) {
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        dprintf(fd, "%d says hello\n", fd);
    }
}

static void print_signals(FILE* report) {
    struct sigaction action;
    sigset_t blocked;
    CHECK_EQ(sigprocmask(SIG_SETMASK, NULL, &blocked), 0);
    for (int signum = 1; signum < 65; signum == 31 ? signum = SIGRTMIN : signum++) {
        CHECK_EQ(sigaction(signum, NULL, &action), 0);
        if (sigismember(&blocked, signum)) fprintf(report, "blocks %d\n", signum);
        if (action.sa_handler != SIG_DFL) fprintf(report, "ignores %d\n", signum);
    }
}

/* The child's main(). */
static int report(int argc, char** argv) {
    FILE* report = fdopen(REPORT, "w");
    char text[4096], *name;
    if (report == NULL) return 90;
    print_signals(report);
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd < REPORT; fd++) print_descriptor(report, fd);
    name = getcwd(text, sizeof text);
    bool is_below = name != NULL && strlen(name) > 4 && strcmp(strrchr(name, '/'), "/sub") == 0;
    fprintf(report, "in %s, leader %d, set %s, args", is_below ? "sub" : name != NULL && name[1] == 0 ? name : ".",
            getsid(0) == getpid(), getenv("RANDOM_PROGRAM"));
    for (int i = 2; i < argc; i++) fprintf(report, " %s", argv[i]);
    fprintf(report, "\n");
    fclose(report);
    return 3;
}

/* --- in the parent --- */

static void on_exit_of_child(uv_process_t* handle, int64_t status, int signum) {
    struct slot* s = of(handle);
    tell(CHILDREN, "%s exit %d signal %d after %d %s", name_of(s), (int)status, signum, polled, shape(s));
    if (one_in(&s->numbers, 2)) close_slot(s, true);
}

/* Descriptors to be inherited. What a source is depends on its number. */
static void open_sources(void) {
    int pipes[2], other[2];
    int fds[SOURCES];
    CHECK_EQ(pipe2(pipes, O_CLOEXEC), 0);
    unix_pair(other);
    fds[0] = pipes[0];
    fds[1] = pipes[1];
    fds[2] = other[0];
    fds[3] = other[1];
    fds[4] = open("for-children", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    fds[5] = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < SOURCES; i++) {
        /* Of each kind one that children would keep, and one that they would not. */
        CHECK_EQ(dup3(fds[i], FIRST_SOURCE + i, i % 2 ? O_CLOEXEC : 0), FIRST_SOURCE + i);
        if (i > 1) set_nonblocking(FIRST_SOURCE + i, 1);
        close(fds[i]);
    }
}

static void close_sources(void) {
    for (int i = 0; i < SOURCES; i++) close(FIRST_SOURCE + i);
}

struct spawning {
    uv_process_options_t options;
    uv_stdio_container_t stdio[MOST_STDIO + 1];
    struct slot* made[MOST_STDIO];
    int inherited[MOST_STDIO];   /* Descriptors of streams of ours. */
    char words[400];
};

static void choose_stdio(struct spawning* p, uint64_t* numbers) {
    p->options.stdio = p->stdio;
    for (int i = 0; i < MOST_STDIO; i++) p->inherited[i] = -1;
    p->options.stdio_count = below(numbers, MOST_STDIO + 1);
    for (int i = 0; i < p->options.stdio_count; i++) {
        uv_stdio_container_t* one = &p->stdio[i];
        struct slot* s;
        char word[40] = "-";
        int fd = -1, what = below(numbers, 10);
        one->flags = UV_IGNORE;
        if (what < 3) {
            one->flags = UV_INHERIT_FD;
            one->data.fd = FIRST_SOURCE + below(numbers, SOURCES);
            snprintf(word, sizeof word, "fd %d", one->data.fd);
        } else if (what < 5) {
            s = some_slot(numbers);
            if (s == NULL || (s->kind != PIPE && s->kind != TCP) || !may_inherit(base(s), &fd)) continue;
            one->flags = UV_INHERIT_STREAM;
            one->data.stream = stream_of(s);
            p->inherited[i] = fd;
            snprintf(word, sizeof word, "%s", name_of(s));
        } else if (what < 7) {
            s = new_slot(PIPE);
            if (s == NULL) continue;
            init_done(s, uv_pipe_init(&loop, (uv_pipe_t*)base(s), one_in(numbers, 4)));
            int flags = UV_CREATE_PIPE;
            if (one_in(numbers, 2)) flags |= UV_READABLE_PIPE;
            if (one_in(numbers, 2)) flags |= UV_WRITABLE_PIPE;
            if (one_in(numbers, 5)) flags |= UV_NONBLOCK_PIPE;
            one->flags = (uv_stdio_flags)flags;
            one->data.stream = stream_of(s);
            p->made[i] = s;
            snprintf(word, sizeof word, "%s as %d", name_of(s), flags);
        }
        size_t len = strlen(p->words);
        snprintf(p->words + len, sizeof p->words - len, " %d=%s", i, word);
    }
}

/* What is run. As another user it cannot be what lies in a folder of root's, and standard output is the report. */
static void choose_program(struct spawning* p, uint64_t* numbers, char** args) {
    static char word[][80] = {"sh", "-c", "exit 7", "kill -9 $$", "kill -15 $$", "child", "one", "two words", "",
                              "grep -E '^(Uid|Gid|Groups|SigBlk|SigIgn)' /proc/self/status; exit 5"};
    static char* const environment[] = {(char*)"RANDOM_PROGRAM=yes", NULL};
    static char long_name[5000];
    static const char* const bad[] = {"/no/such/file", "no-such-file", "sub",  "./sub", "", "for-children", "./for-children",
                                      long_name};
    uv_process_options_t* o = &p->options;
    memset(long_name, 'x', sizeof long_name - 1);
    o->args = args;
    o->file = own_path;
    args[0] = word[0];
    args[1] = word[5];
    args[2] = one_in(numbers, 2) ? word[6 + below(numbers, 3)] : NULL;
    if (one_in(numbers, 4)) {
        o->file = one_in(numbers, 2) ? "/bin/sh" : "sh";
        args[1] = word[1];
        args[2] = word[2 + below(numbers, 3)];
    }
    if (one_in(numbers, 5)) o->flags |= UV_PROCESS_DETACHED;
    if (one_in(numbers, 4)) o->env = (char**)environment;
    if (one_in(numbers, 4)) o->cwd = one_in(numbers, 4) ? "no/such/folder" : one_in(numbers, 2) ? "sub" : "/";
    if (one_in(numbers, 4)) {
        o->flags |= one_in(numbers, 2) ? UV_PROCESS_SETUID : 0;
        o->flags |= one_in(numbers, 2) ? UV_PROCESS_SETGID : 0;
        o->uid = o->gid = one_in(numbers, 3) ? 0 : 65534;
        o->file = "/bin/sh";
        args[1] = word[1];
        args[2] = word[9];
        o->stdio_count = o->stdio_count > 2 ? o->stdio_count : 2;
        p->stdio[1].flags = UV_INHERIT_FD;
        p->stdio[1].data.fd = REPORT;
    }
    if (one_in(numbers, 6)) o->file = bad[below(numbers, 8)];
    if (one_in(numbers, 4) && may_run_script(o)) o->file = "./script";
}

static void make_script(void) {
    int fd = open("script", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    CHECK_EQ(syscall(SYS_write, fd, "id -u\nexit 9\n", 13), 13);
    close(fd);
    CHECK(mkdir("sub", 0755) == 0 || errno == EEXIST);
}

/* What the child has written into its report. */
static void tell_report(int fd) {
    char line[300];
    FILE* file;
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    file = fdopen(fd, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long long ignored;
        if (sscanf(line, "SigIgn: %llx", &ignored) == 1) {
            say("  child: ignores %llx", ignored & ~LIBRARYS_SIGNALS);
        } else {
            say("  child: %.*s", (int)strcspn(line, "\n"), line);
        }
    }
    fclose(file);
}

static void spawn(uint64_t* numbers) {
    struct spawning p;
    struct slot* s = new_slot(PROCESS);
    char* args[4] = {NULL};
    if (s == NULL) return;
    memset(&p, 0, sizeof p);
    base(s)->data = s;
    open_sources();
    choose_stdio(&p, numbers);
    choose_program(&p, numbers, args);
    p.options.exit_cb = one_in(numbers, 8) ? NULL : on_exit_of_child;
    int report = open("report", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_GE(report, 0);
    CHECK_EQ(dup2(report, REPORT), REPORT);
    int r = uv_spawn(&loop, (uv_process_t*)base(s), &p.options);
    close(REPORT);
    say("spawn %s %.30s flags %u in %s stdio%s: %d %s", name_of(s), p.options.file == own_path ? "self" : p.options.file,
        p.options.flags, p.options.cwd, p.words, r, shape(s));
    if (r == 0) {
        siginfo_t info;
        CHECK_EQ(waitid(P_PID, (id_t)uv_process_get_pid((uv_process_t*)base(s)), &info, WEXITED | WNOWAIT), 0);
    }
    for (int i = 0; i < p.options.stdio_count; i++) {
        if (p.inherited[i] != -1) mend_inherited(p.inherited[i]);
        if (p.made[i] != NULL) say("  %s %s", name_of(p.made[i]), stream_shape(p.made[i]));
    }
    for (int i = 0; i < SOURCES; i++) {
        int flags = fcntl(FIRST_SOURCE + i, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND);
        if (is_mode_fixed(&p.options, r, FIRST_SOURCE + i)) say("  source %d: %d", i, flags);
    }
    close_sources();
    tell_report(report);
}

#endif
