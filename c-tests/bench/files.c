/* File operations with callbacks, `depth` in flight, over `files` paths in `dir`: op=stat, read, write, open (and close),
 * small (open, fstat, read, close), readdir (opendir, readdir, closedir) or scandir. */
#include "bench.h"
#include "file_set.h"

struct slot {
    uv_fs_t req;
    int pending, step, fd, found;
    size_t file;
    uint64_t stamp;
    uv_dir_t* dir;
    uv_dirent_t entries[ENTRIES * 2];
    unsigned char block[BLOCK];
};

enum { WRITTEN = 1000000, MOST = 256 };

static uv_loop_t loop;
static struct file_set set;
static struct slot slots[MOST];
static uint64_t started, finished, stamps;
static size_t next_file;
static uint64_t* last_stamps;
static unsigned char* is_written;
static int one_path;
static void (*operate)(struct slot*);

static void on_done(uv_fs_t* req);

static void submit(struct slot* slot, int result) {
    CHECK_OK(result);
    CHECK(slot->pending == 0);
    slot->pending = 1;
    started++;
}

static void start(struct slot* slot) {
    slot->step = 0;
    slot->file = next_file++ % set.count;
    /* Of two writes to one place that are under way, either may be the last. */
    while (is_written != NULL && is_written[slot->file]) slot->file = next_file++ % set.count;
    operate(slot);
}

static void finish(struct slot* slot) {
    if (window_count(1, 16)) start(slot);
}

/* The one callback: each request that was started comes back once. */
static void on_done(uv_fs_t* req) {
    struct slot* slot = req->data;
    CHECK(req == &slot->req);
    CHECK(slot->pending == 1);
    slot->pending = 0;
    finished++;
    CHECK_OK(req->result);
    operate(slot);
}

static void do_stat(struct slot* slot) {
    if (slot->step++ == 0) {
        submit(slot, uv_fs_stat(&loop, &slot->req, set.paths[slot->file], on_done));
        return;
    }
    CHECK(slot->req.statbuf.st_size == BLOCK);
    CHECK(slot->req.statbuf.st_ino == set.inodes[slot->file]);
    uv_fs_req_cleanup(&slot->req);
    finish(slot);
}

static void do_read(struct slot* slot) {
    uv_buf_t buf = uv_buf_init((char*)slot->block, BLOCK);
    if (slot->step++ == 0) {
        memset(slot->block, 0xFF, sizeof(uint64_t));
        submit(slot, uv_fs_read(&loop, &slot->req, set.fds[slot->file], &buf, 1, 0, on_done));
        return;
    }
    CHECK(slot->req.result == BLOCK);
    CHECK(is_block(slot->block, slot->file));
    uv_fs_req_cleanup(&slot->req);
    finish(slot);
}

/* Over one path each slot has a block of its own, so that what is there in the end is known. */
static void do_write(struct slot* slot) {
    uv_buf_t buf = uv_buf_init((char*)slot->block, BLOCK);
    size_t place = one_path ? (size_t)(slot - slots) : 0;
    if (slot->step++ == 0) {
        slot->stamp = WRITTEN + ++stamps;
        memcpy(slot->block, &slot->stamp, sizeof slot->stamp);
        memcpy(slot->block + BLOCK - sizeof slot->stamp, &slot->stamp, sizeof slot->stamp);
        last_stamps[one_path ? place : slot->file] = slot->stamp;
        if (!one_path) is_written[slot->file] = 1;
        int64_t offset = (int64_t)place * BLOCK;
        submit(slot, uv_fs_write(&loop, &slot->req, set.fds[slot->file], &buf, 1, offset, on_done));
        return;
    }
    CHECK(slot->req.result == BLOCK);
    if (!one_path) is_written[slot->file] = 0;
    uv_fs_req_cleanup(&slot->req);
    finish(slot);
}

static void check_written(void) {
    size_t places = one_path ? MOST : set.count;
    unsigned char block[BLOCK];
    for (size_t i = 0; i < places; i++) {
        int fd = set.fds[one_path ? 0 : i];
        if (last_stamps[i] == 0) continue;
        CHECK(pread(fd, block, BLOCK, one_path ? (off_t)i * BLOCK : 0) == BLOCK);
        CHECK(memcmp(block, &last_stamps[i], sizeof(uint64_t)) == 0);
        CHECK(memcmp(block + BLOCK - sizeof(uint64_t), &last_stamps[i], sizeof(uint64_t)) == 0);
    }
}

