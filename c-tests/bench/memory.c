/* Resident bytes, as the process grows. op=connection: for each of `count` idle TCP connections that are being read, with
 * its uv_tcp_t, but for the first few, with which the code for them is loaded; op=loop: for each of `count` loops that have run. */
#include "bench.h"

#include <sys/mman.h>
#include <sys/socket.h>

enum { FIRST = 20 };

static uv_loop_t loop;
static uv_tcp_t listener, *clients;
static size_t wanted, accepted;
static char slab[65536];

static void use_slab(uv_handle_t* handle, size_t suggested, uv_buf_t* buf) {
    UNUSED(handle);
    UNUSED(suggested);
    *buf = uv_buf_init(slab, sizeof slab);
}

static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK(size == 0);
}

static void on_connection(uv_stream_t* stream, int status) {
    uv_tcp_t* client = &clients[accepted++];
    CHECK_OK(status);
    CHECK_OK(uv_tcp_init(&loop, client));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)client));
    CHECK_OK(uv_read_start((uv_stream_t*)client, use_slab, on_read));
    if (accepted == FIRST || accepted == wanted) uv_stop(&loop);
}

/* The other ends are in a process of their own; it ends when the pipe to it is closed. */
static void dial_all(int port, int wait_for) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    to.sin_port = htons((uint16_t)port);
    for (size_t i = 0; i < wanted; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr*)&to, sizeof to) == 0);
    }
    if (read(wait_for, &byte, 1) < 0) _exit(1);
    _exit(0);
}


static void connections(void) {
    struct sockaddr_in address;
    int ends[2], length = sizeof address;
    wanted = files_allowed((size_t)number("count", 10000));
    /* Pages of its own, untouched, so that the handles count when they are used. */
    clients = mmap(NULL, wanted * sizeof *clients, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(clients != MAP_FAILED && pipe(ends) == 0);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &listener));
    CHECK_OK(uv_ip4_addr("127.0.0.1", 0, &address));
    CHECK_OK(uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0));
    CHECK_OK(uv_listen((uv_stream_t*)&listener, 4096, on_connection));
    CHECK_OK(uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &length));
    uv_run(&loop, UV_RUN_NOWAIT);
    fflush(stdout);
    if (fork() == 0) {
        close(ends[1]);
        dial_all(ntohs(address.sin_port), ends[0]);
    }
    while (accepted < FIRST) uv_run(&loop, UV_RUN_DEFAULT);
    uv_run(&loop, UV_RUN_NOWAIT);
    size_t first = accepted;
    double before = resident();
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK(accepted == wanted && wanted > first);
    result("value", (resident() - before) / (double)(wanted - first));
    close(ends[1]);
}

static void on_timer(uv_timer_t* timer) {
    uv_close((uv_handle_t*)timer, NULL);
}

static void run_once(uv_loop_t* one) {
    uv_timer_t timer;
    CHECK_OK(uv_loop_init(one));
    CHECK_OK(uv_timer_init(one, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK(uv_run(one, UV_RUN_DEFAULT) == 0);
}

static void loops(void) {
    wanted = (size_t)number("count", 100);
    uv_loop_t* all = calloc(wanted + 1, sizeof *all);
    CHECK(all != NULL);
    run_once(&all[wanted]);
    double before = resident();
    for (size_t i = 0; i < wanted; i++) run_once(&all[i]);
    result("value", (resident() - before) / (double)wanted);
    for (size_t i = 0; i <= wanted; i++) CHECK_OK(uv_loop_close(&all[i]));
}

int main(int argc, char** argv) {
    begin(argc, argv);
    if (arg_is("op", "loop")) {
        loops();
    } else {
        connections();
    }
    report_library();
    return 0;
}
