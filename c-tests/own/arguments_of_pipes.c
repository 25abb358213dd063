/* What the functions of pipe, tty and poll handles answer to odd arguments, and those that take any handle. */
/* not on valgrind: it complains of what the kernel is handed, and is to refuse */
#include "arguments.h"
#include <sys/un.h>

#define LONG 108

static uv_connect_t* connect_req(void) { return NEW(uv_connect_t); }

/* A name of `len` bytes in the folder of the test. */
static const char* name_of(size_t len) {
    char* name = some(len + 1);
    memset(name, 'n', len);
    return name;
}

static uv_pipe_t* bound_pipe(const char* name) {
    uv_pipe_t* pipe = new_pipe(0);
    unlink(name);
    CHECK_OK(uv_pipe_bind(pipe, name));
    return pipe;
}

static uv_pipe_t* abstract_pipe(void) {
    uv_pipe_t* pipe = new_pipe(0);
    CHECK_OK(uv_pipe_bind2(pipe, "", 0, 0));
    return pipe;
}

static int connected_to(const char* name) {
    got_status = 1;
    uv_pipe_connect(connect_req(), new_pipe(0), name, on_connect);
    return connected(0);
}

static uv_pipe_t* connecting(void) {
    uv_pipe_t* server = bound_pipe("connecting");
    uv_pipe_t* pipe = new_pipe(0);
    CHECK_OK(uv_listen(stream(server), 1, ignore_connection));
    CHECK_OK(uv_pipe_connect2(connect_req(), pipe, "connecting", 10, 0, ignore_connect));
    return pipe;
}

static int plain_pipe(int which) {
    int fds[2];
    CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
    return fds[which];
}

static int open_read(const char* path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_GE(fd, 0);
    return fd;
}

static uv_poll_t* new_poll(int fd) {
    uv_poll_t* poll = NEW(uv_poll_t);
    CHECK_OK(uv_poll_init(&loop, poll, fd));
    return poll;
}

static uv_poll_t* polling(int fd) {
    uv_poll_t* poll = new_poll(fd);
    CHECK_OK(uv_poll_start(poll, UV_READABLE, NULL));
    return poll;
}

static void opening_rows(void) {
    GIVES(UV_EBADF, uv_pipe_open(new_pipe(0), -1));
    GIVES(UV_EBADF, uv_pipe_open(new_pipe(0), 900));
    GIVES(UV_EBUSY, uv_pipe_open(open_pipe(0), plain_pipe(0)));
    GIVES(UV_EBUSY, uv_pipe_open(abstract_pipe(), plain_pipe(0)));
    GIVES(UV_EEXIST, uv_pipe_open(new_pipe(0), polling(plain_pipe(0))->io_watcher.fd));
    GIVES(0, uv_pipe_open(new_pipe(0), new_poll(plain_pipe(0))->io_watcher.fd));
    GIVES(0, ({ uv_pipe_t* p = open_pipe(0); uv_pipe_open(p, handle_fd(p)); }));
    GIVES(0, uv_pipe_open(new_pipe(0), open_read("/dev/null")));
    GIVES(0, uv_pipe_open(new_pipe(0), open_read(".")));
    GIVES(UV_EBADF, uv_pipe_open(new_pipe(0), open(".", O_PATH | O_CLOEXEC)));
}