static void do_open(struct slot* slot) {
    ssize_t result = slot->req.result;
    if (slot->step > 0) uv_fs_req_cleanup(&slot->req);
    switch (slot->step++) {
    case 0: submit(slot, uv_fs_open(&loop, &slot->req, set.paths[slot->file], O_RDONLY, 0, on_done)); break;
    case 1: submit(slot, uv_fs_close(&loop, &slot->req, (uv_file)result, on_done)); break;
    default: finish(slot);
    }
}

static void do_small(struct slot* slot) {
    uv_buf_t buf = uv_buf_init((char*)slot->block, BLOCK);
    ssize_t result = slot->req.result;
    uint64_t size = slot->req.statbuf.st_size;
    if (slot->step > 0) uv_fs_req_cleanup(&slot->req);
    switch (slot->step++) {
    case 0: submit(slot, uv_fs_open(&loop, &slot->req, set.paths[slot->file], O_RDONLY, 0, on_done)); break;
    case 1:
        slot->fd = (int)result;
        submit(slot, uv_fs_fstat(&loop, &slot->req, slot->fd, on_done));
        break;
    case 2:
        CHECK(size == BLOCK);
        submit(slot, uv_fs_read(&loop, &slot->req, slot->fd, &buf, 1, 0, on_done));
        break;
    case 3:
        CHECK(result == BLOCK && is_block(slot->block, slot->file));
        submit(slot, uv_fs_close(&loop, &slot->req, slot->fd, on_done));
        break;
    default: finish(slot);
    }
}

static void do_readdir(struct slot* slot) {
    switch (slot->step++) {
    case 0:
        slot->found = 0;
        submit(slot, uv_fs_opendir(&loop, &slot->req, set.paths[slot->file], on_done));
        return;
    case 1:
        slot->dir = slot->req.ptr;
        slot->dir->dirents = slot->entries;
        slot->dir->nentries = ENTRIES * 2;
        uv_fs_req_cleanup(&slot->req);
        submit(slot, uv_fs_readdir(&loop, &slot->req, slot->dir, on_done));
        return;
    case 2:
        slot->found += (int)slot->req.result;
        int more = slot->req.result > 0;
        uv_fs_req_cleanup(&slot->req);
        if (more) {
            slot->step = 2;
            submit(slot, uv_fs_readdir(&loop, &slot->req, slot->dir, on_done));
        } else {
            CHECK(slot->found == ENTRIES);
            submit(slot, uv_fs_closedir(&loop, &slot->req, slot->dir, on_done));
        }
        return;
    default:
        uv_fs_req_cleanup(&slot->req);
        finish(slot);
    }
}

static void do_scandir(struct slot* slot) {
    uv_dirent_t entry;
    if (slot->step++ == 0) {
        submit(slot, uv_fs_scandir(&loop, &slot->req, set.paths[slot->file], 0, on_done));
        return;
    }
    slot->found = 0;
    while (uv_fs_scandir_next(&slot->req, &entry) == 0) slot->found++;
    CHECK(slot->found == ENTRIES);
    uv_fs_req_cleanup(&slot->req);
    finish(slot);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    const char *op = arg("op", "stat"), *dir = arg("dir", ".");
    size_t files = (size_t)number("files", 1), depth = (size_t)number("depth", 1);
    CHECK(depth >= 1 && depth <= MOST && files >= 1);
    one_path = files == 1;
    if (strcmp(op, "readdir") == 0 || strcmp(op, "scandir") == 0) {
        set = make_folders(dir, files);
        operate = strcmp(op, "readdir") == 0 ? do_readdir : do_scandir;
    } else if (strcmp(op, "write") == 0) {
        set = make_files(dir, one_path ? "written-one" : "written", files, one_path ? MOST : 1);
        open_files(&set, O_RDWR);
        last_stamps = calloc(one_path ? MOST : files, sizeof *last_stamps);
        CHECK(last_stamps != NULL);
        if (!one_path) is_written = calloc(files, 1);
        CHECK(one_path || (is_written != NULL && files > depth));
        operate = do_write;
    } else {
        set = make_files(dir, one_path ? "read-one" : "read", files, 1);
        if (strcmp(op, "read") == 0) open_files(&set, O_RDONLY);
        operate = strcmp(op, "stat") == 0   ? do_stat
                  : strcmp(op, "read") == 0 ? do_read
                  : strcmp(op, "open") == 0 ? do_open
                                            : do_small;
    }
    CHECK_OK(uv_loop_init(&loop));
    window_prepare();
    for (size_t i = 0; i < depth; i++) {
        slots[i].req.data = &slots[i];
        start(&slots[i]);
    }
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    CHECK(started == finished);
    for (size_t i = 0; i < depth; i++) CHECK(slots[i].pending == 0);
    if (operate == do_write) check_written();
    window_report();
    end_loop(&loop);
    return 0;
}
