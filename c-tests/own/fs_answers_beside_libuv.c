/* What the file operations answer with: times as they are set, names that are made, lists of folders and their order, where paths
 * and links lead, facts about files and file systems. All as libuv. */
/* not on aarch64: real libuv is not there */
/* not on asan-ring: real libuv is loaded before the sanitizer */
/* not on asan-epoll: real libuv is loaded before the sanitizer */
/* not on mergerfs: its many processes and folders take minutes there */
#include "fs_arguments.h"

#include <float.h>
#include <math.h>
#include <sys/un.h>

static void times(void) {
    static const double all[] = {0, -0.0, 0.5, -0.1, -0.3, -1e-12, -1, -1.5, -1.0000000005, 1e-9, 0.9999999999, 1e9 + 0.123456789, 2147483647, 2147483648, -2147483648.0,
                                 -2147483649.5, 4294967296, 1e10, 1e12, 1e15 + 0.5, 1e18, 9e18, 1e19, -9e18, -1e19, 1e300, -1e300, DBL_MIN, -DBL_MIN, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        double t = all[i];
        BOTH(uv_fs_utime(L, R, "l", t, 1e9, C), "accessed at %g", t);
        BOTH(uv_fs_utime(L, R, "l", 1e9, t, C), "changed at %g", t);
        BOTH(uv_fs_lutime(L, R, "l", t, UV_FS_UTIME_OMIT, C), "link accessed at %g", t);
        BOTH(uv_fs_futime(L, R, fd_file, UV_FS_UTIME_NOW, t, C), "descriptor changed at %g", t);
        BOTH(uv_fs_futime(L, R, fd_folder, t, t, C), "folder accessed and changed at %g", t);
    }
}

/* How a call with a template ended: what the name has become, but for what is left to chance. */
static int made(int rc) {
    struct stat st;
    const char* path;
    size_t len;
    say("returned %d", rc > 0 ? 0 : rc);
    if (L != NULL) CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    path = uv_fs_get_path(R);
    len = path == NULL ? 0 : strlen(path);
    say("result %ld, pointer %s", result_of_case(), R->ptr == NULL ? "NULL" : "else");
    if (R->result < 0) {
        /* Some of it may have been left to chance. */
        say("the name is %.*s", (int)(R->result == UV_EINVAL || len < 6 ? len : len - 6), path);
    } else {
        CHECK_EQ(lstat(path, &st), 0);
        say("%.*s and %d more, mode %o, random %d", (int)len - 6, path, (int)(len - strlen(path) + 6), (unsigned)st.st_mode, strstr(path, "XXXXXX") == NULL);
        if (R->fs_type == UV_FS_MKSTEMP) say("flags %x, closed by exec %d", fcntl((int)R->result, F_GETFL), fcntl((int)R->result, F_GETFD));
    }
    uv_fs_req_cleanup(R);
    return rc > 0 ? 0 : rc;
}

static void temporary(void) {
    char long_template[300], longest[300];
    memset(long_template, 'z', sizeof long_template);
    strcpy(long_template + 250, "XXXXXX");
    memset(longest, 'z', sizeof longest);
    strcpy(longest + 249, "XXXXXX");
    const char* const all[] = {"", "X", "XXXXX", "XXXXXX", "aXXXXXX", "XXXXXXa", "aXXXXXx", "XXXXXXXXXX", "XXXXXX/", "nothing/XXXXXX", "d/XXXXXX", "a/XXXXXX", "loop/XXXXXX", long_template, longest};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char* n = strlen(all[i]) < 50 ? all[i] : i % 2 ? "too long" : "as long as can be";
        BOTH(made(uv_fs_mkdtemp(L, R, all[i], C)), "mkdtemp %s", n);
        BOTH(made(uv_fs_mkstemp(L, R, all[i], C)), "mkstemp %s", n);
    }
}

