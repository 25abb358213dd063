/* uv_getaddrinfo of `host`, `depth` in flight. */
#include "bench.h"

#include <netdb.h>

enum { MOST = 64 };

static uv_loop_t loop;
static uv_getaddrinfo_t requests[MOST];
static int pending[MOST];

static void ask(uv_getaddrinfo_t* req);

static void on_answer(uv_getaddrinfo_t* req, int status, struct addrinfo* found) {
    CHECK_OK(status);
    CHECK(pending[req - requests]-- == 1);
    CHECK(found != NULL && found->ai_family == AF_INET);
    CHECK(((struct sockaddr_in*)found->ai_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    uv_freeaddrinfo(found);
    if (window_count(1, 4)) ask(req);
}

static void ask(uv_getaddrinfo_t* req) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    pending[req - requests]++;
    CHECK_OK(uv_getaddrinfo(&loop, req, on_answer, arg("host", "127.0.0.1"), "80", &hints));
}

int main(int argc, char** argv) {
    begin(argc, argv);
    size_t depth = (size_t)number("depth", 1);
    CHECK(depth >= 1 && depth <= MOST);
    CHECK_OK(uv_loop_init(&loop));
    window_prepare();
    for (size_t i = 0; i < depth; i++) ask(&requests[i]);
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    for (size_t i = 0; i < depth; i++) CHECK(pending[i] == 0);
    window_report();
    end_loop(&loop);
    return 0;
}