static void naming_rows(void) {
    /* Abstract names are the machine's: this one is of this process. */
    char abstract[] = "\0uvring-0000000\0y";
    snprintf(abstract + 8, 8, "%07d", (int)getpid());
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), NULL, 0, 0));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), "x", 1, 2));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), "x", 1, ~0u));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), "x\0y", 3, 0));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), "x\0", 2, 0));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), "x", ~(size_t)0, 0));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), name_of(4000), 4000, UV_PIPE_NO_TRUNCATE));
    GIVES(0, uv_pipe_bind2(new_pipe(0), abstract, sizeof abstract - 1, 0));
    GIVES(0, uv_pipe_bind2(new_pipe(0), "", 0, UV_PIPE_NO_TRUNCATE));
    GIVES(0, uv_pipe_bind2(new_pipe(0), "short-but-not-all", 5, 0));
    GIVES(0, uv_pipe_bind2(new_pipe(0), name_of(LONG), LONG, UV_PIPE_NO_TRUNCATE));
    GIVES(UV_EINVAL, uv_pipe_bind2(new_pipe(0), name_of(LONG + 1), LONG + 1, UV_PIPE_NO_TRUNCATE));
    GIVES(0, uv_pipe_bind2(new_pipe(0), name_of(LONG + 50), LONG + 50, 0));
    GIVES(UV_EINVAL, uv_pipe_bind(open_pipe(0), "x"));
    GIVES(UV_EINVAL, uv_pipe_bind(abstract_pipe(), "x"));
    GIVES(UV_EINVAL, uv_pipe_bind(closing(new_pipe(0)), "x"));
    GIVES(UV_EACCES, uv_pipe_bind(new_pipe(0), "/nowhere/x"));
    GIVES(UV_EADDRINUSE, uv_pipe_bind(new_pipe(0), "."));
    GIVES(0, uv_pipe_bind(new_pipe(0), ""));
    GIVES(UV_EADDRINUSE, ({ bound_pipe("twice"); uv_pipe_bind(new_pipe(0), "twice"); }));
    DIES(uv_pipe_bind(new_pipe(0), NULL));

    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), NULL, 0, 0, ignore_connect));
    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), "", 0, 0, ignore_connect));
    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), "x", 1, 4, ignore_connect));
    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), "x\0y", 3, 0, ignore_connect));
    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), "x", ~(size_t)0, 0, ignore_connect));
    GIVES(UV_EINVAL, uv_pipe_connect2(connect_req(), new_pipe(0), name_of(LONG + 1), LONG + 1, UV_PIPE_NO_TRUNCATE,
                                      ignore_connect));
    GIVES(UV_ENOENT, connected(uv_pipe_connect2(connect_req(), new_pipe(0), "nothing", 7, 0, on_connect)));
    GIVES(UV_ECONNREFUSED, connected(uv_pipe_connect2(connect_req(), new_pipe(0), "\0nothing", 8, 0, on_connect)));
    GIVES(UV_ECONNREFUSED, connected(uv_pipe_connect2(connect_req(), new_pipe(0), ".", 1, 0, on_connect)));
    GIVES(UV_ENOENT, connected(uv_pipe_connect2(connect_req(), open_pipe(0), "nothing", 7, 0, on_connect)));
    GIVES(UV_EINVAL, connected_to(""));
    GIVES(UV_ENOENT, connected_to("nothing"));
    GIVES(UV_ENOENT, connected_to(name_of(LONG + 50)));
    DIES(uv_pipe_connect(connect_req(), new_pipe(0), NULL, ignore_connect));
    DIES(uv_pipe_connect2(connect_req(), closing(new_pipe(0)), "nothing", 7, 0, ignore_connect));

    GIVES(UV_EBADF, uv_pipe_chmod(NULL, UV_READABLE));
    GIVES(UV_EBADF, uv_pipe_chmod(new_pipe(0), UV_READABLE));
    GIVES(UV_EBADF, uv_pipe_chmod(new_pipe(0), 77));
    GIVES(UV_EBADF, uv_pipe_chmod(closing(bound_pipe("mode")), UV_READABLE));
    GIVES(UV_EINVAL, uv_pipe_chmod(bound_pipe("mode"), 0));
    GIVES(UV_EINVAL, uv_pipe_chmod(bound_pipe("mode"), 4));
    GIVES(UV_EINVAL, uv_pipe_chmod(bound_pipe("mode"), -1));
    GIVES(UV_EINVAL, uv_pipe_chmod(bound_pipe("mode"), UV_READABLE | 8));
    GIVES(0, uv_pipe_chmod(bound_pipe("mode"), UV_READABLE));
    GIVES(0, uv_pipe_chmod(bound_pipe("mode"), UV_WRITABLE));
    GIVES(0, uv_pipe_chmod(bound_pipe("mode"), UV_READABLE | UV_WRITABLE));
    GIVES(UV_ENOENT, ({ uv_pipe_t* p = bound_pipe("mode"); unlink("mode"); uv_pipe_chmod(p, UV_READABLE); }));
    GIVES(UV_ENOENT, uv_pipe_chmod(open_pipe(0), UV_READABLE));
    GIVES(UV_ENOENT, uv_pipe_chmod(abstract_pipe(), UV_READABLE));
}

