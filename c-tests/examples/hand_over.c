/* Hand-over between loops: one loop accepts connections, without a handle for any of them, and posts the sockets in turn to loops in
 * other threads, which echo what comes.
 *
 *   cc hand_over.c -luv -o hand_over && ./hand_over */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
#include <uvring.h>

enum { WORKERS = 3, CLIENTS = 30 };

struct worker {
    uv_loop_t loop;
    uv_async_t end;
    uv_thread_t thread;
    int served;
};

static struct worker workers[WORKERS];
static int accepted;

static void fail(const char* what, int error) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
    exit(1);
}

/* --- a worker --- */

static void on_written(uv_write_t* req, int status) {
    if (status != 0 && status != UV_ECANCELED) fail("write", status);
    free(req->data);
    free(req);
}

static void on_read(uv_stream_t* client, ssize_t nread, const uv_buf_t* buf) {
    if (nread <= 0) {
        free(buf->base);
        if (nread < 0) uv_close((uv_handle_t*)client, (uv_close_cb)free);
        return;
    }
    uv_write_t* req = malloc(sizeof *req);
    uv_buf_t echo = uv_buf_init(buf->base, (unsigned)nread);
    req->data = buf->base;
    int error = uv_write(req, client, &echo, 1, on_written);
    if (error != 0) fail("uv_write", error);
}

static void allocate(uv_handle_t* client, size_t size, uv_buf_t* buf) {
    (void)client;
    *buf = uv_buf_init(malloc(size), (unsigned)size);
}

static void on_socket(uvring_post_t* post) {
    struct worker* worker = (struct worker*)post->loop;
    uv_tcp_t* client = malloc(sizeof *client);
    uv_tcp_init(post->loop, client);
    int error = uvring_adopt((uv_stream_t*)client, (uv_os_sock_t)post->value);
    if (error != 0) fail("uvring_adopt", error);
    uv_read_start((uv_stream_t*)client, allocate, on_read);
    worker->served++;
    free(post);
}

static void on_end(uv_async_t* end) { uv_close((uv_handle_t*)end, NULL); }

static void work(void* arg) { uv_run(&((struct worker*)arg)->loop, UV_RUN_DEFAULT); }

/* --- the loop that accepts --- */

static void on_accept(uv_stream_t* server, int status, uv_os_sock_t sock) {
    if (status != 0) fail("accept", status);
    uvring_post_t* post = malloc(sizeof *post);
    uvring_post(post, &workers[accepted % WORKERS].loop, (uint64_t)sock, on_socket);
    if (++accepted == CLIENTS) uv_close((uv_handle_t*)server, NULL);
}

static void client(struct sockaddr_in* to) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte = 'x';
    if (connect(fd, (struct sockaddr*)to, sizeof *to) != 0) fail("connect", UV_ECONNREFUSED);
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1 || byte != 'x') fail("no echo", UV_EIO);
    close(fd);
}

static void clients(void* to) {
    for (int i = 0; i < CLIENTS; i++) client(to);
}

int main(void) {
    struct sockaddr_in address;
    int len = sizeof address;
    uv_loop_t loop;
    uv_tcp_t server;
    uv_thread_t thread;
    for (int i = 0; i < WORKERS; i++) {
        uv_loop_init(&workers[i].loop);
        uv_async_init(&workers[i].loop, &workers[i].end, on_end);
        uv_thread_create(&workers[i].thread, work, &workers[i]);
    }
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &server);
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(&server, (struct sockaddr*)&address, 0);
    int error = uvring_accept_start((uv_stream_t*)&server, 128, on_accept);
    if (error != 0) fail("uvring_accept_start", error);
    uv_tcp_getsockname(&server, (struct sockaddr*)&address, &len);
    uv_thread_create(&thread, clients, &address);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    for (int i = 0; i < WORKERS; i++) {
        uv_async_send(&workers[i].end);
        uv_thread_join(&workers[i].thread);
        printf("loop %d served %d\n", i, workers[i].served);
        if (workers[i].served != CLIENTS / WORKERS || uv_loop_close(&workers[i].loop) != 0) return 1;
    }
    return uv_loop_close(&loop) != 0;
}
