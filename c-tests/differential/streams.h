/* Pipes, TCP and listeners. Only one end of each connection is a handle; the other is a plain descriptor, so that what one
 * callback does is never seen by that of another handle in the same poll phase. */
#ifndef UVRING_DIFFERENTIAL_STREAMS_H
#define UVRING_DIFFERENTIAL_STREAMS_H

#include "faults.h"
#include "rules.h"

/* What TCP may have on its way: so little that the kernel always takes it at once. */
enum { TCP_MOST = 4096 };

struct writing { uv_write_t req; struct slot* s; int number; };
struct shutting { uv_shutdown_t req; struct slot* s; };
struct connecting { uv_connect_t req; struct slot* s; };

/* Writes that may be cancelled. */
static struct writing* last_write[SLOTS];

static void use_stream_in_callback(struct slot* s);

static uv_stream_t* stream_of(struct slot* s) { return (uv_stream_t*)base(s); }

static const char* stream_shape(struct slot* s) {
    static char text[120];
    snprintf(text, sizeof text, "%s%s%s queue %zu", shape(s), uv_is_readable(stream_of(s)) ? "R" : "",
             uv_is_writable(stream_of(s)) ? "W" : "", uv_stream_get_write_queue_size(stream_of(s)));
    return text;
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    struct slot* s = of(handle);
    UNUSED(suggested);
    polled++;
    size_t len = s->reading == 0 ? sizeof slab : s->reading == 1 ? 64 : s->reading == 2 ? 7 : 1000;
    if (one_in(&s->numbers, 25)) len = 0;
    len = may_lend(s, len);
    tell(index_of(s), "alloc %s %zu", name_of(s), len);
    *buf = uv_buf_init(len == 0 && one_in(&s->numbers, 2) ? NULL : slab, (unsigned)len);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    struct slot* s = of(stream);
    unsigned sum = 0;
    polled++;
    for (ssize_t i = 0; i < nread; i++) sum = sum * 31 + (unsigned char)buf->base[i];
    tell(index_of(s), "read %s %s %zd %08x %s", name_of(s), nread < 0 ? uv_err_name((int)nread) : "", nread, sum,
         stream_shape(s));
    use_stream_in_callback(s);
}

static void on_write(uv_write_t* req, int status) {
    struct writing* w = (struct writing*)req;
    struct slot* s = w->s;
    polled++;
    if (!is_polling) ended_in_pending = true;
    if (last_write[index_of(s)] == w) last_write[index_of(s)] = NULL;
    tell(index_of(s), "wrote %s.%d: %d %s", name_of(s), w->number, status, stream_shape(s));
    memset(w, 0xee, sizeof *w);
    free(w);
    in_on_write = true;
    if (!s->closing) use_stream_in_callback(s);
    in_on_write = false;
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    struct slot* s = ((struct shutting*)req)->s;
    polled++;
    tell(index_of(s), "shut down %s: %d %s", name_of(s), status, stream_shape(s));
    memset(req, 0xee, sizeof *req);
    free(req);
    if (!s->closing) use_stream_in_callback(s);
}

static void on_connect(uv_connect_t* req, int status) {
    struct slot* s = ((struct connecting*)req)->s;
    polled++;
    s->connecting = false;
    tell(index_of(s), "connected %s: %d %s", name_of(s), status, stream_shape(s));
    memset(req, 0xee, sizeof *req);
    free(req);
    if (!s->closing) use_stream_in_callback(s);
}

/* The peer's calls; they do not wait. */
static ssize_t peer_takes(struct slot* s, void* data, size_t len) {
    return s->is_fifo ? syscall(SYS_read, s->peer, data, len) : recv(s->peer, data, len, MSG_DONTWAIT);
}

