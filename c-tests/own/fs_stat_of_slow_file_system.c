/* A stat, an fstat and a watcher of a file on a file system that takes its time (FUSE) hold up nothing else, and give what that says
 * now, not what the kernel has kept. It is mounted where a tmpfs was a moment ago, which was looked at: before Linux 6.8 it gets the same
 * number of mount, and of device. */
#include "check.h"

#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

enum { ROOT = 1, FILE_NODE = 2, DELAY_MS = 1000, MOST_MS = 700 };

static uv_loop_t loop;
static uv_timer_t ticker;
static char dir[300], path[310];
static int device;
/* What the file system does and says. */
static struct { _Atomic int delay_ms, size; } *now;
static uint64_t last_tick, longest;
static int answers, expected;

/* --- the file system --- */

static void reply(uint64_t unique, int error, const void* body, size_t length) {
    char out[512];
    struct fuse_out_header header = {.len = (uint32_t)(sizeof header + length), .error = -error, .unique = unique};
    memcpy(out, &header, sizeof header);
    if (length > 0) memcpy(out + sizeof header, body, length);
    /* ENOENT: who asked has gone. */
    if (write(device, out, header.len) < 0) CHECK_EQ(errno, ENOENT);
}

static struct fuse_attr attributes(uint64_t node) {
    struct fuse_attr attr = {.ino = node, .nlink = 1, .blksize = 4096};
    attr.mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644;
    attr.size = (uint64_t)now->size;
    return attr;
}

/* Names may be kept, states not. In a process of its own, with which the file system ends, and who waits for it is let go. */
static void serve(void) {
    static char in[1 << 17];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        const struct fuse_in_header* header = (const void*)in;
        ssize_t n = read(device, in, sizeof in);
        if (n < 0 && (errno == EINTR || errno == ENOENT)) continue;
        if (n < (ssize_t)sizeof *header) _exit(0);
        if (header->opcode == FUSE_INIT) {
            struct fuse_init_out out = {.major = 7, .minor = 31, .max_write = 4096};
            reply(header->unique, 0, &out, sizeof out);
        } else if (header->opcode == FUSE_GETATTR) {
            struct fuse_attr_out out = {.attr = attributes(header->nodeid)};
            sleep_ms((unsigned)now->delay_ms);
            reply(header->unique, 0, &out, sizeof out);
        } else if (header->opcode == FUSE_LOOKUP) {
            struct fuse_entry_out out = {.nodeid = FILE_NODE, .entry_valid = 1000, .attr = attributes(FILE_NODE)};
            reply(header->unique, 0, &out, sizeof out);
        } else if (header->opcode == FUSE_OPEN) {
            struct fuse_open_out out = {.fh = 1};
            reply(header->unique, 0, &out, sizeof out);
        } else if (header->opcode != FUSE_FORGET && header->opcode != FUSE_BATCH_FORGET && header->opcode != FUSE_INTERRUPT) {
            reply(header->unique, ENOSYS, NULL, 0);
        }
    }
}

/* --- the loop --- */

static void on_tick(uv_timer_t* timer) {
    uint64_t now = now_ns();
    UNUSED(timer);
    if (last_tick != 0 && now - last_tick > longest) longest = now - last_tick;
    last_tick = now;
}

static void on_stat(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    CHECK_EQ(req->statbuf.st_size, expected);
    uv_fs_req_cleanup(req);
    if (--answers == 0) uv_close((uv_handle_t*)&ticker, NULL);
}

static void on_change(uv_fs_poll_t* watcher, int status, const uv_stat_t* before, const uv_stat_t* after) {
    UNUSED(before);
    UNUSED(after);
    FAIL("nothing has changed: %p %d", (void*)watcher, status);
}

/* Stats the path, and the descriptor if there is one, each `count` times, from a callback and from outside of the loop. */
static void run(int count, int fd) {
    uv_fs_t reqs[20];
    last_tick = longest = 0;
    answers = 0;
    CHECK_OK(uv_timer_init(&loop, &ticker));
    CHECK_OK(uv_timer_start(&ticker, on_tick, 1, 5));
    for (int i = 0; i < count; i++, answers++) CHECK_OK(uv_fs_stat(&loop, &reqs[answers], path, on_stat));
    if (fd >= 0) CHECK_OK(uv_fs_fstat(&loop, &reqs[answers++], fd, on_stat));
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void mount_here(const char* type, const char* options) {
    if (mount(type, dir, type, MS_NOSUID | MS_NODEV, options) == 0) return;
    if (errno == EPERM || errno == ENODEV || errno == EACCES) SKIP("no %s can be mounted here", type);
    FAIL("mount of %s", type);
}

int main(void) {
    pid_t server;
    uv_fs_poll_t watcher;
    struct stat about;
    char options[100];
    uint64_t began;
    int fd;
    watchdog(50);
    now = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(now != MAP_FAILED);
    now->size = 1;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) SKIP("no mounts of one's own here");
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) SKIP("no FUSE here");
    snprintf(dir, sizeof dir, "%s/mount", temp_dir());
    snprintf(path, sizeof path, "%s/file", dir);
    CHECK_EQ(mkdir(dir, 0700), 0);
    CHECK_OK(uv_loop_init(&loop));

    mount_here("tmpfs", "");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_EQ(write(fd, "tmpfs", 5), 5);
    close(fd);
    expected = 5;
    for (int i = 0; i < 5; i++) run(10, -1);
    CHECK_EQ(umount2(dir, 0), 0);

    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    mount_here("fuse", options);
    server = fork();
    if (server == 0) serve();
    CHECK_GT(server, 0);
    close(device);
    /* From now on the kernel has the name. */
    CHECK_EQ(stat(path, &about), 0);
    CHECK_EQ(about.st_size, 1);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_GE(fd, 0);

    now->size = expected = 2;
    run(1, fd);
    now->size = expected = 3;
    now->delay_ms = DELAY_MS;
    run(3, fd);
    CHECK_LE(longest / 1000000, MOST_MS);

    CHECK_OK(uv_fs_poll_init(&loop, &watcher));
    began = now_ns();
    CHECK_OK(uv_fs_poll_start(&watcher, on_change, path, 10));
    CHECK_LE((now_ns() - began) / 1000000, MOST_MS);
    uv_unref((uv_handle_t*)&watcher);
    run(1, -1);
    CHECK_LE(longest / 1000000, MOST_MS);
    now->delay_ms = 0;
    uv_close((uv_handle_t*)&watcher, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);

    close(fd);
    finish_loop(&loop);
    CHECK_EQ(umount2(dir, 0), 0);
    CHECK_EQ(waitpid(server, NULL, 0), server);
    return 0;
}
