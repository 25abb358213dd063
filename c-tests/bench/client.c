/* The client of the stream servers, on plain epoll and one core of its own.
 *
 * mode=echo    `connections` connections, each with one message of `size` bytes under way, compared as it comes back
 * mode=short   the same, and each connection carries one message: connect, send, receive, close
 * mode=sink    sends without end; an operation is a KiB
 * mode=source  receives without end; an operation is a KiB */
#include "client.h"

struct connection {
    int fd, is_waiting_to_send;
    size_t sent, received, offset;
    uint64_t messages;
};

static struct connection* connections;
static size_t connection_count, served_count;
static unsigned look_every;
static int is_short, is_sink, is_source;
static uint32_t next_source;

static void close_connection(struct connection* c) {
    close(c->fd);
    c->fd = -1;
}

static void want_to_send(struct connection* c, int wanted) {
    if (c->is_waiting_to_send == wanted) return;
    c->is_waiting_to_send = wanted;
    watch(EPOLL_CTL_MOD, c->fd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, c);
}

static void send_message(struct connection* c) {
    while (c->sent < message_size) {
        ssize_t n = send(c->fd, pattern + c->offset + c->sent, message_size - c->sent, MSG_NOSIGNAL);
        if (n < 0) {
            CHECK(errno == EAGAIN);
            break;
        }
        c->sent += (size_t)n;
    }
    want_to_send(c, c->sent < message_size);
}

static void start_message(struct connection* c) {
    c->sent = c->received = 0;
    c->offset = (c->messages++ * 7 + (size_t)(c - connections)) % SPREAD;
    send_message(c);
}

/* Each short connection over TCP comes from the next of many local addresses: one alone runs out of ports. */
static void open_short(struct connection* c) {
    c->is_waiting_to_send = 0;
    if (arg_is("transport", "unix")) {
        c->fd = dial(SOCK_STREAM, 1);
        watch(EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
        start_message(c);
        return;
    }
    int one = 1;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + next_source++ % 200);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)number("port", 0));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(c->fd >= 0);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    CHECK(bind(c->fd, (struct sockaddr*)&from, sizeof from) == 0);
    CHECK(connect(c->fd, (struct sockaddr*)&to, sizeof to) == 0 || errno == EINPROGRESS);
    c->sent = c->received = 0;
    c->offset = c->messages++ % SPREAD;
    c->is_waiting_to_send = 1;
    watch(EPOLL_CTL_ADD, c->fd, EPOLLIN | EPOLLOUT, c);
}

/* Each connection carries one message before any carries a second, and before anything counts: a server accepts one
 * connection in a turn, and long turns would keep the last ones waiting for a minute. */
static int is_first_message(struct connection* c) {
    if (is_short || served_count == connection_count || c->messages > 1) return 0;
    if (++served_count < connection_count) return 1;
    window_prepare();
    for (size_t i = 0; i < connection_count; i++) start_message(&connections[i]);
    return 1;
}

static void finish_message(struct connection* c) {
    if (is_first_message(c)) return;
    int more = count_served(1, look_every);
    if (is_short) {
        close_connection(c);
        if (more) open_short(c);
    } else if (more) {
        start_message(c);
    }
}

/* Reads once; what is left makes the descriptor readable again. */
static void on_echo(struct connection* c) {
    size_t room = message_size - c->received;
    ssize_t n = recv(c->fd, scratch, room < sizeof scratch ? room : sizeof scratch, 0);
    if (n < 0) {
        CHECK(errno == EAGAIN);
        return;
    }
    CHECK(n > 0);
    CHECK(c->received + (size_t)n <= c->sent);
    CHECK(memcmp(scratch, pattern + c->offset + c->received, (size_t)n) == 0);
    c->received += (size_t)n;
    if (c->received == message_size) finish_message(c);
}

static void on_source(struct connection* c) {
    ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    if (n > 0) count_served((uint64_t)n, 4);
}

static void on_sink(struct connection* c) {
    ssize_t n = send(c->fd, scratch, 65536, MSG_NOSIGNAL);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    if (n > 0) count_served((uint64_t)n, 4);
}

static void on_event(struct connection* c, uint32_t events) {
    if (is_source) {
        on_source(c);
    } else if (is_sink) {
        on_sink(c);
    } else {
        if (events & EPOLLOUT) send_message(c);
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_echo(c);
    }
}

static void open_all(void) {
    for (size_t i = 0; i < connection_count; i++) {
        struct connection* c = &connections[i];
        if (is_short) {
            open_short(c);
            continue;
        }
        c->fd = dial(SOCK_STREAM, 1);
        watch(EPOLL_CTL_ADD, c->fd, is_sink ? EPOLLOUT : EPOLLIN, c);
    }
}

static void start_all(void) {
    for (size_t i = 0; i < connection_count; i++) {
        if (!is_short && !is_sink && !is_source) start_message(&connections[i]);
    }
}

int main(int argc, char** argv) {
    struct epoll_event events[1024];
    client_begin(argc, argv);
    is_short = arg_is("mode", "short");
    is_sink = arg_is("mode", "sink");
    is_source = arg_is("mode", "source");
    connection_count = files_allowed((size_t)number("connections", 1));
    CHECK(connection_count == (size_t)number("connections", 1));
    look_every = message_size < 16384 ? 16 : 1;
    connections = calloc(connection_count, sizeof *connections);
    CHECK(connections != NULL);
    open_all();
    window_prepare();
    start_all();
    /* The window closes at the first operation after its time; a server that stops answering is ended here. */
    double give_up = now() + 30 + 2 * window.seconds;
    while (window.state != CLOSED) {
        int count = epoll_wait(epoll, events, 1024, 1000);
        CHECK(now() < give_up);
        for (int i = 0; i < count && window.state != CLOSED; i++) on_event(events[i].data.ptr, events[i].events);
    }
    report_served(is_sink || is_source ? 1.0 / 1024 : 1);
    return 0;
}
