/* uv_fs_copyfile of many kinds of files onto many kinds of targets, as root and as another user: the result, and what is
 * there afterwards, with owner, mode and times, are libuv's. A failed copy onto a FIFO is not here: libuv removes that. */
/* not on aarch64: real libuv is not there */
/* not on asan-ring: real libuv is loaded before the sanitizer */
/* not on asan-epoll: real libuv is loaded before the sanitizer */
#include "beside_libuv.h"
#include "refuse_syscalls.h"

#include <grp.h>

static const struct timespec long_ago[2] = {{1000000000, 123456789}, {1100000000, 987654321}};
static int copied;

static void tell(const char* name) {
    struct stat st;
    if (lstat(name, &st) != 0) {
        say("%s is not there", name);
        return;
    }
    say("%s has mode %o, owner %u:%u, %lld bytes, accessed %s, changed %s", name, (unsigned)st.st_mode, st.st_uid, st.st_gid,
        (long long)st.st_size, st.st_atim.tv_sec == long_ago[0].tv_sec && st.st_atim.tv_nsec == long_ago[0].tv_nsec ? "then" : "now",
        st.st_mtim.tv_sec == long_ago[1].tv_sec && st.st_mtim.tv_nsec == long_ago[1].tv_nsec ? "then" : "now");
}

static void on_copy(uv_fs_t* req) {
    say("the callback has %ld", (long)req->result);
    copied++;
}

/* Copies, with or without a loop, and says what came of it. */
static void copy(const char* from, const char* to, int flags, int waits) {
    uv_fs_t req;
    int rc;
    if (waits) {
        rc = uv_fs_copyfile(NULL, &req, from, to, flags, NULL);
        say("returned %d, the request has %ld", rc, (long)req.result);
    } else {
        uv_loop_t loop;
        CHECK_OK(uv_loop_init(&loop));
        rc = uv_fs_copyfile(&loop, &req, from, to, flags, on_copy);
        say("returned %d", rc);
        CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
        uv_fs_req_cleanup(&req);
        CHECK_EQ(uv_loop_close(&loop), 0);
        return;
    }
    uv_fs_req_cleanup(&req);
}

static void make(const char* name, size_t size, mode_t mode) {
    static char data[100000];
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CHECK_GE(fd, 0);
    pattern_fill(data, 0, sizeof data);
    CHECK_LE(size, sizeof data);
    CHECK_EQ(write(fd, data, size), size);
    CHECK_EQ(fchmod(fd, mode), 0);
    CHECK_EQ(futimens(fd, long_ago), 0);
    close(fd);
}

static void owned(const char* name, uid_t uid, gid_t gid) {
    struct stat st;
    CHECK_EQ(stat(name, &st), 0);
    if (chown(name, uid, gid) != 0) return;
    CHECK_EQ(chmod(name, st.st_mode & 07777), 0);
    CHECK_EQ(utimensat(AT_FDCWD, name, long_ago, 0), 0);
}

static void be_somebody_else(void) {
    if (geteuid() != 0) return;
    CHECK_EQ(chmod(".", 0777), 0);
    CHECK_EQ(setgid(65534), 0);
    CHECK_EQ(setuid(65534), 0);
}

static void compare(const char* a, const char* b) {
    static char x[200000], y[200000];
    int fa = open(a, O_RDONLY), fb = open(b, O_RDONLY);
    ssize_t n = read(fa, x, sizeof x), m = read(fb, y, sizeof y);
    say("content %s", n == m && n >= 0 && memcmp(x, y, (size_t)n) == 0 ? "same" : "differs");
    close(fa);
    close(fb);
}

static void modes(void) {
    static const mode_t all[] = {0, 0400, 0444, 0600, 0640, 0666, 0777, 01777, 02755, 04755, 06755, 07000};
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < sizeof masks / sizeof masks[0]; k++) {
            for (int who = 0; who < 3; who++) {
                CASE(named("mode %o, mask %o, who %d", (unsigned)all[i], (unsigned)masks[k], who)) {
                    make("a", 4, all[i]);
                    owned("a", 7, 8);
                    if (who > 0) be_somebody_else();
                    if (who == 2) make("c", 4, all[i]);
                    umask(masks[k]);
                    copy(who == 2 ? "c" : "a", "b", 0, k % 2);
                    tell("a");
                    tell("b");
                }
            }
        }
    }
}

