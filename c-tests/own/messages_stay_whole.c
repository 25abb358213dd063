/* A stream handle may hold a descriptor that keeps the boundaries of messages: of what does not fit into a read's buffer the rest is
 * lost. However short the messages were so far, a program that gives alloc_cb's size gets the next one whole. */
#include "check.h"
#include <sys/ioctl.h>

static uv_loop_t loop;
static union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
} server, reader;
static size_t suggested;
static ssize_t got;
static int accepted, taken_from = -1;

/* Another process that reads the descriptor takes the message just before this one does; then comes a longer one. */
static void take_away(int fd) {
    char message[4000] = {0};
    CHECK_EQ(read(fd, message, sizeof message), 100);
    CHECK_EQ(write(taken_from, message, sizeof message), sizeof message);
    taken_from = -1;
}

static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    static char room[65536];
    CHECK_LE(size, sizeof room);
    if (taken_from != -1) take_away(handle_fd(handle));
    suggested = size;
    *buf = uv_buf_init(room, (unsigned)size);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    got = nread;
}

static void run_until(const ssize_t* value, ssize_t at_least) {
    while (*value < at_least) uv_run(&loop, UV_RUN_ONCE);
}

/* `header` bytes come before each message. */
static void check_messages(int peer, ssize_t header) {
    static const ssize_t sizes[] = {100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 4000, 10, 2000};
    static char message[4000];
    CHECK_OK(uv_read_start(&reader.stream, on_alloc, on_read));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        got = 0;
        CHECK_EQ(write(peer, message, (size_t)sizes[i]), sizes[i]);
        run_until(&got, 1);
        CHECK_EQ(got, header + sizes[i]);
        CHECK_EQ(suggested, 65536);
    }
    got = 0;
    taken_from = peer;
    CHECK_EQ(write(peer, message, (size_t)(100 - header)), 100 - header);
    run_until(&got, 1);
    CHECK_EQ(got, header + 4000);
    uv_close(&reader.handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(peer);
}

static void open_pipe(int fd) {
    CHECK_OK(uv_pipe_init(&loop, &reader.pipe, 0));
    CHECK_OK(uv_pipe_open(&reader.pipe, fd));
}

static void open_tcp(int fd) {
    CHECK_OK(uv_tcp_init(&loop, &reader.tcp));
    CHECK_OK(uv_tcp_open(&reader.tcp, fd));
}

static void check_sockets(void) {
    static const int types[] = {SOCK_SEQPACKET, SOCK_DGRAM};
    int fds[2];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds), 0);
        open_pipe(fds[0]);
        check_messages(fds[1], 0);
        CHECK_EQ(socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, fds), 0);
        open_tcp(fds[0]);
        check_messages(fds[1], 0);
    }
    /* As standard input. */
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    CHECK_EQ(dup2(fds[0], 0), 0);
    close(fds[0]);
    open_pipe(0);
    check_messages(fds[1], 0);
}

static void check_udp(void) {
    struct sockaddr_in addr = loopback(0);
    socklen_t len = sizeof addr;
    int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(receiver, (struct sockaddr*)&addr, sizeof addr), 0);
    CHECK_EQ(getsockname(receiver, (struct sockaddr*)&addr, &len), 0);
    CHECK_EQ(connect(sender, (struct sockaddr*)&addr, sizeof addr), 0);
    open_tcp(receiver);
    check_messages(sender, 0);
}

/* A protocol number set aside for experiments; each message comes with its IP header. */
static void check_raw(void) {
    struct sockaddr_in addr = loopback(0);
    int receiver = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 253);
    int sender;
    if (receiver == -1) return;
    sender = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 253);
    CHECK_GE(sender, 0);
    /* Else the sender's own copies fill its queue only; it never reads them. */
    CHECK_EQ(connect(sender, (struct sockaddr*)&addr, sizeof addr), 0);
    open_pipe(receiver);
    check_messages(sender, 20);
}

static void check_packet_pipes(void) {
    int fds[2];
    CHECK_EQ(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
    open_pipe(fds[0]);
    check_messages(fds[1], 0);
    /* The flag is the writer's own. */
    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    open_pipe(fds[0]);
    CHECK_EQ(fcntl(fds[1], F_SETFL, O_DIRECT), 0);
    check_messages(fds[1], 0);
}

/* A terminal's master side tells in the first byte what follows. How much comes at once is the kernel's affair. */
static void check_pty(void) {
    int on = 1, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
    if (master == -1) return;
    CHECK_EQ(grantpt(master), 0);
    CHECK_EQ(unlockpt(master), 0);
    CHECK_EQ(ioctl(master, TIOCPKT, &on), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK_GE(slave, 0);
    open_pipe(master);
    CHECK_OK(uv_read_start(&reader.stream, on_alloc, on_read));
    for (int i = 0; i < 10; i++) {
        got = 0;
        CHECK_EQ(write(slave, "x", 1), 1);
        run_until(&got, 2);
        CHECK_EQ(suggested, 65536);
    }
    uv_close(&reader.handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(slave);
}

static void on_connection(uv_stream_t* listener, int status) {
    CHECK_OK(status);
    CHECK_OK(uv_pipe_init(&loop, &reader.pipe, 0));
    CHECK_OK(uv_accept(listener, &reader.stream));
    accepted = 1;
}

static void check_accepted(void) {
    struct sockaddr_un {
        sa_family_t family;
        char path[108];
    } addr = {AF_UNIX, ""};
    socklen_t len = sizeof(sa_family_t) + 1 + 20;
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(addr.path + 1, sizeof addr.path - 1, "uvring-%014d", (int)getpid());
    CHECK_EQ(bind(listener, (struct sockaddr*)&addr, len), 0);
    CHECK_OK(uv_pipe_init(&loop, &server.pipe, 0));
    CHECK_OK(uv_pipe_open(&server.pipe, listener));
    CHECK_OK(uv_listen(&server.stream, 1, on_connection));
    CHECK_EQ(connect(client, (struct sockaddr*)&addr, len), 0);
    while (!accepted) uv_run(&loop, UV_RUN_ONCE);
    uv_close(&server.handle, NULL);
    check_messages(client, 0);
}

static void on_passed(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(buf);
    CHECK_EQ(nread, 1);
    CHECK_OK(uv_tcp_init(&loop, &reader.tcp));
    CHECK_OK(uv_accept(stream, &reader.stream));
    uv_close((uv_handle_t*)stream, NULL);
    accepted = 2;
}

static void check_passed(void) {
    int fds[2], ipc[2];
    char control[CMSG_SPACE(sizeof(int))] = "";
    struct iovec part = {"x", 1};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fds[0], sizeof(int));
    unix_pair(ipc);
    CHECK_OK(uv_pipe_init(&loop, &server.pipe, 1));
    CHECK_OK(uv_pipe_open(&server.pipe, ipc[0]));
    CHECK_OK(uv_read_start(&server.stream, on_alloc, on_passed));
    CHECK_EQ(sendmsg(ipc[1], &message, 0), 1);
    close(fds[0]);
    while (accepted != 2) uv_run(&loop, UV_RUN_ONCE);
    close(ipc[1]);
    check_messages(fds[1], 0);
}

int main(void) {
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    check_sockets();
    check_udp();
    check_raw();
    check_packet_pipes();
    check_pty();
    check_accepted();
    check_passed();
    finish_loop(&loop);
    return 0;
}
