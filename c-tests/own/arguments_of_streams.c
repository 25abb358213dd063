/* What the functions of streams, TCP, pipe and tty handles answer to odd arguments. */
/* not on valgrind: it complains of what the kernel is handed, and is to refuse */
#include "arguments.h"

#define MILLION (1024u * 1024)

static uv_write_t* write_req(void) { return NEW(uv_write_t); }
static uv_shutdown_t* shutdown_req(void) { return NEW(uv_shutdown_t); }
static uv_connect_t* connect_req(void) { return NEW(uv_connect_t); }

static uv_stream_t* tcp(void) { return stream(open_tcp()); }
static uv_stream_t* pipe_with(int ipc) { return stream(open_pipe(ipc)); }

/* One end of a pipe: its other end stays open. */
static uv_stream_t* pipe_end(int which) {
    int fds[2];
    uv_pipe_t* pipe = new_pipe(0);
    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    CHECK_OK(uv_pipe_open(pipe, fds[which]));
    return stream(pipe);
}

static uv_stream_t* reading(void) {
    uv_stream_t* s = tcp();
    CHECK_OK(uv_read_start(s, alloc_some, ignore_read));
    return s;
}

static uv_stream_t* shutting(void) {
    uv_stream_t* s = tcp();
    CHECK_OK(uv_shutdown(shutdown_req(), s, NULL));
    return s;
}

static uv_stream_t* shut(void) {
    uv_stream_t* s = shutting();
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    return s;
}

/* With more queued than the kernel takes. */
static uv_stream_t* writing(void) {
    uv_stream_t* s = pipe_with(1);
    uv_buf_t* bufs = buffers(1, 1);
    bufs->base = some(8000000);
    bufs->len = 8000000;
    CHECK_OK(uv_write(write_req(), s, bufs, 1, NULL));
    CHECK_GT(s->write_queue_size, 0);
    return s;
}

static uv_stream_t* connecting(void) {
    uv_tcp_t* t = new_tcp();
    int port = socket_port(listen_plain(1));
    CHECK_OK(uv_tcp_connect(connect_req(), t, ip4("127.0.0.1", port), ignore_connect));
    return stream(t);
}

static uv_tcp_t* bound(int flags) {
    uv_tcp_t* t = new_tcp();
    CHECK_OK(uv_tcp_bind(t, ip4("127.0.0.1", 0), (unsigned)flags));
    return t;
}

static uv_tcp_t* listening(void) {
    uv_tcp_t* t = bound(0);
    CHECK_OK(uv_listen(stream(t), 1, ignore_connection));
    return t;
}

/* With a connection that nobody has claimed. */
static uv_stream_t* with_connection(void) {
    uv_tcp_t* t = listening();
    connect_plain(socket_port(handle_fd(t)));
    while (t->accepted_fd == -1) uv_run(&loop, UV_RUN_ONCE);
    return stream(t);
}

/* Bound to the port of another socket. */
static uv_tcp_t* taken(void) {
    uv_tcp_t* t = new_tcp();
    CHECK_OK(uv_tcp_bind(t, ip4("127.0.0.1", socket_port(listen_plain(1))), 0));
    return t;
}

