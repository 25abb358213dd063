/* Sends each datagram back. mode=alloc: alloc_cb allocates what is suggested, the send frees it; mode=static: one buffer,
 * sent at once. It prints where it listens and runs until it is killed. */
#include "bench.h"

struct echo {
    uv_udp_send_t req;
    char* bytes;
};

static uv_loop_t loop;
static uv_udp_t server;
static char slab[65536];

static void allocate(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    *buf = uv_buf_init(malloc(suggested), (unsigned)suggested);
}

static void use_slab(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_sent(uv_udp_send_t* req, int status) {
    struct echo* echo = (struct echo*)req;
    UNUSED(status);
    free(echo->bytes);
    free(echo);
}

static void echo_allocated(uv_udp_t* udp, ssize_t size, const uv_buf_t* buf, const struct sockaddr* from, unsigned flags) {
    UNUSED(flags);
    if (size <= 0 || from == NULL) {
        free(buf->base);
        return;
    }
    struct echo* echo = malloc(sizeof *echo);
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)size);
    CHECK(echo != NULL);
    echo->bytes = buf->base;
    CHECK_OK(uv_udp_send(&echo->req, udp, &out, 1, from, on_sent));
}

/* A datagram for which the socket has no room is lost, as datagrams may be. */
static void echo_static(uv_udp_t* udp, ssize_t size, const uv_buf_t* buf, const struct sockaddr* from, unsigned flags) {
    UNUSED(flags);
    if (size <= 0 || from == NULL) return;
    uv_buf_t out = uv_buf_init(buf->base, (unsigned)size);
    uv_udp_try_send(udp, &out, 1, from);
}

int main(int argc, char** argv) {
    begin(argc, argv);
    int is_static = arg_is("mode", "static");
    struct sockaddr_in address;
    int length = sizeof address;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_udp_init(&loop, &server));
    CHECK_OK(uv_ip4_addr("127.0.0.1", 0, &address));
    CHECK_OK(uv_udp_bind(&server, (const struct sockaddr*)&address, 0));
    CHECK_OK(uv_udp_getsockname(&server, (struct sockaddr*)&address, &length));
    CHECK_OK(uv_udp_recv_start(&server, is_static ? use_slab : allocate, is_static ? echo_static : echo_allocated));
    report_library();
    report_loop(&loop);
    printf("port %d\nready 1\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(&loop, UV_RUN_DEFAULT);
}
