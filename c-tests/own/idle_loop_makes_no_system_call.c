/* A loop with a thousand open connections and nothing to do makes no system call for five seconds, on any thread. The
 * test runs itself under strace and counts the calls between two marks. */
/* timeout: 30 */
/* not on kernels: strace takes minutes where the processor is emulated */
/* not on aarch64: strace does not see the calls of what qemu runs */
/* no leak check: it finds no leaks in a process that strace follows, and fails */
#include "check.h"

enum { CONNECTIONS = 1000 };

static const char mark[] = "/uvring-test-mark";
static uv_loop_t loop;
static uv_tcp_t server;
static uv_tcp_t accepted[CONNECTIONS];
static int clients[CONNECTIONS];
static uv_timer_t timer;
static uv_async_t async;
static int count, timers;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(nread);
    UNUSED(buf);
    FAIL("nobody sends");
}

static void on_connection(uv_stream_t* stream, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &accepted[count]));
    CHECK_OK(uv_accept(stream, (uv_stream_t*)&accepted[count]));
    CHECK_OK(uv_read_start((uv_stream_t*)&accepted[count], lend_slab, on_read));
    count++;
}

static void on_async(uv_async_t* handle) { UNUSED(handle); }

static void on_timer(uv_timer_t* handle) {
    access(mark, F_OK);
    if (++timers == 1) {
        CHECK_OK(uv_timer_start(handle, on_timer, 5000, 0));
    } else {
        uv_stop(&loop);
    }
}

static void after_work(uv_work_t* req, int status) { UNUSED(req); CHECK_EQ(status, 0); }

static void child(void) {
    struct rlimit limit;
    uv_work_t work;
    int port;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * CONNECTIONS + 64) exit(77);
    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_async_init(&loop, &async, on_async));
    port = tcp_listen(&loop, &server, 128, on_connection);
    /* The pool has had work too: its threads sleep like the loop. */
    CHECK_OK(uv_queue_work(&loop, &work, do_nothing, after_work));
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = connect_plain(port);
        while (count <= i) uv_run(&loop, UV_RUN_ONCE);
    }
    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 200, 0));
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < CONNECTIONS; i++) close(clients[i]);
    finish_loop(&loop);
}

int main(int argc, char** argv) {
    char line[1000], first[1000] = "";
    FILE* file;
    int marks = 0, calls = 0;
    UNUSED(argv);
    watchdog(28);
    if (argc > 1) {
        child();
        return 0;
    }
    file = trace_of_child("trace=all", NULL, NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, mark) != NULL) {
            marks++;
        } else if (marks == 1) {
            /* The wait itself, and at most an empty-handed look around it. */
            if (calls++ == 3) snprintf(first, sizeof first, "%s", line);
        }
    }
    fclose(file);
    CHECK_EQ(marks, 2);
    if (calls > 3) FAIL("%d system calls in five idle seconds, the fourth: %s", calls, first);
    return 0;
}