static void reading_rows(void) {
    GIVES(UV_EINVAL, uv_read_start(NULL, alloc_some, ignore_read));
    GIVES(UV_EINVAL, uv_read_start(tcp(), NULL, ignore_read));
    GIVES(UV_EINVAL, uv_read_start(tcp(), alloc_some, NULL));
    GIVES(UV_EINVAL, uv_read_start(closing(tcp()), alloc_some, ignore_read));
    GIVES(UV_ENOTCONN, uv_read_start(stream(new_tcp()), alloc_some, ignore_read));
    GIVES(UV_ENOTCONN, uv_read_start(stream(new_pipe(0)), alloc_some, ignore_read));
    GIVES(UV_ENOTCONN, uv_read_start(stream(bound(0)), alloc_some, ignore_read));
    GIVES(UV_ENOTCONN, uv_read_start(stream(listening()), alloc_some, ignore_read));
    GIVES(UV_ENOTCONN, uv_read_start(pipe_end(1), alloc_some, ignore_read));
    GIVES(0, uv_read_start(pipe_end(0), alloc_some, ignore_read));
    GIVES(0, uv_read_start(connecting(), alloc_some, ignore_read));
    GIVES(0, uv_read_start(shut(), alloc_some, ignore_read));
    GIVES(UV_EALREADY, uv_read_start(reading(), alloc_some, ignore_read));
    GIVES(0, uv_read_stop(tcp()));
    GIVES(0, uv_read_stop(closing(tcp())));
    GIVES(0, uv_read_stop(closing(reading())));
    GIVES(0, uv_read_stop(stream(new_tcp())));
    GIVES(0, uv_read_stop(stream(listening())));
    GIVES(0, uv_is_readable(stream(new_tcp())));
    GIVES(1, uv_is_readable(tcp()));
    GIVES(0, uv_is_readable(closing(tcp())));
    GIVES(0, uv_is_readable(pipe_end(1)));
    GIVES(0, uv_is_writable(pipe_end(0)));
    GIVES(0, uv_is_writable(shutting()));
    GIVES(1, uv_is_readable(connecting()));
    DIES(uv_is_readable(NULL));
    DIES(uv_read_stop(NULL));
}

