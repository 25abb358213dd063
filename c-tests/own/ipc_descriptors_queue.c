/* Descriptors that come in one message over an IPC pipe wait in order; uv_accept takes them one by one, pending_count and
 * pending_type tell of them, and uv_close closes those that nobody took. They are closed on exec. uv_write2 and
 * uv_try_write2 send one with the first byte and once only, also when the bytes go in several pieces. */
#include "check.h"

enum { PASSED = 5, BIG = 1 << 20 };

static uv_loop_t loop;
static uv_pipe_t ipc;
static uv_tcp_t tcps[2];
static uv_pipe_t pipes[2];
static uv_udp_t udp;
static int peer, reads, written;
static int others[PASSED];

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    reads++;
    CHECK_EQ(uv_pipe_pending_count((uv_pipe_t*)stream), PASSED);
}

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    written++;
}

/* Sends descriptors along with one byte. */
static void pass(const int* fds, int count) {
    union { char space[CMSG_SPACE(sizeof(int) * PASSED)]; struct cmsghdr align; } control;
    struct iovec iov = {.iov_base = (char*)"x", .iov_len = 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space};
    struct cmsghdr* header;
    memset(&control, 0, sizeof control);
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * (size_t)count);
    CHECK_EQ(sendmsg(peer, &message, 0), 1);
}

/* Receives `len` bytes; counts the descriptors among them. */
static int receive(size_t len) {
    static char data[65536];
    int count = 0;
    while (len > 0) {
        union { char space[256]; struct cmsghdr align; } control;
        struct iovec iov = {.iov_base = data, .iov_len = len < sizeof data ? len : sizeof data};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space};
        struct cmsghdr* header;
        ssize_t n;
        message.msg_controllen = sizeof control.space;
        n = recvmsg(peer, &message, MSG_DONTWAIT);
        if (n < 0) {
            CHECK_EQ(errno, EAGAIN);
            uv_run(&loop, UV_RUN_NOWAIT);
            continue;
        }
        len -= (size_t)n;
        for (header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
            int fd;
            CHECK_EQ(header->cmsg_len, CMSG_LEN(sizeof fd));
            memcpy(&fd, CMSG_DATA(header), sizeof fd);
            close(fd);
            count++;
        }
    }
    return count;
}

static void received_in_order(void) {
    int fds[PASSED], pair[2];
    tcp_pair(pair);
    fds[0] = pair[0];
    others[0] = pair[1];
    unix_pair(pair);
    fds[1] = pair[0];
    others[1] = pair[1];
    fds[2] = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 3; i < PASSED; i++) {
        tcp_pair(pair);
        fds[i] = pair[0];
        others[i] = pair[1];
    }
    pass(fds, PASSED);
    for (int i = 0; i < PASSED; i++) close(fds[i]);
    while (reads == 0) uv_run(&loop, UV_RUN_ONCE);

    CHECK_OK(uv_tcp_init(&loop, &tcps[0]));
    CHECK_OK(uv_pipe_init(&loop, &pipes[0], 0));
    CHECK_OK(uv_udp_init(&loop, &udp));
    CHECK_EQ(uv_pipe_pending_type(&ipc), UV_TCP);
    CHECK_OK(uv_accept((uv_stream_t*)&ipc, (uv_stream_t*)&tcps[0]));
    CHECK_EQ(uv_pipe_pending_count(&ipc), 4);
    CHECK_EQ(uv_pipe_pending_type(&ipc), UV_NAMED_PIPE);
    CHECK_OK(uv_accept((uv_stream_t*)&ipc, (uv_stream_t*)&pipes[0]));
    CHECK_EQ(uv_pipe_pending_type(&ipc), UV_UDP);
    CHECK_OK(uv_accept((uv_stream_t*)&ipc, (uv_stream_t*)&udp));
    CHECK_EQ(uv_pipe_pending_count(&ipc), 2);
    CHECK(fcntl(handle_fd(&tcps[0]), F_GETFD) & FD_CLOEXEC);
    CHECK_EQ(uv_is_readable((uv_stream_t*)&tcps[0]), 1);
    CHECK_EQ(uv_is_writable((uv_stream_t*)&tcps[0]), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(reads, 1);
}

static void sent_once(void) {
    static char data[BIG];
    uv_write_t req;
    uv_buf_t big = uv_buf_init(data, BIG), small = uv_buf_init(data, 3);
    uv_stream_t* stream = (uv_stream_t*)&ipc;
    CHECK_OK(uv_write2(&req, stream, &big, 1, (uv_stream_t*)&tcps[0], on_write));
    CHECK_GT(ipc.write_queue_size, 0);
    CHECK_EQ(uv_try_write2(stream, &small, 1, (uv_stream_t*)&tcps[0]), UV_EAGAIN);
    CHECK_EQ(receive(BIG), 1);
    while (written == 0) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(uv_try_write2(stream, &small, 1, (uv_stream_t*)&pipes[0]), 3);
    CHECK_EQ(receive(3), 1);
    CHECK_OK(uv_tcp_init(&loop, &tcps[1]));
    CHECK_EQ(uv_try_write2(stream, &small, 1, (uv_stream_t*)&tcps[1]), UV_EBADF);
    CHECK_EQ(uv_write2(&req, (uv_stream_t*)&pipes[0], &small, 1, (uv_stream_t*)&tcps[0], NULL), UV_EINVAL);
}

int main(void) {
    char byte;
    int pair[2];
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    unix_pair(pair);
    peer = pair[0];
    CHECK_OK(uv_pipe_init(&loop, &ipc, 1));
    CHECK_OK(uv_pipe_open(&ipc, pair[1]));
    CHECK_OK(uv_read_start((uv_stream_t*)&ipc, lend_slab, on_read));
    received_in_order();
    sent_once();

    /* Two were not taken. */
    uv_close((uv_handle_t*)&ipc, NULL);
    for (int i = 3; i < PASSED; i++) {
        set_receive_timeout(others[i], 3000);
        CHECK_EQ(recv(others[i], &byte, 1, 0), 0);
        close(others[i]);
    }
    CHECK_EQ(recv(others[0], &byte, 1, MSG_DONTWAIT), -1);
    CHECK_EQ(errno, EAGAIN);
    close(others[0]);
    close(others[1]);
    close(peer);
    finish_loop(&loop);
    return 0;
}
