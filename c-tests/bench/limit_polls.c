/* What polls.c does, on plain epoll. */
#include "common.h"

#include <fcntl.h>
#include <sys/epoll.h>

enum { AT_ONCE = 16 };

int main(int argc, char** argv) {
    struct epoll_event events[AT_ONCE * 2];
    begin(argc, argv);
    size_t count = (size_t)number("polls", 1000), next = 0;
    int (*pipes)[2] = calloc(count, sizeof *pipes), epoll = epoll_create1(EPOLL_CLOEXEC), more = 1;
    CHECK(pipes != NULL && epoll >= 0);
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        CHECK(pipe2(pipes[i], O_NONBLOCK | O_CLOEXEC) == 0);
        CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[i][0], &event) == 0);
    }
    window_prepare();
    while (more) {
        for (int i = 0; i < AT_ONCE; i++) CHECK(write(pipes[next++ % count][1], "x", 1) == 1);
        int ready = epoll_wait(epoll, events, AT_ONCE * 2, 0);
        CHECK(ready == AT_ONCE);
        for (int i = 0; i < ready; i++) {
            char byte;
            CHECK(read(pipes[events[i].data.u64][0], &byte, 1) == 1);
            more = window_count(1, 16);
        }
    }
    window_report();
    return 0;
}
