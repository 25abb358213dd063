/* Opening a device can be an act of its own: each open of /dev/ptmx makes a terminal. uv_fs_open opens it once, so that the terminal
 * has the number that was free, whether or not the loop runs. */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>

static uv_loop_t loop;
static uv_timer_t timer;
static uv_fs_t req;
static int lowest, opens;

/* The number of a terminal. */
static int number(int fd) {
    int n;
    char name[64];
    CHECK_EQ(ptsname_r(fd, name, sizeof name), 0);
    CHECK_EQ(sscanf(name, "/dev/pts/%d", &n), 1);
    return n;
}

static void on_open(uv_fs_t* r) {
    CHECK_OK(r->result);
    CHECK_EQ(number((int)r->result), lowest);
    close((int)r->result);
    uv_fs_req_cleanup(r);
    if (++opens < 3) CHECK_OK(uv_fs_open(&loop, &req, "/dev/ptmx", UV_FS_O_RDWR | O_NOCTTY, 0, on_open));
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    CHECK_OK(uv_fs_open(&loop, &req, "/dev/ptmx", UV_FS_O_RDWR | O_NOCTTY, 0, on_open));
}

/* Terminals of its own, so that no other test takes numbers. */
static void enter_namespace(void) {
    if (unshare(CLONE_NEWNS) != 0) SKIP("not allowed to have mounts of one's own");
    CHECK_EQ(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    if (mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") != 0) SKIP("not allowed to mount");
    if (mount("/dev/pts/ptmx", "/dev/ptmx", "none", MS_BIND, NULL) != 0) SKIP("not allowed to mount");
}

int main(void) {
    int fd;
    watchdog(10);
    enter_namespace();
    fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) SKIP("no terminals");
    lowest = number(fd);
    close(fd);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(opens, 3);
    finish_loop(&loop);
    return 0;
}
