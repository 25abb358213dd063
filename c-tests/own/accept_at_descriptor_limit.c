/* EMFILE: when accept has no descriptor left the listener closes waiting connections with a spare one, so that clients
 * are not left hanging and the loop does not spin; with descriptors again it accepts as before. */
#include "check.h"

enum { CLIENTS = 4 };

static uv_loop_t loop;
static uv_tcp_t listener, accepted;
static uv_timer_t timer;
static int accepts, errors, turns;

static void on_connection(uv_stream_t* server, int status) {
    if (status != 0) {
        CHECK_EQ(status, UV_EMFILE);
        errors++;
        return;
    }
    CHECK_OK(uv_tcp_init(&loop, &accepted));
    CHECK_OK(uv_accept(server, (uv_stream_t*)&accepted));
    accepts++;
}

static void on_prepare(uv_prepare_t* handle) {
    UNUSED(handle);
    turns++;
}

static void on_timer(uv_timer_t* handle) {
    UNUSED(handle);
    uv_stop(&loop);
}

int main(void) {
    struct rlimit limit;
    struct sockaddr_in addr;
    uv_prepare_t prepare;
    int clients[CLIENTS];
    int fillers[256];
    int filled = 0;
    int port, late;
    char byte;
    watchdog(10);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 100;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_prepare_start(&prepare, on_prepare));
    CHECK_OK(uv_timer_init(&loop, &timer));
    port = tcp_listen(&loop, &listener, CLIENTS, on_connection);
    /* Everything the loop opens for itself is open. */
    late = connect_plain(port);
    while (accepts == 0) uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t*)&accepted, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(late);

    addr = loopback(port);
    for (int i = 0; i < CLIENTS; i++) clients[i] = socket(AF_INET, SOCK_STREAM, 0);
    while ((fillers[filled] = dup(0)) >= 0) filled++;
    CHECK_EQ(errno, EMFILE);
    for (int i = 0; i < CLIENTS; i++) CHECK_EQ(connect(clients[i], (struct sockaddr*)&addr, sizeof addr), 0);
    turns = 0;
    CHECK_OK(uv_timer_start(&timer, on_timer, 100, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(accepts, 1);
    CHECK_LE(errors, CLIENTS);
    CHECK_LE(turns, 4 * CLIENTS + 10);
    for (int i = 0; i < CLIENTS; i++) {
        set_receive_timeout(clients[i], 2000);
        ssize_t n = recv(clients[i], &byte, 1, 0);
        if (n != 0 && !(n < 0 && errno == ECONNRESET)) FAIL("client %d was left hanging", i);
    }

    while (filled > 0) close(fillers[--filled]);
    late = connect_plain(port);
    while (accepts == 1) uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(accepts, 2);
    send_all(late, "x", 1);
    for (int i = 0; i < CLIENTS; i++) close(clients[i]);
    close(late);
    finish_loop(&loop);
    return 0;
}
