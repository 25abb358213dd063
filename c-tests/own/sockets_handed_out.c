/* uvring_accept_start gives sockets without handles, which another loop can adopt; it stops at once, leaves the rest in the kernel,
 * and tells when descriptors run out. */
/* not on libuv: libuv has no such functions */
#include "check.h"

#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>
#include <uvring.h>

enum { CLIENTS = 20 };

static uv_loop_t loop, other;
static uv_tcp_t server;
static uv_pipe_t pipe_server;
static int got[CLIENTS], got_count, want_count, last_status;

static void on_accept(uv_stream_t* stream, int status, uv_os_sock_t sock) {
    CHECK(stream == (uv_stream_t*)&server || stream == (uv_stream_t*)&pipe_server);
    last_status = status;
    if (status < 0) {
        CHECK_EQ(sock, -1);
        return;
    }
    CHECK(fcntl(sock, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(sock, F_GETFL) & O_NONBLOCK);
    got[got_count++] = sock;
    if (got_count == want_count) CHECK_OK(uvring_accept_stop(stream));
}

static void on_connection(uv_stream_t* stream, int status) {
    uv_tcp_t* client = malloc(sizeof *client);
    CHECK_OK(status);
    CHECK_OK(uv_tcp_init(&loop, client));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)client));
    uv_close((uv_handle_t*)client, (uv_close_cb)free);
    got_count++;
}

static void close_all(int* fds, int count) {
    for (int i = 0; i < count; i++) close(fds[i]);
}

static void run_until(int count) {
    while (got_count < count) uv_run(&loop, UV_RUN_ONCE);
}

/* --- another loop --- */

static uv_async_t keep;
static int echoed;

static void on_echoed(uv_write_t* req, int status) {
    CHECK_OK(status);
    free(req->data);
    free(req);
}

static void on_bytes(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread < 0) {
        CHECK_EQ(nread, UV_EOF);
        free(buf->base);
        uv_close((uv_handle_t*)stream, (uv_close_cb)free);
        if (++echoed == CLIENTS) uv_close((uv_handle_t*)&keep, NULL);
        return;
    }
    uv_write_t* req = malloc(sizeof *req);
    uv_buf_t part = uv_buf_init(buf->base, (unsigned)nread);
    req->data = buf->base;
    CHECK_OK(uv_write(req, stream, &part, 1, on_echoed));
}

static void take(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
    UNUSED(handle);
    *buf = uv_buf_init(malloc(size), (unsigned)size);
}

static void on_post(uvring_post_t* req) {
    uv_tcp_t* client = malloc(sizeof *client);
    CHECK_OK(uv_tcp_init(&other, client));
    CHECK_EQ(uvring_adopt((uv_stream_t*)client, -1), UV_EINVAL);
    CHECK_OK(uvring_adopt((uv_stream_t*)client, (int)req->value));
    CHECK_EQ(uvring_adopt((uv_stream_t*)client, 0), UV_EBUSY);
    CHECK_OK(uv_read_start((uv_stream_t*)client, take, on_bytes));
    free(req);
}

static void other_thread(void* arg) {
    UNUSED(arg);
    CHECK_EQ(uv_run(&other, UV_RUN_DEFAULT), 0);
}

static void to_another_loop(int port) {
    uv_thread_t thread;
    int clients[CLIENTS];
    char byte = 0;
    CHECK_OK(uv_loop_init(&other));
    CHECK_OK(uv_async_init(&other, &keep, NULL));
    CHECK_OK(uv_thread_create(&thread, other_thread, NULL));
    got_count = 0;
    want_count = CLIENTS;
    CHECK_OK(uvring_accept_start((uv_stream_t*)&server, 128, on_accept));
    for (int i = 0; i < CLIENTS; i++) clients[i] = connect_plain(port);
    run_until(CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK_OK(uvring_post(malloc(sizeof(uvring_post_t)), &other, (uint64_t)got[i], on_post));
    }
    for (int i = 0; i < CLIENTS; i++) {
        char sent = (char)(i + 1);
        CHECK_EQ(write(clients[i], &sent, 1), 1);
        CHECK_EQ(read(clients[i], &byte, 1), 1);
        CHECK_EQ(byte, sent);
    }
    close_all(clients, CLIENTS);
    CHECK_OK(uv_thread_join(&thread));
    CHECK_OK(uv_loop_close(&other));
}

