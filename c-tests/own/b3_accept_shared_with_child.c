/* B3: a child process that inherited the listening socket accepts every connection but the one on offer, while the
 * loop in the parent keeps turning without calling uv_accept. */
#include "check.h"

enum { CLIENTS = 16 };

static uv_loop_t loop;
static uv_tcp_t listener;
static uv_timer_t timer;
static int offered, turns;

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    CHECK_EQ(status, 0);
    offered++;
}

static void on_timer(uv_timer_t* handle) {
    if (++turns == 30) uv_close((uv_handle_t*)handle, NULL);
}

static void accept_in_child(int fd, int go, int out) {
    char byte;
    unsigned char count = 0;
    struct pollfd pfd = {fd, POLLIN, 0};
    watchdog(10);
    CHECK_EQ(read(go, &byte, 1), 1);
    while (poll(&pfd, 1, 300) == 1) {
        int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
        if (accepted >= 0) count++;
    }
    CHECK_EQ(write(out, &count, 1), 1);
    _exit(0);
}

int main(void) {
    int go[2], out[2], clients[CLIENTS];
    unsigned char count = 0;
    int port;
    pid_t child;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    port = tcp_listen(&loop, &listener, CLIENTS, on_connection);
    CHECK_EQ(pipe2(go, O_CLOEXEC), 0);
    CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) accept_in_child(handle_fd(&listener), go[0], out[1]);

    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 0, 10));
    uv_unref((uv_handle_t*)&listener);
    uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < CLIENTS; i++) clients[i] = connect_plain(port);
    while (offered == 0) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(write(go[1], "g", 1), 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(read(out[0], &count, 1), 1);
    CHECK_EQ(count, CLIENTS - 1);
    CHECK_EQ(offered, 1);
    expect_child_success(child);
    for (int i = 0; i < CLIENTS; i++) close(clients[i]);
    finish_loop(&loop);
    return 0;
}