/* The length that comes back, or the error. */
static long long named(uv_pipe_t* pipe, size_t size, int wants_length) {
    char* name = some(size + 1);
    int result = uv_pipe_getsockname(pipe, name, &size);
    return wants_length ? (long long)size : result;
}

static long long peer_named(uv_pipe_t* pipe, size_t size, int wants_length) {
    char* name = some(size + 1);
    int result = uv_pipe_getpeername(pipe, name, &size);
    return wants_length ? (long long)size : result;
}

static void name_rows(void) {
    GIVES(UV_EINVAL, uv_pipe_getsockname(bound_pipe("name"), NULL, &(size_t){10}));
    GIVES(UV_EINVAL, uv_pipe_getsockname(bound_pipe("name"), some(10), NULL));
    GIVES(UV_EINVAL, named(bound_pipe("name"), 0, 0));
    GIVES(UV_ENOBUFS, named(bound_pipe("name"), 4, 0));
    GIVES(5, named(bound_pipe("name"), 4, 1));
    GIVES(0, named(bound_pipe("name"), 5, 0));
    GIVES(4, named(bound_pipe("name"), 5, 1));
    GIVES(4, named(bound_pipe("name"), (size_t)1 << 20, 1));
    GIVES(109, named(bound_pipe(name_of(LONG)), 108, 1));
    GIVES(0, named(bound_pipe(name_of(LONG)), 109, 0));
    GIVES(UV_EBADF, named(new_pipe(0), 9, 0));
    GIVES(0, named(new_pipe(0), 9, 1));
    GIVES(UV_EBADF, named(closing(bound_pipe("name")), 9, 0));
    GIVES(0, named(open_pipe(0), 9, 0));
    GIVES(0, named(open_pipe(0), 9, 1));
    GIVES(6, named(abstract_pipe(), 9, 1));
    GIVES(0, named(abstract_pipe(), 6, 0));
    GIVES(UV_ENOBUFS, named(abstract_pipe(), 5, 0));
    GIVES(6, named(abstract_pipe(), 5, 1));
    GIVES(UV_ENOTCONN, peer_named(bound_pipe("name"), 9, 0));
    GIVES(0, peer_named(bound_pipe("name"), 9, 1));
    GIVES(10, peer_named(connecting(), 99, 1));
    GIVES(UV_ENOBUFS, peer_named(connecting(), 10, 0));
    GIVES(UV_EBADF, peer_named(new_pipe(0), 9, 0));
    GIVES(UV_ENOTSOCK, ({ uv_pipe_t* p = new_pipe(0); CHECK_OK(uv_pipe_open(p, plain_pipe(0))); named(p, 9, 0); }));

    GIVES(0, uv_pipe_pending_count(new_pipe(0)));
    GIVES(0, uv_pipe_pending_count(open_pipe(1)));
    GIVES(0, uv_pipe_pending_count(closing(open_pipe(1))));
    GIVES(UV_UNKNOWN_HANDLE, uv_pipe_pending_type(new_pipe(0)));
    GIVES(UV_UNKNOWN_HANDLE, uv_pipe_pending_type(open_pipe(1)));
    GIVES(0, ({ uv_pipe_pending_instances(NULL, -1); 0; }));

    DIES(uv_pipe(NULL, 0, 0));
    GIVES(0, uv_pipe((uv_file*)some(8), ~0, ~0));
    GIVES(UV_EINVAL, uv_socketpair(-1, 0, some(8), 0, 0));
    GIVES(UV_EPROTONOSUPPORT, uv_socketpair(SOCK_STREAM, 77, some(8), 0, 0));
    GIVES(UV_ESOCKTNOSUPPORT, uv_socketpair(9, 0, some(8), 0, 0));
    GIVES(0, uv_socketpair(SOCK_STREAM, 0, some(8), ~0, ~0));
}