static void starting_and_stopping(int port) {
    int clients[3];
    CHECK_EQ(uvring_accept_start((uv_stream_t*)&server, 128, NULL), UV_EINVAL);
    got_count = 0;
    want_count = 1;
    CHECK_OK(uvring_accept_start((uv_stream_t*)&server, 128, on_accept));
    CHECK(uv_is_active((uv_handle_t*)&server));
    CHECK_EQ(uvring_accept_start((uv_stream_t*)&server, 128, on_accept), UV_EALREADY);
    for (int i = 0; i < 3; i++) clients[i] = connect_plain(port);
    run_until(1);
    /* Stopped in its callback. */
    CHECK(!uv_is_active((uv_handle_t*)&server));
    CHECK_OK(uvring_accept_stop((uv_stream_t*)&server));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(got_count, 1);
    /* The rest waits, for whoever starts next. */
    CHECK_OK(uv_listen((uv_stream_t*)&server, 128, on_connection));
    run_until(3);
    close_all(got, 1);
    close_all(clients, 3);
}

static void without_descriptors(int port) {
    struct rlimit limit, old;
    int client;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    got_count = 0;
    want_count = 1;
    CHECK_OK(uvring_accept_start((uv_stream_t*)&server, 128, on_accept));
    client = connect_plain(port);
    int next = dup(client);
    close(next);
    limit = old;
    limit.rlim_cur = (rlim_t)next;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    last_status = 0;
    while (last_status == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(last_status, UV_EMFILE);
    CHECK(!uv_is_active((uv_handle_t*)&server));
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    CHECK_OK(uvring_accept_start((uv_stream_t*)&server, 128, on_accept));
    run_until(1);
    CHECK_OK(last_status);
    close_all(got, 1);
    close(client);
}

static void on_a_pipe(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
    uv_timer_t timer;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_EQ(uvring_accept_start((uv_stream_t*)&timer, 1, on_accept), UV_EINVAL);
    CHECK_EQ(uvring_adopt((uv_stream_t*)&timer, fd), UV_EINVAL);
    uv_close((uv_handle_t*)&timer, NULL);
    CHECK_OK(uv_pipe_init(&loop, &pipe_server, 0));
    CHECK_EQ(uvring_accept_start((uv_stream_t*)&pipe_server, 1, on_accept), UV_EINVAL);
    CHECK_OK(uv_pipe_bind(&pipe_server, "socket"));
    got_count = 0;
    want_count = 2;
    CHECK_OK(uvring_accept_start((uv_stream_t*)&pipe_server, 1, on_accept));
    CHECK_OK(connect(fd, (struct sockaddr*)&name, sizeof name));
    run_until(1);
    close_all(got, 1);
    close(fd);
    uv_close((uv_handle_t*)&pipe_server, NULL);
    CHECK_EQ(uvring_accept_start((uv_stream_t*)&pipe_server, 1, on_accept), UV_EINVAL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

int main(void) {
    struct sockaddr_in address = loopback(0);
    alarm(50);
    CHECK_OK(chdir(temp_dir()));
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &server));
    CHECK_OK(uv_tcp_bind(&server, (struct sockaddr*)&address, 0));
    CHECK_OK(uvring_accept_start((uv_stream_t*)&server, 128, on_accept));
    CHECK_OK(uvring_accept_stop((uv_stream_t*)&server));
    int port = socket_port(handle_fd(&server));
    starting_and_stopping(port);
    to_another_loop(port);
    without_descriptors(port);
    on_a_pipe();
    uv_close((uv_handle_t*)&server, NULL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_OK(uv_loop_close(&loop));
    return 0;
}
