/* A positioned read or write on a pipe or a socket gives UV_ESPIPE, synchronous or not; offset -1 does the transfer,
 * and takes no byte more than asked. */
#include "check.h"

static uv_loop_t loop;
static ssize_t result;
static int done;

static void on_fs(uv_fs_t* req) {
    result = req->result;
    uv_fs_req_cleanup(req);
    done = 1;
}

static ssize_t transfer(int is_write, int fd, uv_buf_t buf, int64_t offset, int async) {
    uv_fs_t req;
    int rc;
    done = 0;
    if (is_write) {
        rc = uv_fs_write(async ? &loop : NULL, &req, fd, &buf, 1, offset, async ? on_fs : NULL);
    } else {
        rc = uv_fs_read(async ? &loop : NULL, &req, fd, &buf, 1, offset, async ? on_fs : NULL);
    }
    if (!async) {
        CHECK_EQ(req.result, rc);
        uv_fs_req_cleanup(&req);
        return rc;
    }
    CHECK_EQ(rc, 0);
    CHECK_EQ(done, 0);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 1);
    return result;
}

int main(void) {
    int ends[2];
    char data[8];
    uv_buf_t out = uv_buf_init((char*)"abcdef", 6);
    uv_buf_t in = uv_buf_init(data, 2);
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    for (int async = 0; async < 2; async++) {
        for (int is_socket = 0; is_socket < 2; is_socket++) {
            if (is_socket) {
                unix_pair(ends);
            } else {
                CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
            }
            CHECK_EQ(transfer(1, ends[1], out, 0, async), UV_ESPIPE);
            CHECK_EQ(transfer(1, ends[1], out, 100, async), UV_ESPIPE);
            CHECK_EQ(transfer(1, ends[1], out, -1, async), 6);
            CHECK_EQ(transfer(0, ends[0], in, 0, async), UV_ESPIPE);
            CHECK_EQ(transfer(0, ends[0], in, -1, async), 2);
            CHECK_EQ(memcmp(data, "ab", 2), 0);
            CHECK_EQ(transfer(0, ends[0], in, 3, async), UV_ESPIPE);
            CHECK_EQ(read(ends[0], data, sizeof data), 4);
            CHECK_EQ(memcmp(data, "cdef", 4), 0);
            close(ends[1]);
            CHECK_EQ(transfer(0, ends[0], in, -1, async), 0);
            close(ends[0]);
        }
    }
    finish_loop(&loop);
    return 0;
}