static ssize_t peer_gives(struct slot* s, const void* data, size_t len) {
    return s->is_fifo ? syscall(SYS_write, s->peer, data, len) : send(s->peer, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The kernel sends at once what it is given. */
static void without_delay(struct slot* s) {
    int fd = -1, one = 1;
    if (uv_fileno(base(s), &fd) == 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Takes what the kernel holds for the peer. */
static void drain(struct slot* s, size_t most) {
    static char taken[65536];
    size_t total = 0;
    unsigned sum = 0;
    ssize_t n = 0;
    if (s->peer == -1 || !may_change_room(s)) return;
    while (total < most) {
        size_t want = most - total < sizeof taken ? most - total : sizeof taken;
        n = peer_takes(s, taken, want);
        if (n <= 0) break;
        total += (size_t)n;
        for (ssize_t i = 0; i < n; i++) sum = sum * 31 + (unsigned char)taken[i];
    }
    s->drained += total;
    tell(index_of(s), "peer of %s took %zu %08x%s", name_of(s), total, sum, n == 0 ? " and the end" : "");
}

static void feed(struct slot* s, int size) {
    int before = 0, after = 0, fd = -1;
    if (s->peer == -1 || uv_fileno(base(s), &fd) != 0) return;
    /* TCP: what is not read stays within the window. */
    ioctl(fd, FIONREAD, &before);
    if (before > 20000) return;
    ssize_t n = peer_gives(s, big + below(&s->numbers, 1000), (size_t)size);
    for (int i = 0; n > 0 && s->kind == TCP && i < 1000; i++) {
        if (ioctl(fd, FIONREAD, &after) != 0 || after >= before + n) break;
        usleep(100);
    }
    tell(index_of(s), "peer of %s gave %zd", name_of(s), n);
}

static void end_peer(struct slot* s, bool whole) {
    int fd = -1;
    if (s->peer == -1 || !may_change_room(s)) return;
    whole |= s->is_fifo;
    int r = whole ? close(s->peer) : shutdown(s->peer, SHUT_WR);
    if (whole) s->peer = -1;
    tell(index_of(s), "peer of %s %s: %d", name_of(s), whole ? "closed" : "shut", r);
    if (r == 0 && s->kind == TCP && uv_fileno(base(s), &fd) == 0) wait_for(fd, POLLRDHUP);
}

static void write_some(struct slot* s, bool try) {
    int most = s->kind == TCP ? 300 : one_in(&s->numbers, 4) ? 120000 : 3000;
    uv_buf_t bufs[4];
    int n = 1 + below(&s->numbers, 3);
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        int len = one_in(&s->numbers, 8) ? 0 : below(&s->numbers, most);
        bufs[i] = uv_buf_init(big + below(&s->numbers, BIG - most), (unsigned)len);
        total += (size_t)len;
    }
    if (s->kind == TCP && s->written + total - s->drained > TCP_MOST) return;
    s->written += total;
    if (try) {
        first_try = true;
        int r = uv_try_write(stream_of(s), bufs, (unsigned)n);
        first_try = false;
        tell(index_of(s), "try_write %s %zu: %d %s", name_of(s), total, r, stream_shape(s));
        return;
    }
    struct writing* w = calloc(1, sizeof *w);
    w->s = s;
    w->number = s->requests++;
    first_try = !in_on_write && uv_stream_get_write_queue_size(stream_of(s)) == 0;
    int r = uv_write(&w->req, stream_of(s), bufs, (unsigned)n, on_write);
    first_try = false;
    tell(index_of(s), "write %s.%d %zu in %d: %d %s", name_of(s), w->number, total, n, r, stream_shape(s));
    if (r != 0) free(w);
    else last_write[index_of(s)] = w;
}

static void shut(struct slot* s) {
    if (!may_shut(s)) return;
    struct shutting* req = calloc(1, sizeof *req);
    req->s = s;
    int r = uv_shutdown(&req->req, stream_of(s), on_shutdown);
    tell(index_of(s), "shutdown %s: %d %s", name_of(s), r, stream_shape(s));
    if (r != 0) free(req);
}

static void cancel_write(struct slot* s) {
    struct writing* w = last_write[index_of(s)];
    if (w == NULL || !may_cancel_write(s)) return;
    int r = uv_cancel((uv_req_t*)&w->req);
    tell(index_of(s), "cancel %s.%d: %d %s", name_of(s), w->number, r, stream_shape(s));
}

/* One thing with the handle itself, its peer included; also in its own callbacks. */
static void use_stream(struct slot* s, bool in_callback) {
    uint64_t* numbers = &s->numbers;
    int r;
    switch (below(numbers, 20)) {
        case 0: case 1: case 2:
            s->reading = below(numbers, 4);
            r = uv_read_start(stream_of(s), on_alloc, on_read);
            tell(index_of(s), "read_start %s: %d %s", name_of(s), r, stream_shape(s));
            break;
        case 3:
            r = uv_read_stop(stream_of(s));
            tell(index_of(s), "read_stop %s: %d %s", name_of(s), r, stream_shape(s));
            break;
        case 4: case 5: case 6: write_some(s, false); break;
        case 7: write_some(s, true); break;
        case 8: if (one_in(numbers, 2)) shut(s); break;
        case 9: case 10: drain(s, one_in(numbers, 3) ? (size_t)below(numbers, 5000) : BIG * 4); break;
        case 11: case 12: case 13: feed(s, 1 + below(numbers, one_in(numbers, 4) ? 9000 : 200)); break;
        case 14: if (one_in(numbers, 2)) end_peer(s, false); break;
        case 15: if (one_in(numbers, 3)) end_peer(s, true); break;
        case 16: cancel_write(s); break;
        case 17: if (one_in(numbers, 2)) close_slot(s, in_callback); break;
        case 18: if (in_callback) uv_stop(&loop); break;
        default: tell(index_of(s), "look %s %s", name_of(s), stream_shape(s)); break;
    }
}

static void use_stream_in_callback(struct slot* s) {
    for (int i = below(&s->numbers, 4); i > 1 && !s->closing; i--) use_stream(s, true);
}

/* --- new ones --- */

static void small_buffer(int fd) {
    int size = 8192;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static void new_pair(uint64_t* numbers, enum kind kind) {
    int fds[2];
    struct slot* s = new_slot(kind);
    if (s == NULL) return;
    if (kind == TCP) {
        tcp_pair(fds);
        init_done(s, uv_tcp_init(&loop, (uv_tcp_t*)base(s)));
        CHECK_OK(uv_tcp_open((uv_tcp_t*)base(s), fds[0]));
    } else {
        unix_pair(fds);
        if (one_in(numbers, 2)) small_buffer(fds[0]);
        init_done(s, uv_pipe_init(&loop, (uv_pipe_t*)base(s), 0));
        CHECK_OK(uv_pipe_open((uv_pipe_t*)base(s), fds[0]));
    }
    s->peer = fds[1];
    make_faulty(s, fds[0]);
    say("open %s %s", name_of(s), stream_shape(s));
}

/* One end of a plain pipe. */
static void new_fifo(uint64_t* numbers) {
    int fds[2], ours = below(numbers, 2);
    struct slot* s = new_slot(PIPE);
    if (s == NULL) return;
    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    if (one_in(numbers, 2)) fcntl(fds[0], F_SETPIPE_SZ, 4096);
    init_done(s, uv_pipe_init(&loop, (uv_pipe_t*)base(s), 0));
    CHECK_OK(uv_pipe_open((uv_pipe_t*)base(s), fds[ours]));
    s->peer = fds[1 - ours];
    s->is_fifo = true;
    set_nonblocking(s->peer, 1);
    make_faulty(s, fds[ours]);
    say("open %s, the %s end of a pipe %s", name_of(s), ours ? "writing" : "reading", stream_shape(s));
}

/* A connection to a plain listener, or to one that is not there; or the handle stays without one. */
static void new_connection(uint64_t* numbers) {
    struct slot* s = new_slot(TCP);
    struct sockaddr_in addr = loopback(0);
    int listener = -1;
    bool refused = one_in(numbers, 3), written_before = one_in(numbers, 3);
    if (s == NULL) return;
    if (refused) {
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_EQ(bind(listener, (struct sockaddr*)&addr, sizeof addr), 0);
    } else {
        listener = listen_plain(1);
    }
    addr = loopback(socket_port(listener));
    init_done(s, uv_tcp_init(&loop, (uv_tcp_t*)base(s)));
    struct connecting* req = calloc(1, sizeof *req);
    req->s = s;
    int r = uv_tcp_connect(&req->req, (uv_tcp_t*)base(s), (struct sockaddr*)&addr, on_connect);
    say("connect %s%s: %d %s", name_of(s), refused ? " in vain" : "", r, stream_shape(s));
    if (r == 0 && written_before) write_some(s, false);
    s->connecting = r == 0;
    if (!refused) s->peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int fd = -1;
    without_delay(s);
    if (uv_fileno(base(s), &fd) == 0) wait_for(fd, POLLOUT);
    if (r != 0) free(req);
    close(listener);
}

static void new_pipe_connection(uint64_t* numbers) {
    struct slot* s = new_slot(PIPE);
    struct sockaddr_un addr;
    bool refused = one_in(numbers, 3);
    int listener = -1;
    if (s == NULL) return;
    init_done(s, uv_pipe_init(&loop, (uv_pipe_t*)base(s), 0));
    name_path(s, 'c');
    if (!refused) {
        memset(&addr, 0, sizeof addr);
        addr.sun_family = AF_UNIX;
        memcpy(addr.sun_path, s->path, sizeof s->path);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_EQ(bind(listener, (struct sockaddr*)&addr, sizeof addr), 0);
        CHECK_EQ(listen(listener, 1), 0);
    }
    struct connecting* req = calloc(1, sizeof *req);
    req->s = s;
    s->connecting = true;
    uv_pipe_connect(&req->req, (uv_pipe_t*)base(s), s->path, on_connect);
    say("connect %s%s %s", name_of(s), refused ? " in vain" : "", stream_shape(s));
    if (one_in(numbers, 3)) write_some(s, false);
    if (!refused) {
        s->peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        close(listener);
    }
}

/* --- listeners --- */

static void accept_one(struct slot* s, int pocket) {
    if (s->nspare == 0 || s->closing) return;
    struct slot* client = s->spare[s->nspare - 1];
    int r = uv_accept(stream_of(s), stream_of(client));
    tell(pocket, "accept %s into %s: %d %s", name_of(s), name_of(client), r, stream_shape(client));
    if (r != 0) return;
    s->nspare--;
    client->kind = s->kind == TCP_LISTENER ? TCP : PIPE;
    if (client->kind == TCP) without_delay(client);
    /* It may be one that a forked child has made. */
    if (s->nwaiting == 0) return;
    client->peer = s->waiting[0];
    memmove(s->waiting, s->waiting + 1, sizeof s->waiting - sizeof s->waiting[0]);
    s->nwaiting--;
}

static void on_connection(uv_stream_t* stream, int status) {
    struct slot* s = of(stream);
    polled++;
    tell(index_of(s), "connection %s #%d: %d %s", name_of(s), ++s->calls, status, shape(s));
    int what = below(&s->numbers, 8);
    if (what < 4) accept_one(s, index_of(s));
    else if (what < 5) close_slot(s, true);
    else s->wants = 1;
}

static void new_listener(uint64_t* numbers, enum kind kind) {
    struct slot* s = new_slot(kind);
    if (s == NULL) return;
    if (kind == TCP_LISTENER) {
        struct sockaddr_in addr = loopback(0);
        int len = sizeof addr;
        init_done(s, uv_tcp_init(&loop, (uv_tcp_t*)base(s)));
        CHECK_OK(uv_tcp_bind((uv_tcp_t*)base(s), (struct sockaddr*)&addr, 0));
        CHECK_OK(uv_listen(stream_of(s), 8, on_connection));
        CHECK_OK(uv_tcp_getsockname((uv_tcp_t*)base(s), (struct sockaddr*)&addr, &len));
        s->port = ntohs(addr.sin_port);
    } else {
        init_done(s, uv_pipe_init(&loop, (uv_pipe_t*)base(s), 0));
        name_path(s, 'l');
        CHECK_OK(uv_pipe_bind((uv_pipe_t*)base(s), s->path));
        CHECK_OK(uv_listen(stream_of(s), 8, on_connection));
    }
    say("listening %s %s", name_of(s), stream_shape(s));
    for (int i = 1 + below(numbers, 3); i > 0; i--) {
        struct slot* spare = new_slot(RESERVED);
        if (spare == NULL) break;
        init_done(spare, kind == TCP_LISTENER ? uv_tcp_init(&loop, (uv_tcp_t*)base(spare))
                                              : uv_pipe_init(&loop, (uv_pipe_t*)base(spare), 0));
        s->spare[s->nspare++] = spare;
    }
}

static void connect_to(struct slot* s) {
    if (s->nwaiting == 4) return;
    int fd, listener = -1;
    if (s->kind == TCP_LISTENER) {
        fd = connect_plain(s->port);
    } else {
        struct sockaddr_un addr;
        memset(&addr, 0, sizeof addr);
        addr.sun_family = AF_UNIX;
        memcpy(addr.sun_path, s->path, sizeof s->path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr*)&addr, sizeof addr) != 0) {
            /* A forked child has taken the name away. */
            say("no connection for %s: %d", name_of(s), errno);
            close(fd);
            return;
        }
    }
    /* A held connection has left the kernel's queue. */
    if (s->nwaiting == 0 && uv_fileno(base(s), &listener) == 0) wait_for(listener, POLLIN);
    s->waiting[s->nwaiting++] = fd;
    say("a connection for %s %s", name_of(s), shape(s));
}

static void use_listener(struct slot* s, uint64_t* numbers) {
    int what = below(numbers, 6);
    if (what < 3) connect_to(s);
    else if (what < 5) accept_one(s, index_of(s));
    else say("look %s %s", name_of(s), shape(s));
}

#endif
