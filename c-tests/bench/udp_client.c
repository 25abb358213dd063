/* Keeps `window` datagrams of `size` bytes under way to a server that sends each back, and compares what returns. A
 * datagram may be lost: when nothing came for a tenth of a second, those under way are given up and counted as lost. */
#include "client.h"

#include <sys/uio.h>

static int fd;
static uint64_t sent, last_seen, lost;
static unsigned under_way;

static void send_one(void) {
    uint64_t number = ++sent;
    struct iovec parts[2] = {{&number, sizeof number}, {pattern + number % SPREAD, message_size - sizeof number}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(fd, &message, MSG_DONTWAIT) < 0) {
        CHECK(errno == EAGAIN || errno == ENOBUFS);
        lost++;
        return;
    }
    under_way++;
}

/* One path over loopback keeps the order, so a number that does not grow is a datagram that came twice. */
static int receive_one(void) {
    uint64_t number;
    ssize_t n = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (n < 0) {
        CHECK(errno == EAGAIN);
        return 0;
    }
    CHECK((size_t)n == message_size);
    memcpy(&number, scratch, sizeof number);
    CHECK(number > last_seen && number <= sent);
    CHECK(memcmp(scratch + sizeof number, pattern + number % SPREAD, message_size - sizeof number) == 0);
    last_seen = number;
    if (under_way > 0) under_way--;
    return 1;
}

int main(int argc, char** argv) {
    struct epoll_event event;
    client_begin(argc, argv);
    unsigned wanted = (unsigned)number("window", 64);
    double give_up = 0;
    fd = dial(SOCK_DGRAM, 1);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
    window_prepare();
    give_up = now() + 10 + 2 * window.seconds;
    while (window.state != CLOSED) {
        CHECK(now() < give_up);
        while (under_way < wanted) {
            unsigned before = under_way;
            send_one();
            if (under_way == before) break;
        }
        if (epoll_wait(epoll, &event, 1, 100) == 0) {
            lost += under_way;
            under_way = 0;
        }
        for (unsigned i = 0; i < wanted && window.state != CLOSED && receive_one(); i++) count_served(1, 16);
    }
    result("lost", (double)lost);
    report_served(1);
    return 0;
}
