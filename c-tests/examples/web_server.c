/* A web server for requests that come many at once (pipelining): each is answered by itself, and what belongs to one connection in one
 * iteration of the loop goes out in one call (uvring_write_copy).
 *
 *   cc web_server.c -luv -o web_server && ./web_server 8080
 *
 * With a port it serves until it is killed; without one it serves a client of its own, and ends. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

enum { REQUESTS = 1000, PIPELINED = 16 };

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
static const char REPLY[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHello\n";

struct client {
    uv_tcp_t tcp;
    int seen; /* So many bytes of "\r\n\r\n" were the last of what came. */
};

static uv_loop_t loop;
static uv_tcp_t server;
static int serves_itself;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

static void on_close(uv_handle_t* handle) {
    free(handle);
    if (serves_itself) uv_close((uv_handle_t*)&server, NULL);
}

/* The end of a request may come in two parts. */
static void on_recv(uv_stream_t* stream, ssize_t nread, uvring_view_t* view) {
    struct client* client = (struct client*)stream;
    for (ssize_t i = 0; i < nread; i++) {
        char expected = "\r\n\r\n"[client->seen];
        client->seen = view->base[i] == expected ? client->seen + 1 : view->base[i] == '\r';
        if (client->seen < 4) continue;
        client->seen = 0;
        /* UV_EAGAIN: a client that sends and does not read. */
        if (uvring_write_copy(stream, REPLY, sizeof REPLY - 1) != 0) nread = -1;
    }
    if (nread < 0) uv_close((uv_handle_t*)stream, on_close);
}

static void on_connection(uv_stream_t* listener, int status) {
    struct client* client = calloc(1, sizeof *client);
    if (status != 0 || client == NULL) fail("connection", status);
    uv_tcp_init(&loop, &client->tcp);
    if (uv_accept(listener, (uv_stream_t*)client) != 0 || uvring_recv_start((uv_stream_t*)client, NULL, on_recv) != 0)
        uv_close((uv_handle_t*)client, on_close);
}

static void receive_exactly(int fd, char* bytes, size_t len) {
    for (size_t got = 0; got < len;) {
        ssize_t n = recv(fd, bytes + got, len - got, 0);
        if (n <= 0) fail("recv", UV_EIO);
        got += (size_t)n;
    }
}

static void ask(void* arg) {
    static char requests[PIPELINED * sizeof REQUEST], replies[PIPELINED * sizeof REPLY];
    size_t len = 0, reply_len = PIPELINED * (sizeof REPLY - 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, arg, sizeof(struct sockaddr_in)) != 0) fail("connect", UV_EIO);
    for (int i = 0; i < PIPELINED; i++, len += sizeof REQUEST - 1) memcpy(requests + len, REQUEST, sizeof REQUEST - 1);
    for (int i = 0; i < REQUESTS; i += PIPELINED) {
        if (send(fd, requests, len, MSG_NOSIGNAL) != (ssize_t)len) fail("send", UV_EIO);
        receive_exactly(fd, replies, reply_len);
        for (size_t at = 0; at < reply_len; at += sizeof REPLY - 1) {
            if (memcmp(replies + at, REPLY, sizeof REPLY - 1) != 0) fail("another reply came", UV_EIO);
        }
    }
    close(fd);
}

int main(int argc, char** argv) {
    struct sockaddr_in address;
    int len = sizeof address;
    uv_thread_t thread;
    uvring_loop_stats_t stats = {.size = sizeof stats};
    serves_itself = argc < 2;
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &server);
    uv_ip4_addr("127.0.0.1", serves_itself ? 0 : atoi(argv[1]), &address);
    uv_tcp_bind(&server, (struct sockaddr*)&address, 0);
    int error = uv_listen((uv_stream_t*)&server, 128, on_connection);
    if (error != 0) fail("uv_listen", error);
    uv_tcp_getsockname(&server, (struct sockaddr*)&address, &len);
    if (serves_itself) uv_thread_create(&thread, ask, &address);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    uvring_loop_stats(&loop, &stats);
    printf("%d requests in %d batches: written in %llu calls\n", (REQUESTS + PIPELINED - 1) / PIPELINED * PIPELINED,
           (REQUESTS + PIPELINED - 1) / PIPELINED, (unsigned long long)stats.stream_writes);
    return uv_loop_close(&loop) != 0;
}
