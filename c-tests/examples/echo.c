/* Echo: a server that copies nothing. What was received is lent as a view of a pool, and the view is passed on to the stream it came
 * from. What belongs to one stream in one iteration of the loop goes out in one call; a client that does not read is not received from
 * once the views that wait for it hold the pool's limit.
 *
 *   cc echo.c -luv -o echo && ./echo 7000
 *
 * With a port it serves until it is killed; without one it serves clients of its own, and ends. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

enum { CLIENTS = 10, BYTES = 1000000 };

static uv_tcp_t server;
static int left = CLIENTS;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

/* --- the server --- */

static void on_close(uv_handle_t* handle) {
    free(handle);
    if (--left == 0) uv_close((uv_handle_t*)&server, NULL);
}

static void on_shutdown(uv_shutdown_t* req, int status) {
    if (status != UV_ECANCELED) uv_close((uv_handle_t*)req->handle, on_close);
    free(req);
}

static void on_recv(uv_stream_t* client, ssize_t nread, uvring_view_t* view) {
    if (nread > 0 && uvring_write_view(NULL, client, view, NULL) == 0) return;
    if (nread == UV_EOF) {
        /* What waits to be written goes first. */
        uv_shutdown_t* req = malloc(sizeof *req);
        if (req != NULL && uv_shutdown(req, client, on_shutdown) == 0) return;
        free(req);
    }
    uv_close((uv_handle_t*)client, on_close);
}

static void on_connection(uv_stream_t* listener, int status) {
    uv_tcp_t* client = malloc(sizeof *client);
    if (status < 0 || client == NULL) fail("connection", status);
    uv_tcp_init(listener->loop, client);
    if (uv_accept(listener, (uv_stream_t*)client) != 0 || uvring_recv_start((uv_stream_t*)client, NULL, on_recv) != 0)
        uv_close((uv_handle_t*)client, on_close);
}

/* --- a client: sends all before it reads --- */

static void send_all(void* arg) {
    static char data[BYTES];
    size_t sent = 0;
    while (sent < sizeof data) {
        ssize_t n = send(*(int*)arg, data + sent, sizeof data - sent, MSG_NOSIGNAL);
        if (n <= 0) fail("send", -1);
        sent += (size_t)n;
    }
    shutdown(*(int*)arg, SHUT_WR);
}

static void run_client(void* arg) {
    struct sockaddr_in* addr = arg;
    char data[4096];
    size_t got = 0;
    uv_thread_t sender;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr*)addr, sizeof *addr) != 0) fail("connect", -1);
    uv_thread_create(&sender, send_all, &fd);
    usleep(20000);
    while ((n = recv(fd, data, sizeof data, 0)) > 0) got += (size_t)n;
    if (got != BYTES) fail("recv", UV_EOF);
    uv_thread_join(&sender);
    close(fd);
}

int main(int argc, char** argv) {
    uv_loop_t* loop = uv_default_loop();
    uv_thread_t clients[CLIENTS];
    struct sockaddr_in addr;
    int error, len = sizeof addr;
    const char* port = argc > 1 ? argv[1] : "0";

    uv_ip4_addr("127.0.0.1", atoi(port), &addr);
    uv_tcp_init(loop, &server);
    if ((error = uv_tcp_bind(&server, (struct sockaddr*)&addr, 0)) != 0) fail("bind", error);
    if ((error = uv_listen((uv_stream_t*)&server, 128, on_connection)) != 0) fail("listen", error);
    if (argc > 1) {
        left = -1;
        return uv_run(loop, UV_RUN_DEFAULT);
    }
    uv_tcp_getsockname(&server, (struct sockaddr*)&addr, &len);
    for (int i = 0; i < CLIENTS; i++) uv_thread_create(&clients[i], run_client, &addr);
    uv_run(loop, UV_RUN_DEFAULT);
    for (int i = 0; i < CLIENTS; i++) uv_thread_join(&clients[i]);
    printf("%d clients got back %d bytes each\n", CLIENTS, BYTES);
    return uv_loop_close(loop);
}
