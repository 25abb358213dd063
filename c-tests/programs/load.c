/* usage: load tcp|udp PORT CONNECTIONS SECONDS REQUEST
 *
 * Asks a server on this machine over some connections (or sockets), each anew as soon as it has its answer, and prints how often that was
 * and in which time. REQUEST is a file; the first run of the digit 0 in it becomes the number of the question. An answer is as
 * long as the first one was, over TCP; a datagram, over UDP. A server that is not there yet gets ten seconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what) ((what) ? (void)0 : fail(#what))

struct connection {
    int fd;
    size_t got;
    double asked;
};

static int is_udp;
static struct sockaddr_in server = {.sin_family = AF_INET};
static char request[4096], answer[65536];
static size_t request_size, answer_size, digits_at, digits;
static unsigned long asked, answered, lost;

static void fail(const char* what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void read_request(const char* path) {
    FILE* file = fopen(path, "r");
    CHECK(file != NULL);
    request_size = fread(request, 1, sizeof request, file);
    CHECK(request_size > 0);
    fclose(file);
    while (digits_at < request_size && request[digits_at] != '0') digits_at++;
    while (digits_at + digits < request_size && request[digits_at + digits] == '0') digits++;
}

static int dial(void) {
    int one = 1, fd = socket(AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    CHECK(fd >= 0);
    if (!is_udp) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr*)&server, sizeof server) == 0) return fd;
    close(fd);
    return -1;
}

static void ask(struct connection* c) {
    unsigned long number = asked++;
    for (size_t i = digits; i-- > 0; number /= 10) request[digits_at + i] = (char)('0' + number % 10);
    c->got = 0;
    c->asked = now();
    if (send(c->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) CHECK(is_udp && errno == ECONNREFUSED);
}

/* The first answer is over when nothing follows it. False if there is no server yet. */
static int learn(void) {
    struct connection c = {.fd = dial()};
    if (c.fd < 0) return 0;
    ask(&c);
    struct pollfd poll_fd = {.fd = c.fd, .events = POLLIN};
    while (poll(&poll_fd, 1, c.got == 0 ? 500 : 50) > 0) {
        ssize_t n = recv(c.fd, answer, sizeof answer, 0);
        if (n <= 0) break;
        c.got += (size_t)n;
    }
    close(c.fd);
    answer_size = c.got;
    return c.got > 0;
}

static void receive(struct connection* c) {
    ssize_t n = recv(c->fd, answer, sizeof answer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || (is_udp && errno == ECONNREFUSED))) return;
    CHECK(n > 0);
    c->got += (size_t)n;
    CHECK(is_udp || c->got <= answer_size);
    if (!is_udp && c->got < answer_size) return;
    answered++;
    ask(c);
}

int main(int argc, char** argv) {
    CHECK(argc == 6);
    is_udp = strcmp(argv[1], "udp") == 0;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int count = atoi(argv[3]), set = epoll_create1(0);
    double seconds = atof(argv[4]), patience = now() + 10;
    struct connection* connections = calloc((size_t)count, sizeof *connections);
    CHECK(count > 0 && connections != NULL && set >= 0);
    read_request(argv[5]);
    while (!learn()) {
        CHECK(now() < patience);
        usleep(20 * 1000);
    }
    asked = 0;
    double start = now(), end = start + seconds, looked = start;
    for (int i = 0; i < count; i++) {
        struct connection* c = &connections[i];
        CHECK((c->fd = dial()) >= 0);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        CHECK(epoll_ctl(set, EPOLL_CTL_ADD, c->fd, &event) == 0);
        ask(c);
    }
    while (now() < end) {
        struct epoll_event events[64];
        int n = epoll_wait(set, events, 64, 100);
        for (int i = 0; i < n; i++) receive(events[i].data.ptr);
        if (!is_udp || now() < looked + 0.1) continue;
        /* A datagram without an answer is one that was dropped. */
        looked = now();
        for (int i = 0; i < count; i++) {
            if (connections[i].asked > looked - 0.5) continue;
            lost++;
            ask(&connections[i]);
        }
    }
    CHECK(answered > 0);
    printf("ops %lu\nseconds %f\nlost %lu\n", answered, now() - start, lost);
    return 0;
}