static void tty_rows(void) {
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), -1, 0));
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), 900, 0));
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), open_read("/dev/null"), 0));
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), open_read("."), 0));
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), epoll_create1(EPOLL_CLOEXEC), 0));
    GIVES(UV_EINVAL, uv_tty_init(&loop, NEW(uv_tty_t), socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), 0));
    GIVES(0, uv_tty_init(&loop, NEW(uv_tty_t), plain_pipe(0), 0));
    GIVES(0, uv_tty_init(&loop, NEW(uv_tty_t), listen_plain(1), 77));
    GIVES(UV_ENOTTY, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                        uv_tty_set_mode(t, UV_TTY_MODE_RAW); }));
    GIVES(UV_ENOTTY, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                        (uv_tty_set_mode)(t, UV_TTY_MODE_RAW_VT); }));
    GIVES(UV_EINVAL, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                        (uv_tty_set_mode)(t, (uv_tty_mode_t)77); }));
    GIVES(UV_EINVAL, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                        (uv_tty_set_mode)(t, (uv_tty_mode_t)-1); }));
    GIVES(0, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                uv_tty_set_mode(t, UV_TTY_MODE_NORMAL); }));
    GIVES(UV_ENOTTY, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                        uv_tty_get_winsize(t, NEW(int), NEW(int)); }));
    GIVES(UV_EBADF, ({ uv_tty_t* t = NEW(uv_tty_t); CHECK_OK(uv_tty_init(&loop, t, plain_pipe(0), 0));
                       uv_tty_get_winsize(closing(t), NEW(int), NEW(int)); }));
    GIVES(0, uv_tty_reset_mode());
    GIVES(UV_ENOTSUP, uv_tty_get_vterm_state(NULL));
    GIVES(0, ({ uv_tty_set_vterm_state((uv_tty_vtermstate_t)77); 0; }));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(-1));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(900));
    GIVES(UV_FILE, uv_guess_handle(open_read("/dev/null")));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(open_read(".")));
    GIVES(UV_NAMED_PIPE, uv_guess_handle(plain_pipe(1)));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(epoll_create1(EPOLL_CLOEXEC)));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
    GIVES(UV_UNKNOWN_HANDLE, uv_guess_handle(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)));
    GIVES(UV_TCP, uv_guess_handle(listen_plain(1)));
}

static void poll_rows(void) {
    GIVES(UV_EBADF, uv_poll_init(&loop, NEW(uv_poll_t), -1));
    GIVES(UV_EBADF, uv_poll_init(&loop, NEW(uv_poll_t), 900));
    GIVES(UV_EPERM, uv_poll_init(&loop, NEW(uv_poll_t), open_read("/proc/self/cmdline")));
    GIVES(UV_EPERM, uv_poll_init(&loop, NEW(uv_poll_t), open_read(".")));
    GIVES(UV_EPERM, uv_poll_init(&loop, NEW(uv_poll_t), open_read("/dev/null")));
    GIVES(UV_EINVAL, uv_poll_init(&loop, NEW(uv_poll_t), uv_backend_fd(&loop)));
    GIVES(0, uv_poll_init_socket(&loop, NEW(uv_poll_t), plain_pipe(0)));
    GIVES(UV_EEXIST, uv_poll_init(&loop, NEW(uv_poll_t), polling(plain_pipe(0))->io_watcher.fd));
    GIVES(UV_EEXIST, ({ int fd = plain_pipe(0); uv_poll_t* one = new_poll(fd); uv_poll_t* two = new_poll(fd);
                        CHECK_OK(uv_poll_start(one, UV_READABLE, NULL)); uv_poll_start(two, UV_READABLE, NULL); }));
    GIVES(0, uv_poll_start(new_poll(plain_pipe(0)), 0, NULL));
    GIVES(0, ({ uv_poll_t* p = polling(plain_pipe(0)); CHECK_OK(uv_poll_start(p, 0, NULL)); uv_is_active(handle(p)); }));
    GIVES(0, uv_poll_start(polling(plain_pipe(0)), UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED, NULL));
    DIES(uv_poll_start(new_poll(plain_pipe(0)), 16, NULL));
    DIES(uv_poll_start(new_poll(plain_pipe(0)), -1, NULL));
    DIES(uv_poll_start(closing(new_poll(plain_pipe(0))), UV_READABLE, NULL));
    DIES(uv_poll_stop(closing(new_poll(plain_pipe(0)))));
    GIVES(0, uv_poll_stop(new_poll(plain_pipe(0))));
}

