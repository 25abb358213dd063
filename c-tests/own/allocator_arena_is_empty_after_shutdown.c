/* BIND's pattern: the program's own allocator is put in place first, everything is used and closed, uv_library_shutdown is
 * called, and then nothing that the allocator gave is left: the arena behind it may be destroyed. */
#include "everything.h"

static _Atomic long live, total;

static void* arena_malloc(size_t size) {
    void* p = malloc(size);
    if (p != NULL) live++, total++;
    return p;
}

static void* arena_calloc(size_t count, size_t size) {
    void* p = calloc(count, size);
    if (p != NULL) live++, total++;
    return p;
}

static void* arena_realloc(void* old, size_t size) {
    void* p = realloc(old, size);
    if (p != NULL && old == NULL) live++, total++;
    return p;
}

static void arena_free(void* p) {
    if (p != NULL) live--;
    free(p);
}

static int ended;

static void on_exit_(uv_process_t* process, int64_t status, int signum) {
    UNUSED(status);
    UNUSED(signum);
    ended++;
    uv_close((uv_handle_t*)process, NULL);
}

static void on_name(uv_getaddrinfo_t* req, int status, struct addrinfo* result) {
    UNUSED(req);
    CHECK_OK(status);
    uv_freeaddrinfo(result);
    ended++;
}

static void on_names(uv_fs_t* req) {
    uv_dirent_t entry;
    CHECK_GE(req->result, 0);
    while (uv_fs_scandir_next(req, &entry) == 0) continue;
    uv_fs_req_cleanup(req);
    ended++;
}

static void on_change(uv_fs_event_t* handle, const char* name, int events, int status) {
    UNUSED(handle);
    UNUSED(name);
    UNUSED(events);
    UNUSED(status);
}

static void on_poll(uv_fs_poll_t* handle, int status, const uv_stat_t* old, const uv_stat_t* now) {
    UNUSED(handle);
    UNUSED(status);
    UNUSED(old);
    UNUSED(now);
}

static void on_signal(uv_signal_t* handle, int signum) {
    UNUSED(signum);
    ended++;
    uv_close((uv_handle_t*)handle, NULL);
}

static void on_rest(uv_timer_t* handle) {
    static uv_fs_event_t* event;
    event = handle->data;
    uv_close((uv_handle_t*)event, NULL);
    uv_close((uv_handle_t*)event->data, NULL);
    uv_close((uv_handle_t*)handle, NULL);
}

static void the_rest(uv_loop_t* l) {
    static uv_process_t process;
    static uv_getaddrinfo_t lookup;
    static uv_fs_t names;
    static uv_fs_event_t event;
    static uv_fs_poll_t poll_handle;
    static uv_signal_t sig;
    static uv_timer_t end;
    static uv_udp_t udp;
    static uv_pipe_t pipe_handle_;
    char path[400];
    char* args[] = {(char*)"/bin/true", NULL};
    uv_process_options_t options = {.file = args[0], .args = args, .exit_cb = on_exit_};
    struct sockaddr_in addr = loopback(0);
    CHECK_OK(uv_loop_init(l));
    CHECK_OK(uv_spawn(l, &process, &options));
    CHECK_OK(uv_getaddrinfo(l, &lookup, on_name, "127.0.0.1", "80", NULL));
    CHECK_OK(uv_fs_scandir(l, &names, "/", 0, on_names));
    CHECK_OK(uv_fs_event_init(l, &event));
    CHECK_OK(uv_fs_event_start(&event, on_change, temp_dir(), 0));
    CHECK_OK(uv_fs_poll_init(l, &poll_handle));
    CHECK_OK(uv_fs_poll_start(&poll_handle, on_poll, temp_dir(), 10));
    CHECK_OK(uv_signal_init(l, &sig));
    CHECK_OK(uv_signal_start(&sig, on_signal, SIGUSR1));
    CHECK_OK(uv_udp_init(l, &udp));
    CHECK_OK(uv_udp_bind(&udp, (struct sockaddr*)&addr, 0));
    uv_close((uv_handle_t*)&udp, NULL);
    snprintf(path, sizeof path, "%s/socket", temp_dir());
    CHECK_OK(uv_pipe_init(l, &pipe_handle_, 0));
    CHECK_OK(uv_pipe_bind(&pipe_handle_, path));
    uv_close((uv_handle_t*)&pipe_handle_, NULL);
    event.data = &poll_handle;
    end.data = &event;
    CHECK_OK(uv_timer_init(l, &end));
    CHECK_OK(uv_timer_start(&end, on_rest, 100, 0));
    raise(SIGUSR1);
    uv_run(l, UV_RUN_DEFAULT);
    CHECK_EQ(ended, 4);
    CHECK_OK(uv_loop_close(l));
}

int main(int argc, char** argv) {
    static uv_loop_t second;
    char title[64];
    watchdog(40);
    CHECK_OK(uv_replace_allocator(arena_malloc, arena_realloc, arena_calloc, arena_free));
    uv_setup_args(argc, argv);
    everything();
    the_rest(&second);
    CHECK_OK(uv_set_process_title("arena"));
    CHECK_OK(uv_get_process_title(title, sizeof title));
    CHECK_GT(total, 0);
    uv_library_shutdown();
    CHECK_EQ(live, 0);
    CHECK_OK(uv_replace_allocator(malloc, realloc, calloc, free));
    return 0;
}