static void owners(void) {
    static const int empty[] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        CASE(named("owner, empty %zu", i)) {
            make("a", empty[i] ? 0 : 5, 0640);
            owned("a", 7, 8);
            copy("a", "b", 0, 1);
            tell("b");
        }
        CASE(named("owner of an existing target, empty %zu", i)) {
            make("a", empty[i] ? 0 : 5, 0640);
            owned("a", 7, 8);
            make("b", 50000, 04711);
            owned("b", 9, 10);
            copy("a", "b", 0, 1);
            tell("b");
            compare("a", "b");
        }
        CASE(named("somebody else's source and target, empty %zu", i)) {
            make("a", empty[i] ? 0 : 5, 0644);
            owned("a", 7, 8);
            make("b", 50000, 0666);
            owned("b", 9, 10);
            be_somebody_else();
            copy("a", "b", 0, 1);
            tell("b");
        }
        CASE(named("group of one's own, empty %zu", i)) {
            make("a", empty[i] ? 0 : 5, 02750);
            owned("a", 65534, 8);
            if (geteuid() == 0) {
                gid_t groups[] = {8};
                CHECK_EQ(setgroups(1, groups), 0);
            }
            be_somebody_else();
            copy("a", "b", 0, 1);
            tell("b");
        }
    }
}

static void flags(void) {
    for (int flags = 0; flags < 8; flags++) {
        for (int exists = 0; exists < 2; exists++) {
            for (int waits = 0; waits < 2; waits++) {
                CASE(named("flags %d, exists %d, waits %d", flags, exists, waits)) {
                    make("a", 1000, 0640);
                    if (exists) make("b", 90000, 0600);
                    copy("a", "b", flags, waits);
                    tell("b");
                }
                CASE(named("same file, flags %d, link %d, waits %d", flags, exists, waits)) {
                    make("a", 1000, 0640);
                    if (exists) CHECK_EQ(link("a", "b"), 0);
                    copy("a", exists ? "b" : "a", flags, waits);
                    tell("a");
                }
            }
        }
    }
    static const int bad[] = {8, 9, -1, 0x40000000, INT32_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CASE(named("bad flags %d", bad[i])) {
            make("a", 4, 0600);
            copy("a", "b", bad[i], 1);
            tell("b");
        }
    }
}

static void kinds(void) {
    for (int waits = 0; waits < 2; waits++) {
        CASE(named("no source %d", waits)) copy("a", "b", 0, waits), tell("b");
        CASE(named("no folder %d", waits)) {
            make("a", 4, 0600);
            copy("a", "x/b", 0, waits);
            copy("a", "a/b", 0, waits);
            copy("", "b", 0, waits);
            copy("a", "", 0, waits);
        }
        CASE(named("from a folder %d", waits)) {
            CHECK_EQ(mkdir("a", 0750), 0);
            copy("a", "b", 0, waits);
            tell("b");
        }
        CASE(named("onto a folder %d", waits)) {
            make("a", 4, 0600);
            CHECK_EQ(mkdir("b", 0750), 0);
            copy("a", "b", 0, waits);
            tell("b");
            copy("b", "b", 0, waits);
        }
        CASE(named("links %d", waits)) {
            make("a", 4, 0640);
            CHECK_EQ(symlink("a", "l"), 0);
            CHECK_EQ(symlink("t", "k"), 0);
            copy("l", "k", 0, waits);
            tell("k");
            tell("t");
            CHECK_EQ(symlink("m", "m"), 0);
            copy("m", "n", 0, waits);
            copy("a", "m", 0, waits);
            copy("l", "a", 0, waits);
            tell("a");
        }
        CASE(named("no right to write %d", waits)) {
            make("a", 4, 0644);
            make("b", 9, 0444);
            owned("b", 7, 7);
            be_somebody_else();
            copy("a", "b", 0, waits);
            tell("b");
        }
        CASE(named("no right to read %d", waits)) {
            make("a", 4, 0600);
            be_somebody_else();
            copy("a", "b", 0, waits);
            tell("b");
        }
        CASE(named("file of proc %d", waits)) {
            copy("/proc/self/status", "b", 0, waits);
            tell("b");
        }
        CASE(named("zeros of a device %d", waits)) {
            copy("/dev/zero", "b", 0, waits);
            tell("b");
        }
        CASE(named("holes %d", waits)) {
            int fd = open("a", O_WRONLY | O_CREAT, 0600);
            CHECK_EQ(ftruncate(fd, 150000), 0);
            CHECK_EQ(pwrite(fd, "x", 1, 70000), 1);
            CHECK_EQ(futimens(fd, long_ago), 0);
            copy("a", "b", 0, waits);
            tell("b");
            compare("a", "b");
        }
        CASE(named("other file system %d", waits)) {
            char to[64];
            snprintf(to, sizeof to, "/dev/shm/uvring-copy-%d", (int)getpid());
            make("a", 99999, 0640);
            copy("a", to, 0, waits);
            CHECK_EQ(symlink(to, "b"), 0);
            compare("a", "b");
            copy("b", "c", 0, waits);
            unlink(to);
            tell("c");
            compare("a", "c");
        }
    }
}