static void writing_rows(void) {
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers(1, 1), 0, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), NULL, 0, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers_at_the_edge(), 0x80000000u, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers_at_the_edge(), 0xffffffffu, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers_at_the_edge(), MILLION + 1, NULL));
    GIVES(0, uv_write(write_req(), tcp(), buffers(MILLION, 0), MILLION, NULL));
    GIVES(0, uv_write(write_req(), tcp(), buffers(3, 0), 3, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers(1, (size_t)1 << 31), 1, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers(2, 0x7ffff000), 2, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), tcp(), buffers(2, (size_t)1 << 63), 2, NULL));
    GIVES(UV_EINVAL, uv_write(write_req(), stream(new_tcp()), buffers(1, 1), 0, NULL));
    GIVES(UV_EBADF, uv_write(write_req(), stream(new_tcp()), buffers(1, 1), 1, NULL));
    GIVES(UV_EBADF, uv_write(write_req(), closing(tcp()), buffers(1, 1), 1, NULL));
    GIVES(UV_EPIPE, uv_write(write_req(), pipe_end(0), buffers(1, 1), 1, NULL));
    GIVES(UV_EPIPE, uv_write(write_req(), shutting(), buffers(1, 1), 1, NULL));
    GIVES(UV_EPIPE, uv_write(write_req(), stream(listening()), buffers(1, 1), 1, NULL));
    GIVES(0, uv_write(write_req(), connecting(), buffers(1, 1), 1, NULL));
    DIES(uv_write(write_req(), tcp(), NULL, 1, NULL));
    DIES(uv_write(NULL, tcp(), buffers(1, 1), 1, NULL));

    GIVES(0, uv_write2(write_req(), tcp(), buffers(1, 1), 1, NULL, NULL));
    GIVES(UV_EINVAL, uv_write2(write_req(), tcp(), buffers(1, 1), 1, tcp(), NULL));
    GIVES(UV_EINVAL, uv_write2(write_req(), pipe_with(0), buffers(1, 1), 1, tcp(), NULL));
    GIVES(UV_EINVAL, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 0, tcp(), NULL));
    GIVES(UV_EBADF, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 1, stream(new_tcp()), NULL));
    GIVES(UV_EBADF, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 1, closing(tcp()), NULL));
    GIVES(UV_EBADF, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 1, stream(new_timer()), NULL));
    GIVES(UV_EBADF, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 1, stream(new_udp()), NULL));
    GIVES(0, uv_write2(write_req(), pipe_with(1), buffers(1, 1), 1, stream(bound_udp()), NULL));
    GIVES(0, uv_write2(write_req(), pipe_with(1), buffers(1, 0), 1, tcp(), NULL));

    GIVES(1, uv_try_write(tcp(), buffers(1, 1), 1));
    GIVES(0, uv_try_write(tcp(), buffers(1, 0), 1));
    GIVES(UV_EINVAL, uv_try_write(tcp(), buffers(1, 1), 0));
    GIVES(UV_EINVAL, uv_try_write(tcp(), buffers_at_the_edge(), 0x80000000u));
    GIVES(UV_EINVAL, uv_try_write(tcp(), buffers_at_the_edge(), MILLION + 1));
    GIVES(UV_EBADF, uv_try_write(stream(new_tcp()), buffers(1, 1), 1));
    GIVES(UV_EBADF, uv_try_write(closing(tcp()), buffers(1, 1), 1));
    GIVES(UV_EPIPE, uv_try_write(shutting(), buffers(1, 1), 1));
    GIVES(UV_EPIPE, uv_try_write(pipe_end(0), buffers(1, 1), 1));
    GIVES(UV_EAGAIN, uv_try_write(connecting(), buffers(1, 1), 1));
    GIVES(UV_EAGAIN, uv_try_write(connecting(), buffers(1, 1), 0));
    GIVES(UV_EAGAIN, uv_try_write(writing(), buffers(1, 1), 1));
    GIVES(UV_EAGAIN, uv_try_write(closing(writing()), buffers(1, 1), 1));
    GIVES(UV_EINVAL, uv_try_write2(tcp(), buffers(1, 1), 1, tcp()));
    GIVES(UV_EBADF, uv_try_write2(pipe_with(1), buffers(1, 1), 1, stream(new_tcp())));
    GIVES(UV_EBADF, uv_try_write2(pipe_with(1), buffers(1, 1), 1, stream(new_timer())));
    GIVES(1, uv_try_write2(pipe_with(1), buffers(1, 1), 1, tcp()));
    GIVES(UV_EFAULT, uv_try_write(tcp(), &(uv_buf_t){NULL, 1}, 1));
    DIES(uv_try_write(tcp(), NULL, 1));

    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), stream(new_tcp()), NULL));
    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), stream(listening()), NULL));
    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), pipe_end(0), NULL));
    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), closing(tcp()), NULL));
    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), shutting(), NULL));
    GIVES(UV_ENOTCONN, uv_shutdown(shutdown_req(), shut(), NULL));
    GIVES(0, uv_shutdown(shutdown_req(), closing(writing()) == NULL ? NULL : tcp(), NULL));
    GIVES(0, uv_shutdown(shutdown_req(), writing(), NULL));
    GIVES(0, uv_shutdown(shutdown_req(), pipe_end(1), NULL));
    DIES(uv_shutdown(shutdown_req(), NULL, NULL));
    DIES(uv_shutdown(shutdown_req(), stream(new_udp()), NULL));

    GIVES(0, uv_stream_set_blocking(tcp(), 1));
    GIVES(0, uv_stream_set_blocking(tcp(), -7));
    GIVES(UV_EBADF, uv_stream_set_blocking(stream(new_tcp()), 1));
    GIVES(UV_EBADF, uv_stream_set_blocking(closing(tcp()), 0));
    GIVES(0, uv_stream_get_write_queue_size(tcp()));
    DIES(uv_stream_get_write_queue_size(NULL));
}

