/* On the ring driver cached files are read, at their own position, through the ring, without a read by a thread, and sockets wait in epoll: one
 * system call for each message, no other registration, and no ring call. */
/* not on libuv: it reads files in threads */
/* timeout: 30 */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
#include "check.h"

#include <sys/syscall.h>
#include <sys/vfs.h>

enum { ECHOES = 100, READS = 100, LEN = 4096, EXT4 = 0xef53, XFS = 0x58465342 };

static uv_loop_t loop;
static uv_tcp_t tcp;
static uv_fs_t req;
static char data[LEN];
static int peer, file, echoes, reads;

static void on_tcp_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    if (++echoes == ECHOES) {
        uv_close((uv_handle_t*)stream, NULL);
    } else {
        send_all(peer, "x", 1);
    }
}

static void on_file_read(uv_fs_t* r) {
    uv_buf_t buf = uv_buf_init(data, LEN);
    CHECK_EQ(r->result, LEN);
    uv_fs_req_cleanup(r);
    if (++reads == READS) return;
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
    CHECK_OK(uv_fs_read(&loop, r, file, &buf, 1, -1, on_file_read));
}

static void child(void) {
    uv_buf_t buf = uv_buf_init(data, LEN);
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(pread(file, data, LEN, 0), LEN);
    CHECK_OK(uv_loop_init(&loop));
    access("/uvring-test-mark", F_OK);
    CHECK_OK(uv_fs_read(&loop, &req, file, &buf, 1, -1, on_file_read));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    access("/uvring-test-mark", F_OK);
    peer = tcp_handle(&loop, &tcp);
    CHECK_OK(uv_read_start((uv_stream_t*)&tcp, lend_slab, on_tcp_read));
    send_all(peer, "x", 1);
    access("/uvring-test-mark", F_OK);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    access("/uvring-test-mark", F_OK);
    close(peer);
    finish_loop(&loop);
}

int main(int argc, char** argv) {
    const char* off = getenv("UV_USE_IO_URING");
    char line[1000];
    FILE* trace;
    struct statfs about;
    int part = 0;
    int enters[5] = {0}, waits[5] = {0}, registrations[5] = {0}, file_reads[5] = {0};
    UNUSED(argv);
    watchdog(28);
    if (argc > 1) {
        child();
        return 0;
    }
    if (off != NULL && strcmp(off, "0") == 0) SKIP("the ring is switched off");
    if (syscall(425, 0, NULL) == -1 && errno != EINVAL && errno != EFAULT) SKIP("the ring is refused");
    CHECK_EQ(statfs("/proc/self/exe", &about), 0);
    if (about.f_type != EXT4 && about.f_type != XFS) SKIP("the ring cannot read this file system without a thread");
    trace = trace_of_child("trace=exit_group,access,faccessat,io_uring_enter,epoll_ctl,epoll_wait,epoll_pwait,"
                           "epoll_pwait2,read,readv",
                           NULL, NULL);
    while (fgets(line, sizeof line, trace) != NULL) {
        if (strstr(line, "/uvring-test-mark") != NULL) {
            part++;
            CHECK_LE(part, 4);
        } else if (strstr(line, "io_uring_enter") != NULL) {
            enters[part]++;
        } else if (strstr(line, "epoll_ctl") != NULL) {
            registrations[part]++;
        } else if (strstr(line, "epoll") != NULL) {
            waits[part]++;
        } else if (strstr(line, "read") != NULL) {
            file_reads[part]++;
        }
    }
    fclose(trace);
    CHECK_EQ(part, 4);
    /* Part 1 is the file, part 3 the socket. */
    CHECK_GT(enters[1], 0);
    /* The first read is asked for outside uv_run, where nothing may stay on the ring, and the second learns what file system
     * it is: a thread does these. A few more tell how many processors there are. */
    CHECK_LE(file_reads[1], 2 + 10);
    CHECK_LE(waits[1], 10);
    CHECK_EQ(enters[3], 0);
    CHECK_GE(waits[3], ECHOES / 2);
    CHECK_LE(waits[3], ECHOES + 2);
    CHECK_LE(registrations[3], 2);
    return 0;
}
