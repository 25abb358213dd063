/* uvring_cancel ends a write that the kernel has not taken; what is before and behind it goes out, and what it has sent stays told. Nor
 * does gathering on a connection that is being made change when that is told. */
/* not on libuv: it gathers nothing */
#include "check.h"

#include <uvring.h>

static uv_loop_t loop;
static uv_tcp_t tcp, server;
static uvring_write_t reqs[3];
static char big[20000000];
static int called, connected, above;

static void on_write(uvring_write_t* req, int status) {
    CHECK(req == &reqs[called]);
    CHECK_EQ(status, called == 1 ? UV_ECANCELED : 0);
    if (called == 1) CHECK_LT(req->done, sizeof big);
    called++;
}

static void receive(void* arg) {
    static char data[65536];
    char last = 0;
    ssize_t n;
    while ((n = recv(*(int*)arg, data, sizeof data, 0)) > 0) last = data[n - 1];
    CHECK_EQ(n, 0);
    CHECK_EQ(last, 'c');
}

static void on_watermark(uv_stream_t* stream, int is_above) {
    UNUSED(stream);
    CHECK_EQ(connected, 1);
    above += is_above;
}

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    CHECK_EQ(connected, 0);
    /* Truly. */
    CHECK_GE(getpeername(handle_fd(&tcp), (struct sockaddr*)&(struct sockaddr_storage){0}, &(socklen_t){sizeof(struct sockaddr_storage)}), 0);
    connected = 1;
}

static void on_connection(uv_stream_t* stream, int status) {
    static uv_tcp_t accepted;
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted));
    uv_close((uv_handle_t*)&accepted, NULL);
    uv_close((uv_handle_t*)stream, NULL);
}

int main(void) {
    const char* texts[] = {"a", big, "c"};
    size_t lens[] = {1, sizeof big, 1};
    uv_thread_t receiver;
    uv_connect_t connect_req;
    struct sockaddr_in addr;
    int peer;
    watchdog(20);
    CHECK_OK(uv_loop_init(&loop));
    peer = tcp_handle(&loop, &tcp);
    for (int i = 0; i < 3; i++) {
        uv_buf_t buf = uv_buf_init((char*)texts[i], (unsigned)lens[i]);
        CHECK_OK(uvring_write(&reqs[i], (uv_stream_t*)&tcp, &buf, 1, on_write));
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(called, 1);
    CHECK_OK(uvring_cancel((uvring_req_t*)&reqs[1]));
    CHECK_EQ(called, 1);
    CHECK_EQ(uvring_cancel((uvring_req_t*)&reqs[0]), UV_ENOENT);
    CHECK_OK(uv_thread_create(&receiver, receive, &peer));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(called, 3);
    CHECK_EQ(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 0);
    uv_close((uv_handle_t*)&tcp, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_OK(uv_thread_join(&receiver));
    close(peer);

    addr = loopback(tcp_listen(&loop, &server, 1, on_connection));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect));
    CHECK_OK(uvring_watermarks((uv_stream_t*)&tcp, 0, 1000000, on_watermark));
    for (int i = 0; i < 16; i++) CHECK_OK(uvring_write_copy((uv_stream_t*)&tcp, big, 65536));
    CHECK_OK(uvring_flush(&loop, NULL));
    CHECK_GT(uv_stream_get_write_queue_size((uv_stream_t*)&tcp), 1000000);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(connected, 1);
    finish_loop(&loop);
    return 0;
}
