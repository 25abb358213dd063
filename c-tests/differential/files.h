/* Chains of file operations, each in a folder of its own: the next begins when the one before has ended. Between chains
 * there is no order, so each has a pocket. */
#ifndef UVRING_DIFFERENTIAL_FILES_H
#define UVRING_DIFFERENTIAL_FILES_H

#include "rules.h"

#include <dirent.h>

enum { CHAINS = 8, ENTRIES = 3, PIECE = 300, EARLY = 100000 };

struct chain {
    uv_fs_t req;
    uint64_t numbers;
    int number, left, fd;
    char folder[30], path[40], other[50], bytes[2 * PIECE];
    int out, fifo[2];            /* Where sendfile sends to, or takes from. */
    uv_dir_t* dir;
    uv_dirent_t entries[ENTRIES];
};

static struct chain chains[CHAINS];

static void next_of_chain(struct chain* c);

/* --- what is told --- */

static unsigned sum_of(const char* bytes, ssize_t len) {
    unsigned sum = 0;
    for (ssize_t i = 0; i < len; i++) sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

/* Times that are not the present. */
static int early(long seconds) { return seconds < EARLY ? (int)seconds : -1; }

/* Of a name that chance has made only whether it is a folder's. */
static const char* known(const char* name) {
    const char* last = strrchr(name, '/');
    last = last == NULL ? name : last + 1;
    return last[0] != 0 && last[1] == '-' ? (last[0] == 'd' ? "d-XXXXXX" : "t-XXXXXX") : name;
}

static void tell_stat(struct chain* c, const uv_stat_t* st) {
    tell(c->number, "mode %o size %d links %d owner %d:%d times %d %d", (unsigned)st->st_mode,
         S_ISDIR(st->st_mode) ? 0 : (int)st->st_size, S_ISDIR(st->st_mode) ? 0 : (int)st->st_nlink, (int)st->st_uid,
         (int)st->st_gid, early(st->st_atim.tv_sec), early(st->st_mtim.tv_sec));
}

static void tell_details(struct chain* c) {
    uv_fs_t* req = &c->req;
    uv_dirent_t entry;
    char taken[4 * PIECE];
    ssize_t n;
    switch (req->fs_type) {
        case UV_FS_STAT: case UV_FS_LSTAT: case UV_FS_FSTAT: tell_stat(c, &req->statbuf); break;
        case UV_FS_SCANDIR:
            while (uv_fs_scandir_next(req, &entry) != UV_EOF) tell(c->number, "%s %d", entry.name, (int)entry.type);
            break;
        case UV_FS_READLINK: tell(c->number, "to %s", (char*)req->ptr); break;
        case UV_FS_REALPATH: tell(c->number, "really %s", strrchr((char*)req->ptr, '/')); break;
        case UV_FS_STATFS: tell(c->number, "type %llx", (unsigned long long)((uv_statfs_t*)req->ptr)->f_type); break;
        case UV_FS_READDIR:
            for (int i = 0; i < req->result; i++) tell(c->number, "%s %d", c->entries[i].name, (int)c->entries[i].type);
            break;
        case UV_FS_SENDFILE:
            n = syscall(SYS_read, c->fifo[0], taken, sizeof taken);
            tell(c->number, "in the pipe %zd %08x", n, sum_of(taken, n));
            break;
        default: break;
    }
}

static void tell_result(struct chain* c) {
    uv_fs_t* req = &c->req;
    unsigned sum = req->fs_type == UV_FS_READ ? sum_of(c->bytes, req->result) : 0;
    /* A descriptor's number says nothing. */
    bool gives_fd = req->fs_type == UV_FS_OPEN || req->fs_type == UV_FS_MKSTEMP;
    int result = gives_fd && req->result >= 0 ? 0 : (int)req->result;
    tell(c->number, "fs %d of %d: %d %08x path %s", (int)req->fs_type, c->number, result, sum,
         req->path != NULL ? known(req->path) : "-");
    if (req->result >= 0) tell_details(c);
}

/* What is in the chain's folder in the end. */
static void tell_folder(struct chain* c) {
    struct dirent** list;
    int count = scandir(c->folder, &list, NULL, alphasort);
    CHECK_GE(count, 0);
    for (int i = 0; i < count; i++) {
        char path[300], bytes[4 * PIECE];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", c->folder, list[i]->d_name);
        CHECK_EQ(lstat(path, &st), 0);
        int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t n = fd == -1 ? 0 : syscall(SYS_read, fd, bytes, sizeof bytes);
        if (fd != -1) close(fd);
        if (list[i]->d_name[0] != '.') {
            tell(c->number, "there is %s: %o %08x owner %d:%d times %d %d", list[i]->d_name, st.st_mode, sum_of(bytes, n),
                 (int)st.st_uid, (int)st.st_gid, early(st.st_atim.tv_sec), early(st.st_mtim.tv_sec));
        }
        free(list[i]);
    }
    free(list);
}

/* --- what is done --- */

static int start_sendfile(struct chain* c, uv_fs_t* req, uv_fs_cb cb) {
    uint64_t* n = &c->numbers;
    int size = 1 + below(n, PIECE);
    switch (below(n, 3)) {
        case 0: return uv_fs_sendfile(&loop, req, c->out, c->fd, below(n, 50), (size_t)size, cb);
        case 1: return uv_fs_sendfile(&loop, req, c->fifo[1], c->fd, below(n, 50), (size_t)size, cb);
        default:
            CHECK_EQ(syscall(SYS_write, c->fifo[1], big + below(n, 100), (size_t)size), size);
            return uv_fs_sendfile(&loop, req, c->out, c->fifo[0], 0, (size_t)(1 + below(n, size)), cb);
    }
}

/* What changes or asks for more than content. */
static int start_attribute(struct chain* c, uv_fs_t* req, uv_fs_cb cb) {
    uint64_t* n = &c->numbers;
    const char* path = one_in(n, 2) ? c->path : c->other;
    double early_time = below(n, EARLY), later = below(n, EARLY);
    uv_uid_t uid = geteuid() == 0 ? (uv_uid_t)below(n, 3) : geteuid();
    switch (below(n, 10)) {
        case 0: return uv_fs_chmod(&loop, req, path, 0600 + below(n, 64), cb);
        case 1: return uv_fs_fchmod(&loop, req, c->fd, 0600 + below(n, 64), cb);
        case 2: return uv_fs_utime(&loop, req, path, early_time, later, cb);
        case 3: return uv_fs_futime(&loop, req, c->fd, early_time, later, cb);
        case 4: return uv_fs_lutime(&loop, req, path, early_time, later, cb);
        case 5: return uv_fs_chown(&loop, req, path, uid, (uv_gid_t)-1, cb);
        case 6: return uv_fs_lchown(&loop, req, path, (uv_uid_t)-1, geteuid() == 0 ? uid : (uv_gid_t)-1, cb);
        case 7: return uv_fs_fchown(&loop, req, c->fd, uid, (uv_gid_t)-1, cb);
        case 8: return uv_fs_statfs(&loop, req, path, cb);
        default: return uv_fs_realpath(&loop, req, path, cb);
    }
}

static int start_with_folder(struct chain* c, uv_fs_t* req, uv_fs_cb cb) {
    uint64_t* n = &c->numbers;
    char made[40];
    if (c->dir != NULL) {
        c->dir->dirents = c->entries;
        c->dir->nentries = ENTRIES;
        return one_in(n, 4) ? uv_fs_closedir(&loop, req, c->dir, cb) : uv_fs_readdir(&loop, req, c->dir, cb);
    }
    /* In the order of no folder that is looked at. */
    bool is_folder = one_in(n, 2);
    snprintf(made, sizeof made, "made/%s", is_folder ? "d-XXXXXX" : "t-XXXXXX");
    switch (below(n, 7)) {
        case 0: return uv_fs_mkdir(&loop, req, c->other, 0750, cb);
        case 1: return uv_fs_rmdir(&loop, req, c->other, cb);
        case 2: return uv_fs_scandir(&loop, req, one_in(n, 2) ? c->folder : c->other, 0, cb);
        case 3: case 4: return uv_fs_opendir(&loop, req, one_in(n, 2) ? c->folder : c->other, cb);
        default: return is_folder ? uv_fs_mkdtemp(&loop, req, made, cb) : uv_fs_mkstemp(&loop, req, made, cb);
    }
}

static int start_fs(struct chain* c, uv_fs_t* req, uv_fs_cb cb) {
    uint64_t* n = &c->numbers;
    uv_buf_t bufs[2];
    for (int i = 0; i < 2; i++) bufs[i] = uv_buf_init(c->bytes + i * PIECE, (unsigned)below(n, PIECE));
    unsigned nbufs = 1 + (unsigned)below(n, 2);
    int64_t offset = below(n, 4) - 1 + (one_in(n, 4) ? 500 : 0);
    snprintf(c->other, sizeof c->other, "%s%s", c->path, one_in(n, 2) ? ".b" : ".c");
    if (one_in(n, 10)) snprintf(c->other, sizeof c->other, "no/such");
    int fd = one_in(n, 15) ? -1 : c->fd;
    if (c->fd == -1 && one_in(n, 2)) {
        int flags = one_in(n, 3) ? O_RDONLY : O_RDWR | (one_in(n, 2) ? O_CREAT : 0) | (one_in(n, 5) ? O_EXCL : 0);
        return uv_fs_open(&loop, req, c->path, flags, 0640, cb);
    }
    switch (below(n, 24)) {
        case 0: return uv_fs_stat(&loop, req, c->path, cb);
        case 1: return uv_fs_lstat(&loop, req, c->other, cb);
        case 2: return uv_fs_fstat(&loop, req, fd, cb);
        case 3: case 4: return uv_fs_read(&loop, req, fd, bufs, nbufs, offset, cb);
        case 5: case 6: return uv_fs_write(&loop, req, fd, bufs, nbufs, offset, cb);
        case 7: return uv_fs_close(&loop, req, c->fd, cb);
        case 8: return uv_fs_unlink(&loop, req, one_in(n, 2) ? c->path : c->other, cb);
        case 9: return uv_fs_rename(&loop, req, c->path, c->other, cb);
        case 10: return uv_fs_link(&loop, req, c->path, c->other, cb);
        case 11: return uv_fs_symlink(&loop, req, one_in(n, 2) ? "f" : c->path, c->other, 0, cb);
        case 12: return uv_fs_readlink(&loop, req, c->other, cb);
        case 13: return uv_fs_ftruncate(&loop, req, fd, below(n, 700), cb);
        case 14: return uv_fs_access(&loop, req, c->path, below(n, 8), cb);
        case 15: return one_in(n, 2) ? uv_fs_fsync(&loop, req, fd, cb) : uv_fs_fdatasync(&loop, req, fd, cb);
        case 16: case 17: return uv_fs_copyfile(&loop, req, c->path, one_in(n, 8) ? c->path : c->other, below(n, 8), cb);
        case 18: case 19: return start_sendfile(c, req, cb);
        case 20: case 21: return start_with_folder(c, req, cb);
        default: return start_attribute(c, req, cb);
    }
}

/* --- the chain --- */

static void take_result(struct chain* c) {
    uv_fs_t* req = &c->req;
    tell_result(c);
    if (req->fs_type == UV_FS_OPEN && req->result >= 0) c->fd = (int)req->result;
    if (req->fs_type == UV_FS_MKSTEMP && req->result >= 0) close((int)req->result);
    if (req->fs_type == UV_FS_OPENDIR && req->result >= 0) c->dir = req->ptr;
    if (req->fs_type == UV_FS_CLOSE) c->fd = -1;
    if (req->fs_type == UV_FS_CLOSEDIR) c->dir = NULL;
    uv_fs_req_cleanup(req);
}

static void on_fs(uv_fs_t* req) {
    struct chain* c = (struct chain*)req;
    take_result(c);
    next_of_chain(c);
}

static void end_chain(struct chain* c) {
    if (c->dir != NULL) {
        CHECK_OK(uv_fs_closedir(&loop, &c->req, c->dir, NULL));
        uv_fs_req_cleanup(&c->req);
    }
    if (c->fd != -1) close(c->fd);
    close(c->out);
    close(c->fifo[0]);
    close(c->fifo[1]);
    tell_folder(c);
}

static void next_of_chain(struct chain* c) {
    while (c->left > 0) {
        c->left--;
        bool at_once = one_in(&c->numbers, 5);
        int r = start_fs(c, &c->req, at_once ? NULL : on_fs);
        if (!at_once) {
            if (r == 0) return;
            tell(c->number, "not started: %d", r);
            continue;
        }
        take_result(c);
    }
    end_chain(c);
}

static void start_chain(struct chain* c, int number, uint64_t* numbers) {
    char out[40];
    c->number = number;
    c->fd = -1;
    c->dir = NULL;
    c->left = below(numbers, 16);
    c->numbers = next_number(numbers);
    memcpy(c->bytes, big + number, sizeof c->bytes);
    snprintf(c->folder, sizeof c->folder, "k%d.%d", lineage, number);
    snprintf(c->path, sizeof c->path, "%s/f", c->folder);
    snprintf(out, sizeof out, "%s/out", c->folder);
    CHECK(mkdir(c->folder, 0700) == 0 || errno == EEXIST);
    CHECK(mkdir("made", 0700) == 0 || errno == EEXIST);
    c->out = open(out, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_GE(c->out, 0);
    CHECK_EQ(pipe2(c->fifo, O_CLOEXEC), 0);
    set_nonblocking(c->fifo[0], 1);
    next_of_chain(c);
}

#endif
