/* Starts /bin/true, one after the other, in a process with `resident` MiB of its own memory in use. */
#include "bench.h"

#include <sys/mman.h>

static uv_loop_t loop;
static uv_process_t process;

static void start(void);

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    if (window_count(1, 1)) start();
}

static void on_exit_cb(uv_process_t* handle, int64_t status, int signal) {
    CHECK(status == 0 && signal == 0);
    uv_close((uv_handle_t*)handle, on_close);
}

static void start(void) {
    char* args[] = {"/bin/true", NULL};
    uv_process_options_t options = {.exit_cb = on_exit_cb, .file = args[0], .args = args};
    CHECK_OK(uv_spawn(&loop, &process, &options));
}

int main(int argc, char** argv) {
    begin(argc, argv);
    size_t size = (size_t)number("resident", 0) << 20;
    if (size > 0) {
        char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(memory != MAP_FAILED);
        for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
    }
    CHECK_OK(uv_loop_init(&loop));
    window_prepare();
    start();
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    window_report();
    end_loop(&loop);
    return 0;
}
