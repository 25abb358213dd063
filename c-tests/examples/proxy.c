/* A proxy between two connections, both ways. What was received is lent as a view and passed on to the other side without being
 * copied. A side that is not read holds up its other side alone: views that wait to be written count against the stream they came
 * from. The end of one direction is passed on when its bytes are out; the other direction goes on.
 *
 *   cc proxy.c -luv -o proxy && ./proxy */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

enum { CLIENTS = 8, BYTES = 500000 };

struct side {
    uv_tcp_t tcp; /* First: a stream leads to its side. */
    struct side* other;
    uv_shutdown_t shutdown;
    int ended; /* Nothing more comes from it. */
};

struct pair {
    struct side client, backend;
    uv_connect_t connect;
    int open;
};

static uv_loop_t loop;
static uv_tcp_t listener;
static struct sockaddr_in backend_address;
static int left = CLIENTS;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

/* --- the proxy --- */

static void on_close(uv_handle_t* handle) {
    struct pair* pair = handle->data;
    if (--pair->open > 0) return;
    free(pair);
    if (--left == 0) uv_close((uv_handle_t*)&listener, NULL);
}

static void close_both(struct side* side) {
    for (int i = 0; i < 2; i++, side = side->other) {
        if (!uv_is_closing((uv_handle_t*)&side->tcp)) uv_close((uv_handle_t*)&side->tcp, on_close);
    }
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    struct side* to = (struct side*)req->handle;
    if (status == UV_ECANCELED) return;
    /* Both directions have ended. */
    if (to->ended && to->other->ended) close_both(to);
}

static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    struct side *from = (struct side*)stream, *to = from->other;
    if (nread > 0 && uvring_write_view(NULL, (uv_stream_t*)&to->tcp, view, NULL) == 0) return;
    from->ended = 1;
    if (nread != UV_EOF || uv_shutdown(&to->shutdown, (uv_stream_t*)&to->tcp, on_shutdown) != 0) close_both(from);
}

static void on_connect(uv_connect_t* req, int status) {
    struct pair* pair = req->data;
    if (status == UV_ECANCELED) return;
    if (status != 0 || uvring_recv_start((uv_stream_t*)&pair->client.tcp, NULL, on_recv) != 0 ||
        uvring_recv_start((uv_stream_t*)&pair->backend.tcp, NULL, on_recv) != 0) {
        close_both(&pair->client);
    }
}

static void on_connection(uv_stream_t* server, int status) {
    struct pair* pair = calloc(1, sizeof *pair);
    if (status != 0 || pair == NULL) fail("connection", status);
    pair->client.other = &pair->backend;
    pair->backend.other = &pair->client;
    pair->client.tcp.data = pair->backend.tcp.data = pair->connect.data = pair;
    pair->open = 2;
    uv_tcp_init(&loop, &pair->client.tcp);
    uv_tcp_init(&loop, &pair->backend.tcp);
    if (uv_accept(server, (uv_stream_t*)&pair->client.tcp) != 0 ||
        uv_tcp_connect(&pair->connect, &pair->backend.tcp, (struct sockaddr*)&backend_address, on_connect) != 0) {
        close_both(&pair->client);
    }
}

/* --- what it stands between, in threads --- */

static int listen_at(struct sockaddr_in* address) {
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr*)address, len) != 0 || listen(fd, 16) != 0) fail("listen", UV_EIO);
    getsockname(fd, (struct sockaddr*)address, &len);
    return fd;
}

/* Sends back what comes until the end, then ends. */
static void serve_one(void* arg) {
    int fd = (int)(intptr_t)arg;
    char bytes[16384];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        for (ssize_t sent = 0, part; sent < n; sent += part) {
            part = send(fd, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            if (part < 0) fail("backend", UV_EIO);
        }
    }
    close(fd);
}

static void backend(void* arg) {
    uv_thread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        uv_thread_create(&threads[i], serve_one, (void*)(intptr_t)accept((int)(intptr_t)arg, NULL, NULL));
    }
    for (int i = 0; i < CLIENTS; i++) uv_thread_join(&threads[i]);
}

static void send_all(void* arg) {
    unsigned char bytes[10000];
    int fd = *(int*)arg;
    for (int at = 0; at < BYTES; at += (int)sizeof bytes) {
        for (int i = 0; i < (int)sizeof bytes; i++) bytes[i] = (unsigned char)((at + i) * 31 >> 4);
        if (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes) fail("client sends", UV_EIO);
    }
    shutdown(fd, SHUT_WR);
}

static void client(void* arg) {
    uv_thread_t sender;
    unsigned char bytes[4096];
    int at = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    ssize_t n;
    if (connect(fd, arg, sizeof(struct sockaddr_in)) != 0) fail("connect", UV_EIO);
    uv_thread_create(&sender, send_all, &fd);
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++, at++) {
            if (bytes[i] != (unsigned char)(at * 31 >> 4)) fail("another byte came back", UV_EIO);
        }
    }
    uv_thread_join(&sender);
    if (at != BYTES) fail("client received less than it sent", UV_EIO);
    close(fd);
}

int main(void) {
    struct sockaddr_in address;
    int len = sizeof address;
    uv_thread_t threads[CLIENTS], server;
    uv_thread_create(&server, backend, (void*)(intptr_t)listen_at(&backend_address));
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &listener);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(&listener, (struct sockaddr*)&address, 0);
    int error = uv_listen((uv_stream_t*)&listener, 16, on_connection);
    if (error != 0) fail("uv_listen", error);
    uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &len);
    for (int i = 0; i < CLIENTS; i++) uv_thread_create(&threads[i], client, &address);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < CLIENTS; i++) uv_thread_join(&threads[i]);
    uv_thread_join(&server);
    printf("%d clients, %d bytes each way through the proxy for each\n", CLIENTS, BYTES);
    return uv_loop_close(&loop) != 0;
}
