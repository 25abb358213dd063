/* Eight threads with a loop each echo over TCP at once, several loops after one another in each: loops do not disturb
 * one another, and descriptors are all given back. */
/* on tsan: threads meet here */
#include "check.h"

#include <dirent.h>

enum { THREADS = 8, LOOPS = 5, MESSAGES = 200 };

typedef struct {
    uv_loop_t loop;
    uv_tcp_t server, client, accepted;
    uv_connect_t connect_req;
    uv_write_t writes[2];
    char slabs[2][256];
    int answered;
} Echo;

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
}

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    Echo* echo = handle->loop->data;
    UNUSED(suggested);
    *buf = uv_buf_init(echo->slabs[handle == (uv_handle_t*)&echo->client], 256);
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    Echo* echo = stream->loop->data;
    int is_client = stream == (uv_stream_t*)&echo->client;
    uv_buf_t out = uv_buf_init(buf->base, 1);
    if (nread == 0) return;
    CHECK_EQ(nread, 1);
    if (is_client && ++echo->answered == MESSAGES) {
        uv_stop(&echo->loop);
        return;
    }
    CHECK_OK(uv_write(&echo->writes[is_client], stream, &out, 1, on_write));
}

static void on_connection(uv_stream_t* server, int status) {
    Echo* echo = server->loop->data;
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&echo->loop, &echo->accepted));
    CHECK_OK(uv_accept(server, (uv_stream_t*)&echo->accepted));
    CHECK_OK(uv_read_start((uv_stream_t*)&echo->accepted, on_alloc, on_read));
}

static void on_connect(uv_connect_t* req, int status) {
    Echo* echo = req->handle->loop->data;
    uv_buf_t out = uv_buf_init((char*)"x", 1);
    CHECK_EQ(status, 0);
    CHECK_OK(uv_read_start(req->handle, on_alloc, on_read));
    CHECK_OK(uv_write(&echo->writes[1], req->handle, &out, 1, on_write));
}

static void run_loops(void* arg) {
    Echo* echo = malloc(sizeof *echo);
    UNUSED(arg);
    for (int i = 0; i < LOOPS; i++) {
        struct sockaddr_in addr;
        CHECK_OK(uv_loop_init(&echo->loop));
        echo->loop.data = echo;
        echo->answered = 0;
        addr = loopback(tcp_listen(&echo->loop, &echo->server, 1, on_connection));
        CHECK_OK(uv_tcp_init(&echo->loop, &echo->client));
        CHECK_OK(uv_tcp_connect(&echo->connect_req, &echo->client, (struct sockaddr*)&addr, on_connect));
        uv_run(&echo->loop, UV_RUN_DEFAULT);
        CHECK_EQ(echo->answered, MESSAGES);
        finish_loop(&echo->loop);
    }
    free(echo);
}

static int count_descriptors(void) {
    DIR* dir = opendir("/proc/self/fd");
    int count = 0;
    CHECK(dir != NULL);
    while (readdir(dir) != NULL) count++;
    closedir(dir);
    return count;
}

static void run_threads(void) {
    uv_thread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_create(&threads[i], run_loops, NULL));
    for (int i = 0; i < THREADS; i++) CHECK_OK(uv_thread_join(&threads[i]));
}

int main(void) {
    int before;
    watchdog(20);
    run_threads();
    before = count_descriptors();
    run_threads();
    CHECK_EQ(count_descriptors(), before);
    return 0;
}
