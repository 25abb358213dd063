/* UDP and poll handles, each with a plain peer. */
#ifndef UVRING_DIFFERENTIAL_DATAGRAMS_H
#define UVRING_DIFFERENTIAL_DATAGRAMS_H

#include "rules.h"

struct sending { uv_udp_send_t req; struct slot* s; int number; };

static void use_udp_in_callback(struct slot* s);

static uv_udp_t* udp_of(struct slot* s) { return (uv_udp_t*)base(s); }

static const char* udp_shape(struct slot* s) {
    static char text[100];
    snprintf(text, sizeof text, "%s queue %zu/%zu", shape(s), uv_udp_get_send_queue_size(udp_of(s)),
             uv_udp_get_send_queue_count(udp_of(s)));
    return text;
}

static void on_udp_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    struct slot* s = of(handle);
    polled++;
    size_t len = s->reading == 0 ? sizeof slab : 100;
    if (one_in(&s->numbers, 25)) len = 0;
    len = may_lend(s, len);
    tell(index_of(s), "alloc %s %zu of %zu", name_of(s), len, suggested);
    *buf = uv_buf_init(slab, (unsigned)len);
}

static void on_recv(uv_udp_t* handle, ssize_t nread, const uv_buf_t* buf, const struct sockaddr* addr, unsigned flags) {
    struct slot* s = of(handle);
    unsigned sum = 0;
    polled++;
    for (ssize_t i = 0; i < nread; i++) sum = sum * 31 + (unsigned char)buf->base[i];
    tell(index_of(s), "recv %s %zd %08x%s flags %x %s", name_of(s), nread, sum, addr != NULL ? " from" : "", flags,
         udp_shape(s));
    use_udp_in_callback(s);
}

static void on_sent(uv_udp_send_t* req, int status) {
    struct sending* sending = (struct sending*)req;
    struct slot* s = sending->s;
    polled++;
    tell(index_of(s), "sent %s.%d: %d %s", name_of(s), sending->number, status, udp_shape(s));
    memset(sending, 0xee, sizeof *sending);
    free(sending);
    if (!s->closing) use_udp_in_callback(s);
}

static void udp_send(struct slot* s, bool try, bool with_address) {
    struct sockaddr_in addr = loopback(s->port);
    uv_buf_t buf = uv_buf_init(big, (unsigned)below(&s->numbers, 1500));
    if (one_in(&s->numbers, 25)) buf.len = 70000;
    const struct sockaddr* to = with_address ? (struct sockaddr*)&addr : NULL;
    if (try) {
        int r = uv_udp_try_send(udp_of(s), &buf, 1, to);
        tell(index_of(s), "try_send %s %zu: %d %s", name_of(s), buf.len, r, udp_shape(s));
        return;
    }
    struct sending* sending = calloc(1, sizeof *sending);
    sending->s = s;
    sending->number = s->requests++;
    int r = uv_udp_send(&sending->req, udp_of(s), &buf, 1, to, on_sent);
    tell(index_of(s), "send %s.%d %zu: %d %s", name_of(s), sending->number, buf.len, r, udp_shape(s));
    if (r != 0) free(sending);
}

static void use_udp(struct slot* s, bool in_callback) {
    uint64_t* numbers = &s->numbers;
    static char taken[65536];
    struct sockaddr_in addr = loopback(s->port);
    int r, len = sizeof addr;
    switch (below(numbers, 14)) {
        case 0: case 1: case 2:
            s->reading = below(numbers, 2);
            r = uv_udp_recv_start(udp_of(s), on_udp_alloc, on_recv);
            tell(index_of(s), "recv_start %s: %d %s", name_of(s), r, udp_shape(s));
            break;
        case 3:
            r = uv_udp_recv_stop(udp_of(s));
            tell(index_of(s), "recv_stop %s: %d %s", name_of(s), r, udp_shape(s));
            break;
        case 4: case 5: udp_send(s, false, !one_in(numbers, 4)); break;
        case 6: udp_send(s, true, !one_in(numbers, 4)); break;
        case 7: case 8: case 9: {
            int fd = -1;
            if (uv_fileno(base(s), &fd) != 0 || uv_udp_getsockname(udp_of(s), (struct sockaddr*)&addr, &len) != 0) break;
            ssize_t n = sendto(s->peer, big + 50, (size_t)below(numbers, 400), 0, (struct sockaddr*)&addr, sizeof addr);
            if (n >= 0) wait_for(fd, POLLIN);
            tell(index_of(s), "peer of %s sent %zd", name_of(s), n);
            break;
        }
        case 10: {
            ssize_t n, total = 0;
            while ((n = recv(s->peer, taken, sizeof taken, MSG_DONTWAIT)) >= 0) total += n;
            tell(index_of(s), "peer of %s got %zd", name_of(s), total);
            break;
        }
        case 11:
            r = uv_udp_connect(udp_of(s), one_in(numbers, 2) ? (struct sockaddr*)&addr : NULL);
            tell(index_of(s), "connect %s: %d", name_of(s), r);
            break;
        case 12:
            if (one_in(numbers, 3)) close_slot(s, in_callback);
            break;
        default: tell(index_of(s), "look %s %s", name_of(s), udp_shape(s)); break;
    }
}

