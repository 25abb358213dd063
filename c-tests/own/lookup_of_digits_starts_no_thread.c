/* Lookups of addresses in digits start no thread and are answered by the next turn, even while every thread of the pool is
 * at work; until then they can be cancelled, and uv_backend_timeout says not to wait. A question that needs more does start one. */
/* not on libuv: it has the pool look up everything */
#include "check.h"

#include <dirent.h>
#include <netdb.h>

static uv_loop_t loop;
static uv_sem_t may_end;
static int calls, cancelled;

static int threads(void) {
    DIR* dir = opendir("/proc/self/task");
    int count = 0;
    CHECK(dir != NULL);
    for (struct dirent* entry; (entry = readdir(dir)) != NULL;) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void on_found(uv_getaddrinfo_t* req, int status, struct addrinfo* found) {
    UNUSED(req);
    CHECK(status == 0 || (status == UV_EAI_CANCELED && found == NULL));
    cancelled += status != 0;
    uv_freeaddrinfo(found);
    calls++;
}

static void on_name(uv_getnameinfo_t* req, int status, const char* host, const char* service) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    CHECK_STR(host, "127.0.0.1");
    CHECK_STR(service, "80");
    calls++;
}

static void ask_digits(void) {
    static const char* const hosts[] = {"127.0.0.1", "::1", "0x7f.1", NULL};
    uv_getaddrinfo_t reqs[4];
    uv_getnameinfo_t name_req;
    struct addrinfo hints;
    struct sockaddr_in addr = loopback(80);
    memset(&hints, 0, sizeof hints);
    calls = cancelled = 0;
    for (int i = 0; i < 4; i++) {
        hints.ai_family = hosts[i] == NULL ? AF_INET6 : AF_UNSPEC;
        CHECK_OK(uv_getaddrinfo(&loop, &reqs[i], on_found, hosts[i], "80", &hints));
    }
    CHECK_OK(uv_getnameinfo(&loop, &name_req, on_name, (struct sockaddr*)&addr, NI_NUMERICHOST | NI_NUMERICSERV));
    CHECK_EQ(uv_cancel((uv_req_t*)&reqs[1]), 0);
    CHECK_EQ(uv_backend_timeout(&loop), 0);
    CHECK_EQ(calls, 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_EQ(calls, 5);
    CHECK_EQ(cancelled, 1);
}

static void block(uv_work_t* req) {
    UNUSED(req);
    uv_sem_wait(&may_end);
}

static void after_block(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
}

int main(void) {
    uv_getaddrinfo_t req;
    uv_work_t work[4];
    int before;
    watchdog(10);
    CHECK_OK(uv_loop_init(&loop));
    before = threads();
    ask_digits();
    CHECK_EQ(threads(), before);

    CHECK_OK(uv_sem_init(&may_end, 0));
    for (int i = 0; i < 4; i++) CHECK_OK(uv_queue_work(&loop, &work[i], block, after_block));
    before = threads();
    ask_digits();
    CHECK_EQ(threads(), before);
    for (int i = 0; i < 4; i++) uv_sem_post(&may_end);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);

    /* Without hints the addresses of this machine matter. */
    before = threads();
    CHECK_OK(uv_getaddrinfo(&loop, &req, on_found, "127.0.0.1", "80", NULL));
    CHECK_EQ(threads(), before + 1);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(calls, 6);
    finish_loop(&loop);
    uv_sem_destroy(&may_end);
    return 0;
}
