/* B3: a listener whose program does not call uv_accept holds one connection and leaves the others in the kernel's
 * queue, where another owner of the same socket gets them. Closing the listener closes the one it held. */
#include "check.h"

enum { CLIENTS = 8 };

static uv_loop_t loop;
static uv_tcp_t listener;
static int offered;

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    CHECK_EQ(status, 0);
    offered++;
}

/* How many of the clients the far end has let go. */
static int count_closed(int clients[CLIENTS]) {
    int closed = 0;
    for (int i = 0; i < CLIENTS; i++) {
        char byte;
        ssize_t n = recv(clients[i], &byte, 1, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) closed++;
    }
    return closed;
}

int main(void) {
    int clients[CLIENTS], taken[CLIENTS];
    int port, other, count = 0;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    port = tcp_listen(&loop, &listener, CLIENTS, on_connection);
    other = dup(handle_fd(&listener));
    CHECK_GE(other, 0);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < CLIENTS; i++) clients[i] = connect_plain(port);
    for (int i = 0; i < 10; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_EQ(offered, 1);

    while (count < CLIENTS) {
        int fd = accept4(other, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) break;
        taken[count++] = fd;
    }
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(count, CLIENTS - 1);
    CHECK_EQ(count_closed(clients), 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(offered, 1);

    /* Claiming the held one starts the listener again. */
    {
        uv_tcp_t accepted;
        int late = connect_plain(port);
        CHECK_OK(uv_tcp_init(&loop, &accepted));
        CHECK_OK(uv_accept((uv_stream_t*)&listener, (uv_stream_t*)&accepted));
        CHECK_EQ(uv_accept((uv_stream_t*)&listener, (uv_stream_t*)&accepted), UV_EAGAIN);
        while (offered < 2) uv_run(&loop, UV_RUN_ONCE);
        uv_close((uv_handle_t*)&accepted, NULL);
        uv_run(&loop, UV_RUN_NOWAIT);
        CHECK_EQ(count_closed(clients), 1);

        uv_close((uv_handle_t*)&listener, NULL);
        uv_run(&loop, UV_RUN_DEFAULT);
        set_receive_timeout(late, 5000);
        char byte;
        ssize_t n = recv(late, &byte, 1, 0);
        CHECK(n == 0 || (n < 0 && errno == ECONNRESET));
        close(late);
    }
    for (int i = 0; i < count; i++) close(taken[i]);
    for (int i = 0; i < CLIENTS; i++) close(clients[i]);
    close(other);
    finish_loop(&loop);
    return 0;
}
