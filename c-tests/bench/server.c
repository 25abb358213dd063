/* A server on loopback, over transport=tcp or unix (path=…).
 *
 * mode=alloc   echoes; alloc_cb allocates what is suggested, the write frees it
 * mode=static  echoes; every read goes to one buffer, which is written at once
 * mode=sink    reads and forgets
 * mode=source  writes blocks of 64 KiB, four of them queued
 *
 * It prints where it listens and runs until it is killed. */
#include "bench.h"

#include <signal.h>

enum { BLOCK = 65536, QUEUED = 4 };

union stream {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct echo {
    uv_write_t req;
    char* bytes;
};

static uv_loop_t loop;
static union stream server;
static uv_alloc_cb on_alloc;
static uv_read_cb on_read;
static int is_unix, is_source;
static char slab[BLOCK];

static void on_close(uv_handle_t* handle) {
    free(handle);
}

static void end(uv_stream_t* stream) {
    if (!uv_is_closing((uv_handle_t*)stream)) uv_close((uv_handle_t*)stream, on_close);
}

static void on_written(uv_write_t* req, int status) {
    struct echo* echo = (struct echo*)req;
    uv_stream_t* stream = req->handle;
    free(echo->bytes);
    free(echo);
    if (status < 0) end(stream);
}

static void write_owned(uv_stream_t* stream, char* bytes, size_t size) {
    struct echo* echo = malloc(sizeof *echo);
    uv_buf_t buf = uv_buf_init(bytes, (unsigned)size);
    CHECK(echo != NULL);
    echo->bytes = bytes;
    if (uv_write(&echo->req, stream, &buf, 1, on_written) != 0) {
        free(bytes);
        free(echo);
        end(stream);
    }
}

static void allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    *buf = uv_buf_init(malloc(suggested), (unsigned)suggested);
}

static void echo_allocated(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
    if (size > 0) {
        write_owned(stream, buf->base, (size_t)size);
        return;
    }
    free(buf->base);
    if (size < 0) end(stream);
}

static void use_slab(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

/* What does not fit the socket at once has to be kept, since the next read overwrites the buffer. */
static void echo_static(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
    if (size < 0) end(stream);
    if (size <= 0) return;
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)size);
    int written = uv_try_write(stream, &out, 1);
    if (written == size) return;
    if (written < 0 && written != UV_EAGAIN) {
        end(stream);
        return;
    }
    if (written < 0) written = 0;
    char* rest = malloc((size_t)(size - written));
    CHECK(rest != NULL);
    memcpy(rest, buf->base + written, (size_t)(size - written));
    write_owned(stream, rest, (size_t)(size - written));
}

static void forget(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
    UNUSED(buf);
    if (size < 0) end(stream);
}

static void write_block(uv_stream_t* stream);

static void on_block_written(uv_write_t* req, int status) {
    uv_stream_t* stream = req->handle;
    free(req);
    if (status < 0) {
        end(stream);
    } else if (!uv_is_closing((uv_handle_t*)stream)) {
        write_block(stream);
    }
}

static void write_block(uv_stream_t* stream) {
    uv_write_t* req = malloc(sizeof *req);
    uv_buf_t buf = uv_buf_init(slab, sizeof slab);
    CHECK(req != NULL);
    if (uv_write(req, stream, &buf, 1, on_block_written) != 0) {
        free(req);
        end(stream);
    }
}

static void on_connection(uv_stream_t* listener, int status) {
    CHECK_OK(status);
    union stream* client = malloc(sizeof *client);
    CHECK(client != NULL);
    CHECK_OK(is_unix ? uv_pipe_init(&loop, &client->pipe, 0) : uv_tcp_init(&loop, &client->tcp));
    if (uv_accept(listener, &client->stream) != 0) {
        end(&client->stream);
        return;
    }
    if (!is_unix) uv_tcp_nodelay(&client->tcp, 1);
    CHECK_OK(uv_read_start(&client->stream, on_alloc, on_read));
    for (int i = 0; is_source && i < QUEUED; i++) write_block(&client->stream);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    is_unix = arg_is("transport", "unix");
    is_source = arg_is("mode", "source");
    on_alloc = arg_is("mode", "alloc") ? allocate : use_slab;
    on_read = arg_is("mode", "alloc") ? echo_allocated : arg_is("mode", "static") ? echo_static : forget;
    CHECK_OK(uv_loop_init(&loop));
    if (is_unix) {
        CHECK_OK(uv_pipe_init(&loop, &server.pipe, 0));
        CHECK_OK(uv_pipe_bind(&server.pipe, arg("path", "")));
    } else {
        struct sockaddr_in address;
        CHECK_OK(uv_tcp_init(&loop, &server.tcp));
        CHECK_OK(uv_ip4_addr("127.0.0.1", 0, &address));
        CHECK_OK(uv_tcp_bind(&server.tcp, (const struct sockaddr*)&address, 0));
    }
    CHECK_OK(uv_listen(&server.stream, 4096, on_connection));
    int port = 0;
    if (!is_unix) {
        struct sockaddr_in address;
        int length = sizeof address;
        CHECK_OK(uv_tcp_getsockname(&server.tcp, (struct sockaddr*)&address, &length));
        port = ntohs(address.sin_port);
    }
    report_library();
    report_loop(&loop);
    printf("port %d\nready 1\n", port);
    fflush(stdout);
    return uv_run(&loop, UV_RUN_DEFAULT);
}
