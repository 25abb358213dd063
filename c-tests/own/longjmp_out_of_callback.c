/* Law 3: a callback may leave uv_run with longjmp. Its handle or request is neither lost nor called again, the loop can
 * be run on and closed. One kind at a time: of several handles in one list libuv forgets those behind the jump. */
#include "check.h"

#include <setjmp.h>

static uv_loop_t loop;
static jmp_buf out;
static char order[64];

static void leave(char c) {
    size_t n = strlen(order);
    CHECK_LT(n, sizeof order - 1);
    order[n] = c;
    longjmp(out, 1);
}

static void on_timer(uv_timer_t* handle) { UNUSED(handle); leave('T'); }
static void on_async(uv_async_t* handle) { UNUSED(handle); leave('A'); }
static void on_idle(uv_idle_t* handle) { CHECK_OK(uv_idle_stop(handle)); leave('I'); }
static void on_prepare(uv_prepare_t* handle) { CHECK_OK(uv_prepare_stop(handle)); leave('P'); }
static void on_check(uv_check_t* handle) { CHECK_OK(uv_check_stop(handle)); leave('C'); }

static void on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    leave('W');
}

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    if (nread == 0) return;
    CHECK_EQ(nread, 5);
    CHECK_EQ(memcmp(buf->base, "hello", 5), 0);
    leave('R');
}

static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); leave('K'); }

static void on_fs(uv_fs_t* req) {
    CHECK_EQ(req->result, 0);
    uv_fs_req_cleanup(req);
    leave('F');
}

/* Arms one kind, lets its callback jump out, runs the loop on, and checks that the callback ran once. */
static void jump_from(char kind) {
    static union {
        uv_timer_t timer;
        uv_async_t async;
        uv_idle_t idle;
        uv_prepare_t prepare;
        uv_check_t check;
        uv_tcp_t tcp;
    } u;
    static uv_write_t write_req;
    static uv_work_t work;
    static uv_fs_t fs_req;
    static volatile int peer;
    static volatile int jumps;
    uv_buf_t buf = uv_buf_init((char*)"x", 1);
    char expected[2] = {kind, 0};
    memset(order, 0, sizeof order);
    peer = -1;
    jumps = 0;
    CHECK_OK(uv_loop_init(&loop));
    switch (kind) {
        case 'T':
            CHECK_OK(uv_timer_init(&loop, &u.timer));
            CHECK_OK(uv_timer_start(&u.timer, on_timer, 1, 0));
            break;
        case 'A':
            CHECK_OK(uv_async_init(&loop, &u.async, on_async));
            CHECK_OK(uv_async_send(&u.async));
            break;
        case 'I':
            CHECK_OK(uv_idle_init(&loop, &u.idle));
            CHECK_OK(uv_idle_start(&u.idle, on_idle));
            break;
        case 'P':
            CHECK_OK(uv_prepare_init(&loop, &u.prepare));
            CHECK_OK(uv_prepare_start(&u.prepare, on_prepare));
            break;
        case 'C':
            CHECK_OK(uv_check_init(&loop, &u.check));
            CHECK_OK(uv_check_start(&u.check, on_check));
            break;
        case 'W':
            peer = tcp_handle(&loop, &u.tcp);
            CHECK_OK(uv_write(&write_req, (uv_stream_t*)&u.tcp, &buf, 1, on_write));
            break;
        case 'R':
            peer = tcp_handle(&loop, &u.tcp);
            CHECK_OK(uv_read_start((uv_stream_t*)&u.tcp, lend_slab, on_read));
            send_all(peer, "hello", 5);
            break;
        case 'K':
            CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
            break;
        default:
            CHECK_OK(uv_fs_stat(&loop, &fs_req, "/", on_fs));
            break;
    }
    if (setjmp(out) != 0) jumps = jumps + 1;
    for (int i = 0; i < 50 && jumps == 0; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        sleep_ms(1);
    }
    CHECK_EQ(jumps, 1);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);
    CHECK_STR(order, expected);
    if (peer >= 0) close(peer);
    finish_loop(&loop);
}

int main(void) {
    watchdog(10);
    for (const char* p = "TAIPCWRKF"; *p; p++) jump_from(*p);
    return 0;
}
