/* The servers of server.c and udp_server.c as plain epoll loops with one static buffer: what there is to reach. */
#include "common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BLOCK = 65536 };

/* What did not fit the socket, by descriptor. */
static struct {
    char* bytes;
    size_t from, size;
} rests[65536];

static int epoll, listener, is_unix, is_udp, is_sink, is_source;
static char slab[BLOCK];

static void watch(int how, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    CHECK(epoll_ctl(epoll, how, fd, &event) == 0);
}

static void end(int fd) {
    free(rests[fd].bytes);
    memset(&rests[fd], 0, sizeof rests[fd]);
    close(fd);
}

/* Nothing is read from a connection while there is something to write to it. */
static void keep(int fd, const char* bytes, size_t size) {
    rests[fd].bytes = malloc(size);
    CHECK(rests[fd].bytes != NULL);
    memcpy(rests[fd].bytes, bytes, size);
    rests[fd].from = 0;
    rests[fd].size = size;
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
}

static void accept_one(void) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    CHECK(fd < 65536);
    if (!is_unix) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(EPOLL_CTL_ADD, fd, is_source ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void on_readable(int fd) {
    ssize_t size = read(fd, slab, sizeof slab);
    if (size <= 0) {
        if (size == 0 || (errno != EAGAIN && errno != EINTR)) end(fd);
        return;
    }
    if (is_sink || is_source) return;
    ssize_t written = write(fd, slab, (size_t)size);
    if (written < 0 && errno != EAGAIN) {
        end(fd);
        return;
    }
    if (written < 0) written = 0;
    if (written < size) keep(fd, slab + written, (size_t)(size - written));
}

static void on_writable(int fd) {
    if (is_source) {
        if (write(fd, slab, sizeof slab) < 0 && errno != EAGAIN) end(fd);
        return;
    }
    ssize_t written = write(fd, rests[fd].bytes + rests[fd].from, rests[fd].size - rests[fd].from);
    if (written < 0 && errno != EAGAIN) end(fd);
    if (written < 0) return;
    rests[fd].from += (size_t)written;
    if (rests[fd].from < rests[fd].size) return;
    free(rests[fd].bytes);
    memset(&rests[fd], 0, sizeof rests[fd]);
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void on_datagram(void) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(listener, slab, sizeof slab, MSG_DONTWAIT, (struct sockaddr*)&from, &length);
    if (size >= 0) sendto(listener, slab, (size_t)size, MSG_DONTWAIT, (struct sockaddr*)&from, length);
}

static int make_listener(void) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t length = sizeof in;
    snprintf(un.sun_path, sizeof un.sun_path, "%s", arg("path", ""));
    int fd = socket(is_unix ? AF_UNIX : AF_INET, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (is_unix) {
        CHECK(bind(fd, (struct sockaddr*)&un, sizeof un) == 0);
    } else {
        CHECK(bind(fd, (struct sockaddr*)&in, sizeof in) == 0);
        CHECK(getsockname(fd, (struct sockaddr*)&in, &length) == 0);
    }
    if (!is_udp) CHECK(listen(fd, 4096) == 0);
    printf("port %d\nready 1\n", ntohs(in.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char** argv) {
    struct epoll_event events[1024];
    begin(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    is_unix = arg_is("transport", "unix");
    is_udp = arg_is("transport", "udp");
    is_sink = arg_is("mode", "sink");
    is_source = arg_is("mode", "source");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll >= 0);
    listener = make_listener();
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    /* Ended by a signal, and by the alarm at the latest. */
    for (;;) {
        int count = epoll_wait(epoll, events, 1024, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener && is_udp) {
                on_datagram();
            } else if (fd == listener) {
                accept_one();
            } else if (events[i].events & EPOLLOUT) {
                on_writable(fd);
            } else {
                on_readable(fd);
            }
        }
    }
}
