/* Submission polling: a thread of the kernel takes what the loop submits, and the loop looks for what has completed instead of
 * sleeping. Reads then take no system call (`strace -c ./polled_reads` shows it), at the price of a second processor.
 *
 *   cc polled_reads.c -luv -o polled_reads && ./polled_reads */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

static uv_loop_t loop;
static uv_file file;
static char bytes[4096];
static int left;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void on_read(uv_fs_t* req) {
    if (req->result != sizeof bytes) fail("read", (int)req->result);
    uv_fs_req_cleanup(req);
    if (--left == 0) return;
    uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
    int error = uv_fs_read(&loop, req, file, &buf, 1, 0, on_read);
    if (error != 0) fail("uv_fs_read", error);
}

int main(void) {
    cpu_set_t processors;
    uv_fs_t req;
    uvring_loop_stats_t stats = {.size = sizeof stats};
    uv_loop_init(&loop);
    sched_getaffinity(0, sizeof processors, &processors);
    int error = CPU_COUNT(&processors) > 1 ? uvring_loop_set(&loop, UVRING_LOOP_SQPOLL_IDLE_MS, 1000) : UV_ENOTSUP;
    if (error == 0) error = uvring_loop_set(&loop, UVRING_LOOP_BUSY_POLL_US, 1000000);
    printf("submission polling: %s\n", error == 0 ? "yes" : uv_strerror(error));

    file = uv_fs_open(NULL, &req, "polled", O_RDWR | O_CREAT | O_TRUNC, 0600, NULL);
    if (file < 0 || write(file, bytes, sizeof bytes) != sizeof bytes) fail("file", file);
    left = 10000;
    uint64_t start = uv_hrtime();
    uv_buf_t buf = uv_buf_init(bytes, sizeof bytes);
    uv_fs_read(&loop, &req, file, &buf, 1, 0, on_read);
    uv_run(&loop, UV_RUN_DEFAULT);
    double us = (double)(uv_hrtime() - start) / 1e3 / 10000;
    uvring_loop_stats(&loop, &stats);
    printf("10000 reads, %.2f us each; %llu on the ring, which was entered %llu times\n", us,
           (unsigned long long)stats.files_ring, (unsigned long long)stats.ring_enters);
    uv_fs_close(NULL, &req, file, NULL);
    uv_fs_unlink(NULL, &req, "polled", NULL);
    return uv_loop_close(&loop) != 0;
}