static void make_many(void) {
    static const char* const odd[] = {"...", "..a", ".hidden", "Z", "\xc3\xa4", "\xff", "a\nb", " ", "-", "~"};
    struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "m/socket"};
    char name[300];
    int fd;
    CHECK_EQ(mkdir("m", 0700), 0);
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "m/%d", i * 7919 % 1000);
        CHECK_GE(fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
        close(fd);
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        snprintf(name, sizeof name, "m/%s", odd[i]);
        CHECK_GE(fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
        close(fd);
    }
    memset(name, 'n', 257);
    memcpy(name, "m/", 2);
    name[257] = 0;
    CHECK_EQ(mkdir(name, 0700), 0);
    CHECK_EQ(mkdir("m/folder", 0700), 0);
    CHECK_EQ(symlink("nothing", "m/link"), 0);
    CHECK_EQ(mkfifo("m/fifo", 0600), 0);
    CHECK_GE(fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
    CHECK_EQ(bind(fd, (struct sockaddr*)&addr, sizeof addr), 0);
    close(fd);
}

static void finish(int rc) {
    say("returned %d", rc);
    if (L != NULL) CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    say("result %ld, pointer %s", (long)R->result, R->ptr == NULL ? "NULL" : "else");
}

/* Lists a folder, takes `most` entries, and asks again at the end. */
static int list(const char* folder, int most) {
    uv_dirent_t entry = {"untouched", UV_DIRENT_UNKNOWN};
    int rc;
    finish(uv_fs_scandir(L, R, folder, 0, C));
    for (int i = 0; i < most; i++) {
        if ((rc = uv_fs_scandir_next(R, &entry)) != 0) {
            say("next: %d", rc);
            break;
        }
        say("%s is %d", entry.name, (int)entry.type);
    }
    if (most > 200) say("next: %d, pointer %s", uv_fs_scandir_next(R, &entry), R->ptr == NULL ? "NULL" : "else");
    uv_fs_req_cleanup(R);
    say("cleaned, next: %d", uv_fs_scandir_next(R, &entry));
    return 0;
}

/* Reads a folder `places` entries at a time, twice beyond the end. */
static int read_folder(const char* folder, size_t places) {
    static uv_dirent_t entries[300];
    uv_dir_t* dir;
    int ends = 0;
    finish(uv_fs_opendir(L, R, folder, C));
    if (R->result < 0) return 0;
    dir = R->ptr;
    uv_fs_req_cleanup(R);
    say("pointer %s", R->ptr == NULL ? "NULL" : "else");
    dir->dirents = entries;
    dir->nentries = places;
    for (int i = 0; i < 400 && ends < 2; i++) {
        memset(entries, 0x5a, sizeof entries);
        finish(uv_fs_readdir(L, R, dir, C));
        for (int k = 0; k < R->result; k++) say("%s is %d", entries[k].name, (int)entries[k].type);
        ends += R->result <= 0;
        if (i % 3 == 2) dir->nentries = places == 2 ? 5 : places;
        if (R->result > 0) {
            uv_fs_req_cleanup(R);
            say("the name is %s", entries[0].name == NULL ? "NULL" : "else");
        }
        uv_fs_req_cleanup(R);
    }
    dir->dirents = NULL;
    finish(uv_fs_readdir(L, R, dir, C));
    uv_fs_req_cleanup(R);
    finish(uv_fs_closedir(L, R, dir, C));
    return 0;
}

static void folders(void) {
    for (int most = 0; most < 1000; most = most * 5 + 3) BOTH((make_many(), list("m", most)), "list %d", most);
    BOTH(list("d/e", 300), "list an empty folder");
    BOTH(list("a", 300), "list a file");
    BOTH(list("nothing", 300), "list nothing");
    BOTH(list("l", 300), "list a link to a file");
    BOTH((symlink("d", "k"), list("k", 300)), "list a link to a folder");
    for (size_t places = 0; places < 300; places = places * 2 + 1) BOTH((make_many(), read_folder("m", places)), "read %zu", places);
    BOTH((make_many(), read_folder("m", 2)), "read 2, then 5");
    BOTH(read_folder("d/e", 5), "read an empty folder");
    BOTH(read_folder("a", 5), "read a file");
    BOTH((symlink("d", "k"), read_folder("k", 5)), "read a link to a folder");
}

/* Where something leads, but for the folder that the case is in. */
static int leads(int rc) {
    char here[4096];
    const char* text;
    say("returned %d", rc);
    if (L != NULL) CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    text = uv_fs_get_ptr(R);
    CHECK(getcwd(here, sizeof here) != NULL);
    say("result %ld", (long)R->result);
    if (text == NULL) {
        say("leads nowhere");
    } else if (strlen(text) > 500) {
        say("leads far: %zu", strlen(text));
    } else if (strncmp(text, here, strlen(here)) == 0) {
        say("leads to here %s", text + strlen(here));
    } else {
        say("leads to %s", strncmp(text, "/proc/", 6) == 0 || strstr(text, "uvring-own") != NULL ? "proc or outside" : text);
    }
    return rc;
}

/* A chain of links to a file. */
static const char* chain(int links) {
    char from[32], to[32];
    for (int i = 0; i < links; i++) {
        snprintf(from, sizeof from, i == 0 ? "a" : "chain%d", i - 1);
        snprintf(to, sizeof to, "chain%d", i);
        CHECK_EQ(symlink(from, to), 0);
    }
    return named("chain%d", links - 1);
}

static const char* deep(void) {
    static char path[4000];
    path[0] = 0;
    for (int i = 0; i < 10; i++) {
        memset(path + strlen(path), 'p', 200);
        path[i * 201 + 200] = 0;
        CHECK_EQ(mkdir(path, 0700), 0);
        strcat(path, "/");
    }
    return path;
}

static const char* long_link(void) {
    static char target[4096];
    memset(target, 't', 4095);
    CHECK_EQ(symlink(target, "long"), 0);
    return "long";
}

static void ways(void) {
    static const char* const paths[] = {"a", "l", "d", "d/", "d/..", "d/../a", "./././a", "a/.", "a/..", "//", "/", ".", "..", "d//e", "loop", "dangling", "f", "", "/proc/self/exe", "/proc/self/cwd/a"};
    static const int links[] = {1, 10, 39, 40, 41, 60};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        BOTH(leads(uv_fs_realpath(L, R, paths[i], C)), "realpath %s", paths[i]);
        BOTH(leads(uv_fs_readlink(L, R, paths[i], C)), "readlink %s", paths[i]);
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        BOTH(leads(uv_fs_realpath(L, R, chain(links[i]), C)), "realpath of %d links", links[i]);
        BOTH(uv_fs_stat(L, R, chain(links[i]), C), "stat of %d links", links[i]);
        BOTH(uv_fs_open(L, R, chain(links[i]), O_RDONLY, 0, C), "open of %d links", links[i]);
    }
    BOTH(leads(uv_fs_realpath(L, R, deep(), C)), "realpath of a deep folder");
    BOTH(leads(uv_fs_readlink(L, R, long_link(), C)), "readlink of a long link");
    BOTH(leads(uv_fs_realpath(L, R, long_link(), C)), "realpath of a long link");
}

