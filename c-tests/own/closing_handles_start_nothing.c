/* A handle that is being closed starts nothing any more: each call that would gives UV_EINVAL. */
/* not on libuv: it ends the process, or starts what is about to go */
#include "check.h"

static void on_connect(uv_connect_t* req, int status) { UNUSED(req); UNUSED(status); FAIL("it connected"); }
static void on_poll(uv_poll_t* handle, int status, int events) { UNUSED(handle); UNUSED(status); UNUSED(events); FAIL("it polls"); }
static void on_signal(uv_signal_t* handle, int signum) { UNUSED(handle); UNUSED(signum); FAIL("it hears signals"); }
static void on_idle(uv_idle_t* handle) { UNUSED(handle); FAIL("it idles"); }
static void on_prepare(uv_prepare_t* handle) { UNUSED(handle); FAIL("it prepares"); }
static void on_check(uv_check_t* handle) { UNUSED(handle); FAIL("it checks"); }
static void on_event(uv_fs_event_t* handle, const char* name, int events, int status) {
    UNUSED(handle); UNUSED(name); UNUSED(events); UNUSED(status);
    FAIL("it watches");
}
static void on_look(uv_fs_poll_t* handle, int status, const uv_stat_t* before, const uv_stat_t* now) {
    UNUSED(handle); UNUSED(status); UNUSED(before); UNUSED(now);
    FAIL("it looks");
}

int main(void) {
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_connect_t connect_req;
    uv_poll_t poll;
    uv_signal_t signal;
    uv_idle_t idle;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_fs_event_t fs_event;
    uv_fs_poll_t fs_poll;
    int fds[2], server = listen_plain(1);
    struct sockaddr_in addr = loopback(socket_port(server));
    watchdog(10);
    unix_pair(fds);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tcp_init(&loop, &tcp));
    CHECK_OK(uv_poll_init(&loop, &poll, fds[0]));
    CHECK_OK(uv_signal_init(&loop, &signal));
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_prepare_init(&loop, &prepare));
    CHECK_OK(uv_check_init(&loop, &check));
    CHECK_OK(uv_fs_event_init(&loop, &fs_event));
    CHECK_OK(uv_fs_poll_init(&loop, &fs_poll));
    void* all[] = {&tcp, &poll, &signal, &idle, &prepare, &check, &fs_event, &fs_poll};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) uv_close(all[i], NULL);
    CHECK_EQ(uv_tcp_connect(&connect_req, &tcp, (struct sockaddr*)&addr, on_connect), UV_EINVAL);
    CHECK_EQ(uv_poll_start(&poll, UV_WRITABLE, on_poll), UV_EINVAL);
    CHECK_EQ(uv_signal_start(&signal, on_signal, SIGUSR1), UV_EINVAL);
    CHECK_EQ(uv_idle_start(&idle, on_idle), UV_EINVAL);
    CHECK_EQ(uv_prepare_start(&prepare, on_prepare), UV_EINVAL);
    CHECK_EQ(uv_check_start(&check, on_check), UV_EINVAL);
    CHECK_EQ(uv_fs_event_start(&fs_event, on_event, ".", 0), UV_EINVAL);
    CHECK_EQ(uv_fs_poll_start(&fs_poll, on_look, ".", 10), UV_EINVAL);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    close(fds[0]);
    close(fds[1]);
    close(server);
    finish_loop(&loop);
    return 0;
}
