/* Sends `rate` messages of `size` bytes a second over `connections` connections, whether or not answers come, and measures
 * the time from the moment a message was due to its answer: a server that stalls pays for all that had to wait. */
#include "client.h"

enum { QUEUE = 4096, MOST_SAMPLES = 4000000 };

struct connection {
    int fd;
    size_t received, to_send;
    uint64_t first, last;
    double due[QUEUE];
};

static struct connection* connections;
static size_t connection_count, sample_count;
static double* samples;
static uint64_t dropped;

/* Requests that the kernel does not take wait here, as they would in a client's own queue. */
static void flush(struct connection* c) {
    while (c->to_send > 0) {
        size_t done = message_size - (c->to_send - 1) % message_size - 1;
        ssize_t n = send(c->fd, pattern + done, message_size - done, MSG_NOSIGNAL);
        if (n < 0) {
            CHECK(errno == EAGAIN);
            return;
        }
        c->to_send -= (size_t)n;
    }
}

static void send_due(struct connection* c, double due) {
    if (c->last - c->first == QUEUE) {
        dropped++;
        return;
    }
    c->due[c->last++ % QUEUE] = due;
    c->to_send += message_size;
    flush(c);
}

static void on_answer(struct connection* c) {
    ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    double time = now();
    for (ssize_t i = 0; i < n;) {
        size_t part = message_size - c->received;
        if (part > (size_t)(n - i)) part = (size_t)(n - i);
        CHECK(memcmp(scratch + i, pattern + c->received, part) == 0);
        i += (ssize_t)part;
        c->received += part;
        if (c->received < message_size) break;
        c->received = 0;
        CHECK(c->first < c->last);
        double took = time - c->due[c->first++ % QUEUE];
        if (window.state == OPEN && sample_count < MOST_SAMPLES) samples[sample_count++] = took;
        count_served(1, 1);
    }
}

static int compare(const void* a, const void* b) {
    double x = *(const double*)a, y = *(const double*)b;
    return (x > y) - (x < y);
}

static double percentile(double share) {
    return samples[(size_t)((double)(sample_count - 1) * share)] * 1e6;
}

int main(int argc, char** argv) {
    struct epoll_event events[256];
    client_begin(argc, argv);
    connection_count = (size_t)number("connections", 50);
    connections = calloc(connection_count, sizeof *connections);
    samples = malloc(MOST_SAMPLES * sizeof *samples);
    CHECK(connections != NULL && samples != NULL);
    for (size_t i = 0; i < connection_count; i++) {
        connections[i].fd = dial(SOCK_STREAM, 1);
        watch(EPOLL_CTL_ADD, connections[i].fd, EPOLLIN, &connections[i]);
    }
    window_prepare();
    double step = 1 / number("rate", 10000), due = now() + 0.01, give_up = now() + 10 + 2 * window.seconds;
    size_t next = 0;
    while (window.state != CLOSED) {
        for (int burst = 0; burst < 64 && now() >= due; burst++) {
            send_due(&connections[next++ % connection_count], due);
            due += step;
        }
        int count = epoll_wait(epoll, events, 256, 0);
        for (int i = 0; i < count && window.state != CLOSED; i++) on_answer(events[i].data.ptr);
        for (size_t i = 0; i < connection_count; i++) {
            if (connections[i].to_send > 0) flush(&connections[i]);
        }
        CHECK(now() < give_up);
    }
    CHECK(sample_count > 0);
    qsort(samples, sample_count, sizeof *samples, compare);
    report_served(1);
    result("p50", percentile(0.5));
    result("p99", percentile(0.99));
    result("p999", percentile(0.999));
    result("dropped", (double)dropped);
    return 0;
}