/* Compares an answer with the system's. */
static int same_as(const char* path, int follow, int rc) {
    struct stat st;
    const uv_stat_t* s = uv_fs_get_statbuf(R);
    say("returned %d", rc);
    if (L != NULL) CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    say("result %ld", (long)R->result);
    if (R->result < 0) return rc;
    CHECK_EQ(fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW), 0);
    say("%d%d%d%d%d%d%d%d%d%d, %llu, %llu", s->st_dev == st.st_dev, s->st_mode == st.st_mode, s->st_nlink == st.st_nlink, s->st_uid == st.st_uid,
        s->st_gid == st.st_gid, s->st_rdev == st.st_rdev, s->st_ino == st.st_ino, s->st_size == (uint64_t)st.st_size, s->st_blksize == (uint64_t)st.st_blksize,
        s->st_blocks == (uint64_t)st.st_blocks, (unsigned long long)s->st_flags, (unsigned long long)s->st_gen);
    say("%d%d%d%d%d%d, born %d", s->st_atim.tv_sec == st.st_atim.tv_sec, s->st_atim.tv_nsec == st.st_atim.tv_nsec, s->st_mtim.tv_sec == st.st_mtim.tv_sec,
        s->st_mtim.tv_nsec == st.st_mtim.tv_nsec, s->st_ctim.tv_sec == st.st_ctim.tv_sec, s->st_ctim.tv_nsec == st.st_ctim.tv_nsec, s->st_birthtim.tv_sec != 0);
    return rc;
}

static int file_system(int rc) {
    const uv_statfs_t* s;
    say("returned %d", rc);
    if (L != NULL) CHECK_EQ(uv_run(L, UV_RUN_DEFAULT), 0);
    s = uv_fs_get_ptr(R);
    if (s != NULL) {
        say("type %llx, %llu, %llu, %llu blocks, %d%d%d%d", (unsigned long long)s->f_type, (unsigned long long)s->f_bsize, (unsigned long long)s->f_frsize, (unsigned long long)s->f_blocks,
            s->f_bfree >= s->f_bavail, s->f_blocks >= s->f_bfree, s->f_files >= s->f_ffree, s->f_bavail > 0);
    }
    return rc;
}

static void facts(void) {
    static const char* const paths[] = {"a", "l", "d", "f", "loop", "dangling", "nothing", "/dev/null", "/proc/self/status", "/proc", "/", "/sys", "/dev/shm"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char* p = paths[i];
        /* What others change meanwhile is not compared. */
        if (i < 8) {
            BOTH(same_as(p, 1, uv_fs_stat(L, R, p, C)), "stat %s", p);
            BOTH(same_as(p, 0, uv_fs_lstat(L, R, p, C)), "lstat %s", p);
        }
        BOTH(file_system(uv_fs_statfs(L, R, p, C)), "statfs %s", p);
    }
    BOTH(same_as("a", 1, uv_fs_fstat(L, R, fd_file, C)), "fstat");
    BOTH(same_as("a", 1, uv_fs_fstat(L, R, fd_path, C)), "fstat with O_PATH");
    BOTH(same_as("d", 1, uv_fs_fstat(L, R, fd_folder, C)), "fstat of a folder");
}

static void cases(void) {
    BATCH times();
    BATCH temporary();
    BATCH folders();
    BATCH ways();
    BATCH facts();
}

int main(int argc, char** argv) {
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    return beside_libuv(argc, argv, cases);
}