static void handle_rows(void) {
    GIVES(UV_EINVAL, uv_fileno(handle(new_timer()), NEW(int)));
    GIVES(UV_EBADF, uv_fileno(handle(new_tcp()), NEW(int)));
    GIVES(UV_EBADF, uv_fileno(closing(open_tcp()), NEW(int)));
    GIVES(UV_EBADF, uv_fileno(closing(new_poll(plain_pipe(0))), NEW(int)));
    GIVES(UV_EBADF, uv_fileno(handle(new_udp()), NEW(int)));
    GIVES(0, uv_fileno(handle(new_poll(plain_pipe(0))), NEW(int)));
    GIVES(0, ({ uv_ref(handle(new_timer())); uv_loop_alive(&loop); }));
    GIVES(0, ({ uv_handle_t* h = handle(new_timer()); uv_unref(h); uv_unref(h); uv_has_ref(h); }));
    GIVES(1, ({ uv_handle_t* h = handle(new_timer()); uv_unref(h); uv_ref(h); uv_ref(h); uv_has_ref(h); }));
    GIVES(1, ({ uv_handle_t* h = closing(new_timer()); uv_unref(h); uv_ref(h); uv_unref(h); uv_loop_alive(&loop); }));
    GIVES(2, uv_is_active(closing(new_timer())) + uv_is_closing(closing(new_timer())) * 2);
    GIVES(-1, uv_handle_size(UV_UNKNOWN_HANDLE));
    GIVES(-1, uv_handle_size((uv_handle_type)-1));
    GIVES(-1, uv_handle_size(UV_FILE));
    GIVES(-1, uv_handle_size((uv_handle_type)1000));
    GIVES(-1, uv_req_size(UV_UNKNOWN_REQ));
    GIVES(-1, uv_req_size((uv_req_type)1000));
    GIVES(1, uv_handle_type_name(UV_UNKNOWN_HANDLE) == NULL);
    GIVES(1, uv_handle_type_name((uv_handle_type)-1) == NULL);
    GIVES(1, uv_handle_type_name(UV_HANDLE_TYPE_MAX) == NULL);
    GIVES(0, strcmp(uv_handle_type_name(UV_FILE), "file"));
    GIVES(1, uv_req_type_name(UV_UNKNOWN_REQ) == NULL);
    GIVES(1, uv_req_type_name(UV_REQ_TYPE_MAX) == NULL);
    GIVES(1, uv_req_type_name((uv_req_type)-1) == NULL);
    GIVES(UV_EINVAL, uv_cancel((uv_req_t*)NEW(uv_connect_t)));
    GIVES(UV_EINVAL, ({ uv_req_t* r = NEW(uv_req_t); r->type = (uv_req_type)77; uv_cancel(r); }));
    DIES(uv_close(NULL, NULL));
    DIES(uv_close(closing(new_timer()), NULL));
    DIES(uv_fileno(NULL, NEW(int)));
    DIES(uv_ref(NULL));
}

int main(void) {
    watchdog(120);
    opening_rows();
    naming_rows();
    name_rows();
    tty_rows();
    poll_rows();
    handle_rows();
    END_OF_TABLE();
}
