/* `polls` uv_poll_t on pipes. Before each turn the next 16 pipes get a byte; each callback reads its own. */
#include "bench.h"

#include <fcntl.h>

enum { AT_ONCE = 16 };

struct pipe {
    uv_poll_t poll;
    int ends[2], has_byte;
};

static uv_loop_t loop;
static uv_idle_t idle;
static struct pipe* pipes;
static size_t pipe_count, next_pipe, outstanding;

static void close_all(void) {
    uv_close((uv_handle_t*)&idle, NULL);
    for (size_t i = 0; i < pipe_count; i++) uv_close((uv_handle_t*)&pipes[i].poll, NULL);
}

static void on_poll(uv_poll_t* poll, int status, int events) {
    struct pipe* pipe = (struct pipe*)poll;
    char byte;
    CHECK_OK(status);
    CHECK(events == UV_READABLE && pipe->has_byte == 1);
    CHECK(read(pipe->ends[0], &byte, 1) == 1);
    pipe->has_byte = 0;
    outstanding--;
    if (!window_count(1, 16) && !uv_is_closing((uv_handle_t*)&idle)) close_all();
}

static void on_idle(uv_idle_t* handle) {
    UNUSED(handle);
    if (outstanding > 0) return;
    for (int i = 0; i < AT_ONCE; i++) {
        struct pipe* pipe = &pipes[next_pipe++ % pipe_count];
        CHECK(write(pipe->ends[1], "x", 1) == 1);
        pipe->has_byte = 1;
        outstanding++;
    }
}

int main(int argc, char** argv) {
    begin(argc, argv);
    pipe_count = (size_t)number("polls", 1000);
    pipes = calloc(pipe_count, sizeof *pipes);
    CHECK(pipes != NULL && pipe_count >= AT_ONCE);
    CHECK_OK(uv_loop_init(&loop));
    for (size_t i = 0; i < pipe_count; i++) {
        CHECK(pipe2(pipes[i].ends, O_NONBLOCK | O_CLOEXEC) == 0);
        CHECK_OK(uv_poll_init(&loop, &pipes[i].poll, pipes[i].ends[0]));
        CHECK_OK(uv_poll_start(&pipes[i].poll, UV_READABLE, on_poll));
    }
    CHECK_OK(uv_idle_init(&loop, &idle));
    CHECK_OK(uv_idle_start(&idle, on_idle));
    window_prepare();
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    window_report();
    end_loop(&loop);
    return 0;
}