static void use_udp_in_callback(struct slot* s) {
    for (int i = below(&s->numbers, 4); i > 1 && !s->closing; i--) use_udp(s, true);
}

static void new_udp(uint64_t* numbers) {
    struct slot* s = new_slot(UDP);
    struct sockaddr_in addr = loopback(0);
    if (s == NULL) return;
    init_done(s, uv_udp_init(&loop, udp_of(s)));
    s->peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(s->peer, (struct sockaddr*)&addr, sizeof addr), 0);
    s->port = socket_port(s->peer);
    if (!one_in(numbers, 4)) {
        addr = loopback(0);
        say("bind %s: %d %s", name_of(s), uv_udp_bind(udp_of(s), (struct sockaddr*)&addr, 0), udp_shape(s));
    }
}

/* --- poll handles --- */

static void use_poll_in_callback(struct slot* s);

static void on_poll(uv_poll_t* handle, int status, int events) {
    struct slot* s = of(handle);
    polled++;
    tell(index_of(s), "poll %s: %d events %d #%d %s", name_of(s), status, events, ++s->calls, shape(s));
    use_poll_in_callback(s);
}

static void use_poll(struct slot* s, bool in_callback) {
    uint64_t* numbers = &s->numbers;
    static char bytes[70000];
    ssize_t n;
    int r;
    switch (below(numbers, 12)) {
        case 0: case 1: case 2: {
            int events = below(numbers, 16);
            r = uv_poll_start((uv_poll_t*)base(s), events, on_poll);
            tell(index_of(s), "poll_start %s %d: %d %s", name_of(s), events, r, shape(s));
            break;
        }
        case 3:
            r = uv_poll_stop((uv_poll_t*)base(s));
            tell(index_of(s), "poll_stop %s: %d %s", name_of(s), r, shape(s));
            break;
        case 4: case 5:
            n = s->peer == -1 ? 0 : send(s->peer, bytes, (size_t)(1 + below(numbers, 300)), MSG_DONTWAIT | MSG_NOSIGNAL);
            tell(index_of(s), "peer of %s gave %zd", name_of(s), n);
            break;
        case 6: case 7:
            n = recv(s->fd, bytes, (size_t)(1 + below(numbers, 600)), MSG_DONTWAIT);
            tell(index_of(s), "%s took %zd", name_of(s), n);
            break;
        case 8:
            n = send(s->fd, bytes, (size_t)(1 + below(numbers, 60000)), MSG_DONTWAIT | MSG_NOSIGNAL);
            tell(index_of(s), "%s gave %zd", name_of(s), n);
            break;
        case 9:
            n = s->peer == -1 ? 0 : recv(s->peer, bytes, sizeof bytes, MSG_DONTWAIT);
            tell(index_of(s), "peer of %s took %zd", name_of(s), n);
            break;
        case 10:
            if (!one_in(numbers, 3) || s->peer == -1) break;
            r = one_in(numbers, 2) ? shutdown(s->peer, SHUT_WR) : (close(s->peer), s->peer = -1, 0);
            tell(index_of(s), "peer of %s ended: %d", name_of(s), s->peer == -1 ? 0 : r);
            break;
        default:
            if (one_in(numbers, 4)) close_slot(s, in_callback);
            break;
    }
}

static void use_poll_in_callback(struct slot* s) {
    for (int i = below(&s->numbers, 4); i > 1 && !s->closing; i--) use_poll(s, true);
}

static void new_poll(uint64_t* numbers) {
    int fds[2];
    struct slot* s = new_slot(POLL);
    if (s == NULL) return;
    unix_pair(fds);
    if (one_in(numbers, 2)) small_buffer(fds[0]);
    init_done(s, uv_poll_init(&loop, (uv_poll_t*)base(s), fds[0]));
    s->fd = fds[0];
    s->peer = fds[1];
}

#endif