static void listening_rows(void) {
    GIVES(0, uv_listen(stream(new_tcp()), 1, ignore_connection));
    GIVES(0, uv_listen(stream(bound(0)), 0, ignore_connection));
    GIVES(0, uv_listen(stream(bound(0)), -1, ignore_connection));
    GIVES(0, uv_listen(stream(bound(0)), 0x7fffffff, NULL));
    GIVES(0, uv_listen(stream(listening()), 7, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(closing(bound(0)), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(stream(new_pipe(0)), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(stream(new_udp()), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(stream(bound_udp()), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(stream(new_timer()), 1, ignore_connection));
    GIVES(UV_EADDRINUSE, uv_listen(stream(taken()), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(tcp(), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(pipe_with(1), 1, ignore_connection));
    GIVES(UV_EINVAL, uv_listen(pipe_with(0), 1, ignore_connection));
    GIVES(UV_ENOTSOCK, uv_listen(pipe_end(0), 1, ignore_connection));

    GIVES(UV_EAGAIN, uv_accept(stream(listening()), stream(new_tcp())));
    GIVES(UV_EAGAIN, uv_accept(stream(bound(0)), stream(new_tcp())));
    GIVES(UV_EAGAIN, uv_accept(tcp(), stream(new_tcp())));
    GIVES(UV_EAGAIN, uv_accept(closing(listening()), stream(new_tcp())));
    GIVES(UV_EAGAIN, uv_accept(stream(listening()), stream(new_timer())));
    GIVES(0, uv_accept(with_connection(), stream(new_tcp())));
    GIVES(0, uv_accept(with_connection(), stream(new_pipe(0))));
    GIVES(0, uv_accept(with_connection(), stream(new_udp())));
    GIVES(UV_EINVAL, uv_accept(with_connection(), stream(new_timer())));
    GIVES(0, ({ uv_stream_t* s = with_connection(); uv_accept(s, stream(new_timer())); uv_accept(s, stream(new_tcp())); }));
    GIVES(UV_EBUSY, uv_accept(with_connection(), tcp()));
    GIVES(UV_EAGAIN, ({ uv_stream_t* s = with_connection(); uv_accept(s, tcp()); uv_accept(s, stream(new_tcp())); }));
    GIVES(UV_EBUSY, uv_accept(with_connection(), stream(bound_udp())));
    GIVES(UV_EAGAIN, uv_accept(closing(with_connection()), stream(new_tcp())));
    DIES(uv_accept(with_connection(), NULL));
}

static void tcp_rows(void) {
    GIVES(UV_EINVAL, uv_tcp_init_ex(&loop, NEW(uv_tcp_t), AF_UNIX));
    GIVES(UV_EINVAL, uv_tcp_init_ex(&loop, NEW(uv_tcp_t), 255));
    GIVES(UV_EINVAL, uv_tcp_init_ex(&loop, NEW(uv_tcp_t), 0x100));
    GIVES(UV_EINVAL, uv_tcp_init_ex(&loop, NEW(uv_tcp_t), 0x80000000u | AF_INET));
    GIVES(0, uv_tcp_init_ex(&loop, NEW(uv_tcp_t), AF_INET6));

    GIVES(UV_EBADF, uv_tcp_open(new_tcp(), -1));
    GIVES(UV_EBADF, uv_tcp_open(new_tcp(), 900));
    GIVES(UV_EEXIST, uv_tcp_open(new_tcp(), handle_fd(reading())));
    GIVES(UV_EBUSY, uv_tcp_open(open_tcp(), listen_plain(1)));
    GIVES(UV_EBUSY, uv_tcp_open(bound(0), listen_plain(1)));
    GIVES(0, ({ uv_tcp_t* t = open_tcp(); uv_tcp_open(t, handle_fd(t)); }));
    GIVES(0, uv_tcp_open(new_tcp(), open("/dev/null", O_RDONLY | O_CLOEXEC)));
    GIVES(0, uv_tcp_open(new_tcp(), open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    GIVES(UV_EBADF, uv_tcp_open(new_tcp(), open(".", O_PATH | O_CLOEXEC)));
    GIVES(UV_ENOTSOCK, ({
        uv_tcp_t* t = new_tcp();
        uv_tcp_nodelay(t, 1);
        uv_tcp_open(t, open("/dev/null", O_RDONLY | O_CLOEXEC));
    }));

    GIVES(0, uv_tcp_nodelay(new_tcp(), 1));
    GIVES(0, uv_tcp_nodelay(open_tcp(), -1));
    GIVES(0, uv_tcp_nodelay(open_tcp(), 0));
    GIVES(0, uv_tcp_nodelay(closing(open_tcp()), 1));
    GIVES(0, uv_tcp_keepalive(new_tcp(), 1, 0));
    GIVES(UV_EINVAL, uv_tcp_keepalive(open_tcp(), 1, 0));
    GIVES(0, uv_tcp_keepalive(open_tcp(), 0, 0));
    GIVES(0, uv_tcp_keepalive(open_tcp(), 1, 32767));
    GIVES(UV_EINVAL, uv_tcp_keepalive(open_tcp(), 1, 32768));
    GIVES(UV_EINVAL, uv_tcp_keepalive(open_tcp(), 1, 0xffffffffu));
    GIVES(UV_EINVAL, uv_tcp_keepalive(open_tcp(), 1, 0x80000001u));
    GIVES(0, uv_tcp_keepalive(closing(open_tcp()), 1, 0));
    GIVES(UV_EINVAL, uv_tcp_keepalive_ex(open_tcp(), 1, 1, 0, 1));
    GIVES(UV_EINVAL, uv_tcp_keepalive_ex(open_tcp(), 1, 1, 1, 0));
    GIVES(UV_EINVAL, uv_tcp_keepalive_ex(open_tcp(), 1, 1, 1, 128));
    GIVES(0, uv_tcp_keepalive_ex(open_tcp(), 2, 1, 1, 127));
    GIVES(0, uv_tcp_simultaneous_accepts(NULL, 7));

    GIVES(UV_EINVAL, uv_tcp_bind(new_tcp(), family(AF_UNSPEC), 0));
    GIVES(UV_EINVAL, uv_tcp_bind(new_tcp(), family(AF_UNIX), 0));
    GIVES(UV_EINVAL, uv_tcp_bind(closing(new_tcp()), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, uv_tcp_bind((uv_tcp_t*)new_udp(), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, uv_tcp_bind((uv_tcp_t*)new_pipe(0), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, uv_tcp_bind(new_tcp(), ip4("127.0.0.1", 0), UV_TCP_IPV6ONLY));
    GIVES(UV_EINVAL, uv_tcp_bind(bound(0), ip4("127.0.0.1", 0), 0));
    GIVES(UV_ENOPROTOOPT, uv_tcp_bind(bound(0), ip6("::1", 0), 0));
    GIVES(0, uv_tcp_bind(new_tcp(), ip4("127.0.0.1", 0), 0xfffffffeu));
    GIVES(0, uv_tcp_bind(new_tcp(), ip4("127.0.0.1", 0), UV_TCP_REUSEPORT));
    GIVES(UV_EADDRNOTAVAIL, uv_tcp_bind(new_tcp(), ip4("192.0.2.1", 0), 0));
    GIVES(UV_EINVAL, uv_tcp_bind(open_tcp(), ip4("127.0.0.1", 0), 0));
    GIVES(UV_EINVAL, ({
        uv_tcp_t* t = NEW(uv_tcp_t);
        uv_tcp_init_ex(&loop, t, AF_INET6);
        uv_tcp_bind(t, ip4("127.0.0.1", 0), 0);
    }));
    GIVES(0, uv_tcp_bind(taken(), ip4("127.0.0.1", 0), 0));
    DIES(uv_tcp_bind(new_tcp(), NULL, 0));

    GIVES(UV_EINVAL, uv_tcp_connect(connect_req(), new_tcp(), family(AF_UNSPEC), ignore_connect));
    GIVES(UV_EINVAL, uv_tcp_connect(connect_req(), new_tcp(), family(AF_UNIX), ignore_connect));
    GIVES(UV_EINVAL, uv_tcp_connect(connect_req(), (uv_tcp_t*)new_udp(), ip4("127.0.0.1", 9), ignore_connect));
    GIVES(UV_EINVAL, uv_tcp_connect(connect_req(), (uv_tcp_t*)new_pipe(0), ip4("127.0.0.1", 9), ignore_connect));
    GIVES(UV_EALREADY, uv_tcp_connect(connect_req(), (uv_tcp_t*)connecting(), ip4("127.0.0.1", 9), ignore_connect));
    GIVES(UV_EISCONN, uv_tcp_connect(connect_req(), open_tcp(), ip4("127.0.0.1", 9), ignore_connect));
    GIVES(UV_EISCONN, uv_tcp_connect(connect_req(), listening(), ip4("127.0.0.1", 9), ignore_connect));
    GIVES(UV_EADDRINUSE, connected(uv_tcp_connect(connect_req(), taken(), ip4("127.0.0.1", 9), on_connect)));
    GIVES(UV_EAFNOSUPPORT, uv_tcp_connect(connect_req(), bound(0), ip6("::1", 9), ignore_connect));
    GIVES(UV_ECONNREFUSED, connected(uv_tcp_connect(connect_req(), new_tcp(), ip4("127.0.0.1", 1), on_connect)));
    GIVES(UV_ECONNREFUSED, connected(uv_tcp_connect(connect_req(), new_tcp(), ip4("0.0.0.0", 0), on_connect)));
    DIES(uv_tcp_connect(connect_req(), new_tcp(), NULL, ignore_connect));

    GIVES(UV_EBADF, uv_tcp_getsockname(new_tcp(), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_EBADF, uv_tcp_getsockname(closing(open_tcp()), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_EADDRINUSE, uv_tcp_getsockname(taken(), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_EADDRINUSE, uv_tcp_getpeername(taken(), NEW(struct sockaddr), &(int){16}));
    GIVES(UV_ENOTCONN, uv_tcp_getpeername(bound(0), NEW(struct sockaddr), &(int){16}));
    GIVES(16, ({ int len = 4; CHECK_OK(uv_tcp_getsockname(open_tcp(), NEW(struct sockaddr), &len)); len; }));
    GIVES(16, ({ int len = 0; CHECK_OK(uv_tcp_getsockname(open_tcp(), NEW(struct sockaddr), &len)); len; }));
    GIVES(UV_EINVAL, uv_tcp_getsockname(open_tcp(), NEW(struct sockaddr), &(int){-1}));
    GIVES(UV_EFAULT, uv_tcp_getsockname(open_tcp(), NULL, &(int){16}));
    GIVES(UV_EINVAL, uv_tcp_getsockname((uv_tcp_t*)new_timer(), NEW(struct sockaddr), &(int){16}));
    DIES(uv_tcp_getsockname(open_tcp(), NEW(struct sockaddr), NULL));

    GIVES(UV_EBADF, uv_tcp_close_reset(new_tcp(), NULL));
    GIVES(UV_EINVAL, uv_tcp_close_reset((uv_tcp_t*)shutting(), NULL));
    GIVES(0, uv_tcp_close_reset(open_tcp(), NULL));
    GIVES(0, uv_tcp_close_reset((uv_tcp_t*)shut(), NULL));
    GIVES(UV_EBADF, uv_tcp_close_reset(closing(open_tcp()), NULL));
}

static void buffer_size_rows(void) {
    GIVES(UV_EINVAL, uv_send_buffer_size(NULL, &(int){0}));
    GIVES(UV_EINVAL, uv_send_buffer_size(handle(open_tcp()), NULL));
    GIVES(UV_ENOTSUP, uv_send_buffer_size(handle(new_timer()), &(int){0}));
    GIVES(UV_EBADF, uv_send_buffer_size(handle(new_tcp()), &(int){0}));
    GIVES(UV_EBADF, uv_recv_buffer_size(handle(new_udp()), &(int){1}));
    GIVES(UV_EBADF, uv_recv_buffer_size(closing(open_tcp()), &(int){0}));
    GIVES(UV_ENOTSOCK, uv_recv_buffer_size(handle(pipe_end(0)), &(int){0}));
    GIVES(0, uv_send_buffer_size(handle(open_tcp()), &(int){-1}));
    GIVES(0, uv_recv_buffer_size(handle(open_tcp()), &(int){0x7fffffff}));
    GIVES(10002, ({ int v = 5001; uv_handle_t* h = handle(bound_udp()); CHECK_OK(uv_send_buffer_size(h, &v));
                    CHECK_EQ(v, 5001); v = 0; CHECK_OK(uv_send_buffer_size(h, &v)); v; }));
}

int main(void) {
    watchdog(120);
    reading_rows();
    writing_rows();
    listening_rows();
    tcp_rows();
    buffer_size_rows();
    END_OF_TABLE();
}