/* Writes into a FIFO. */
static void* at_other_end(void* arg) {
    int fd = open("f", O_WRONLY);
    CHECK_GE(fd, 0);
    /* Nobody may read it. */
    if (write(fd, "hello", 5) != 5) CHECK_EQ(errno, EPIPE);
    close(fd);
    return arg;
}

static void limits(void) {
    CASE("from a FIFO") {
        pthread_t thread;
        CHECK_EQ(mkfifo("f", 0640), 0);
        CHECK_EQ(pthread_create(&thread, NULL, at_other_end, NULL), 0);
        copy("f", "b", 0, 1);
        tell("b");
    }
    for (int exists = 0; exists < 2; exists++) {
        CASE(named("no room, exists %d", exists)) {
            struct rlimit small = {4096, 4096};
            make("a", 50000, 0640);
            if (exists) make("b", 60000, 0640);
            signal(SIGXFSZ, SIG_IGN);
            CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
            copy("a", "b", 0, 1);
            tell("b");
        }
        CASE(named("no room on another file system, exists %d", exists)) {
            struct rlimit small = {4096, 4096};
            char to[64];
            snprintf(to, sizeof to, "/dev/shm/uvring-full-%d", (int)getpid());
            make("a", 50000, 0640);
            if (exists) make(to, 60000, 0640);
            signal(SIGXFSZ, SIG_IGN);
            CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
            copy("a", to, 0, 1);
            say("the target is %s", access(to, F_OK) == 0 ? "there" : "gone");
            unlink(to);
        }
    }
    CASE("no descriptor") {
        struct rlimit few = {3, 3};
        make("a", 4, 0600);
        for (int fd = 0; fd < 3; fd++) {
            if (fcntl(fd, F_GETFD) < 0) CHECK_EQ(open("/dev/null", O_RDWR), fd);
        }
        CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
        copy("a", "b", 0, 1);
        tell("b");
    }
}

/* One of the system calls is refused, as by odd file systems. */
static void refused(void) {
    static const struct {
        const char* name;
        unsigned number;
        unsigned error;
    } calls[] = {
        {"ftruncate", SYS_ftruncate, EACCES}, {"ftruncate", SYS_ftruncate, EPERM},  {"utimensat", SYS_utimensat, EPERM},
        {"utimensat", SYS_utimensat, EIO},    {"fchown", SYS_fchown, EPERM},        {"fchown", SYS_fchown, EIO},
        {"fchmod", SYS_fchmod, EPERM},        {"fchmod", SYS_fchmod, EIO},          {"copy", SYS_copy_file_range, ENOSYS},
        {"copy", SYS_copy_file_range, EINVAL}, {"copy", SYS_copy_file_range, ENOSPC}, {"ioctl", SYS_ioctl, EOPNOTSUPP},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (int size = 0; size <= 60000; size = size * 2 + 20000) {
            CASE(named("%s refused with %u, target of %d", calls[i].name, calls[i].error, size)) {
                make("a", 50000, 0640);
                owned("a", 7, 8);
                if (size > 0) make("b", size == 20000 ? 0 : 60000, 0600);
                if (!refuse_syscalls(calls[i].number, calls[i].number, SECCOMP_RET_ERRNO | calls[i].error)) _exit(77);
                copy("a", "b", size % 3 ? UV_FS_COPYFILE_FICLONE : 0, size > 0);
                tell("b");
                compare("a", "b");
            }
        }
    }
}

static void cases(void) {
    modes();
    owners();
    flags();
    kinds();
    limits();
    refused();
}

int main(int argc, char** argv) {
    return beside_libuv(argc, argv, cases);
}
