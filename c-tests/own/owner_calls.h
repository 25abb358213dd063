/* The calls of its own that a loop's thread makes, each for a fixed time, and the check that none was cut short. */
#ifndef UVRING_OWN_OWNER_CALLS_H
#define UVRING_OWN_OWNER_CALLS_H

#include "check.h"

#include <semaphore.h>
#include <sys/select.h>

enum { OWNER_CALL_MS = 90 };

static inline void full_time(const char* what, uint64_t start, int rc, int expected) {
    uint64_t took = now_ns() - start;
    if (rc != expected) FAIL("%s returned %d after %llu us", what, rc, (unsigned long long)took / 1000);
    if (took < (uint64_t)(OWNER_CALL_MS - 1) * 1000000) {
        FAIL("%s took only %llu us", what, (unsigned long long)took / 1000);
    }
}

static inline void owner_calls(void) {
    struct epoll_event event;
    struct pollfd pfd;
    struct timespec ts = {0, OWNER_CALL_MS * 1000000L};
    struct timeval tv = {0, OWNER_CALL_MS * 1000};
    sem_t sem;
    int fds[2];
    char byte;
    uint64_t start;
    int rc;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_GE(epoll_fd, 0);
    unix_pair(fds);
    event.events = EPOLLIN;
    CHECK_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[0], &event), 0);

    start = now_ns();
    rc = epoll_wait(epoll_fd, &event, 1, OWNER_CALL_MS);
    full_time("epoll_wait", start, rc, 0);

    pfd.fd = fds[0];
    pfd.events = POLLIN;
    start = now_ns();
    rc = poll(&pfd, 1, OWNER_CALL_MS);
    full_time("poll", start, rc, 0);

    start = now_ns();
    rc = select(0, NULL, NULL, NULL, &tv);
    full_time("select", start, rc, 0);

    start = now_ns();
    rc = nanosleep(&ts, NULL);
    full_time("nanosleep", start, rc, 0);

    CHECK_EQ(sem_init(&sem, 0, 0), 0);
    CHECK_EQ(clock_gettime(CLOCK_REALTIME, &ts), 0);
    ts.tv_nsec += OWNER_CALL_MS * 1000000L;
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_nsec -= 1000000000L;
        ts.tv_sec++;
    }
    start = now_ns();
    rc = sem_timedwait(&sem, &ts);
    if (rc == -1 && errno != ETIMEDOUT) FAIL("sem_timedwait");
    full_time("sem_timedwait", start, rc, -1);
    sem_destroy(&sem);

    set_receive_timeout(fds[0], OWNER_CALL_MS);
    start = now_ns();
    rc = (int)recv(fds[0], &byte, 1, 0);
    if (rc == -1 && errno != EAGAIN) FAIL("recv");
    full_time("recv", start, rc, -1);

    close(fds[0]);
    close(fds[1]);
    close(epoll_fd);
}

#endif
