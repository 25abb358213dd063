/* With an allocator that fails at the n-th call, for every n: functions return UV_ENOMEM, or callbacks tell it; nothing
 * crashes, hangs or is lost, and what was begun can be closed. */
/* not on libuv: it frees something twice and is aborted */
/* timeout: 120 */
#include "check.h"

static _Atomic long live, count, fail_at;
static int started, called;

static int fails(void) {
    return ++count == fail_at;
}

static void* failing_malloc(size_t size) {
    void* p = fails() ? NULL : malloc(size);
    if (p != NULL) live++;
    return p;
}

static void* failing_calloc(size_t n, size_t size) {
    void* p = fails() ? NULL : calloc(n, size);
    if (p != NULL) live++;
    return p;
}

static void* failing_realloc(void* old, size_t size) {
    void* p = fails() ? NULL : realloc(old, size);
    if (p != NULL && old == NULL) live++;
    return p;
}

static void counting_free(void* p) {
    if (p != NULL) live--;
    free(p);
}

/* 1 if it went well; 0 without memory; any other error is a failure. */
#define TRY(call) try_(call, #call)
static int try_(int err, const char* what) {
    if (err >= 0) return 1;
    if (err != UV_ENOMEM) FAIL("%s: %s at allocation %ld", what, uv_err_name(err), (long)fail_at);
    return 0;
}

static void result(int status) {
    called++;
    TRY(status);
}

static void on_after(uv_work_t* req, int status) { UNUSED(req); result(status); }
static void on_async(uv_async_t* handle) { UNUSED(handle); }
static void on_timer(uv_timer_t* handle) { UNUSED(handle); }
static void on_signal(uv_signal_t* handle, int signum) { UNUSED(handle); UNUSED(signum); }
static void on_poll(uv_poll_t* handle, int status, int events) { UNUSED(handle); UNUSED(status); UNUSED(events); }
static void on_write(uv_write_t* req, int status) { UNUSED(req); result(status); }
static void on_send(uv_udp_send_t* req, int status) { UNUSED(req); result(status); }
static void on_random(uv_random_t* req, int status, void* b, size_t n) { UNUSED(req); UNUSED(b); UNUSED(n); result(status); }
static void on_change(uv_fs_event_t* h, const char* n, int e, int s) { UNUSED(h); UNUSED(n); UNUSED(e); UNUSED(s); }
static void on_stat(uv_fs_poll_t* h, int s, const uv_stat_t* a, const uv_stat_t* b) { UNUSED(h); UNUSED(a); UNUSED(b); TRY(s); }
static void on_exit_(uv_process_t* h, int64_t s, int n) { UNUSED(h); UNUSED(s); UNUSED(n); }
static void on_name(uv_getaddrinfo_t* req, int status, struct addrinfo* found) {
    UNUSED(req);
    called++;
    if (status != UV_EAI_MEMORY) TRY(status);
    uv_freeaddrinfo(found);
}
static void on_read(uv_stream_t* s, ssize_t n, const uv_buf_t* b) { UNUSED(s); UNUSED(n); UNUSED(b); }
static void on_alloc(uv_handle_t* h, size_t n, uv_buf_t* b) {
    static char slab[4096];
    UNUSED(h);
    UNUSED(n);
    *b = uv_buf_init(slab, sizeof slab);
}
static void on_fs(uv_fs_t* req) {
    uv_dirent_t entry;
    result(req->result == UV_EEXIST ? 0 : (int)req->result);
    if (req->fs_type == UV_FS_SCANDIR && req->result > 0) while (uv_fs_scandir_next(req, &entry) == 0) continue;
    uv_fs_req_cleanup(req);
}

static uv_fs_t fs[8];

static void start_files(uv_loop_t* loop) {
    uv_buf_t bufs[6];
    static char space[6];
    uv_fs_t dir;
    for (int i = 0; i < 6; i++) bufs[i] = uv_buf_init(space + i, 1);
    started += TRY(uv_fs_stat(loop, &fs[0], "/", on_fs));
    started += TRY(uv_fs_scandir(loop, &fs[1], "/", 0, on_fs));
    started += TRY(uv_fs_realpath(loop, &fs[2], "/proc/self/exe", on_fs));
    started += TRY(uv_fs_readlink(loop, &fs[3], "/proc/self/exe", on_fs));
    started += TRY(uv_fs_link(loop, &fs[4], "/", "/", on_fs));
    started += TRY(uv_fs_statfs(loop, &fs[5], "/", on_fs));
    if (fail_at % 2) started += TRY(uv_fs_read(loop, &fs[6], open("/proc/self/exe", O_RDONLY | O_CLOEXEC), bufs, 6, 0, on_fs));
    if (TRY(uv_fs_opendir(NULL, &dir, "/", NULL))) {
        uv_dir_t* d = dir.ptr;
        uv_dirent_t names[4];
        uv_fs_t req;
        uv_fs_req_cleanup(&dir);
        d->dirents = names;
        d->nentries = 4;
        TRY(uv_fs_readdir(NULL, &req, d, NULL));
        uv_fs_req_cleanup(&req);
        CHECK_OK(uv_fs_closedir(NULL, &req, d, NULL));
        uv_fs_req_cleanup(&req);
    }
}

static void start_handles(uv_loop_t* loop, int fds[2]) {
    static uv_timer_t timer;
    static uv_async_t async;
    static uv_signal_t sig;
    static uv_poll_t poll_handle;
    static uv_udp_t udp;
    static uv_pipe_t pipe;
    static uv_fs_event_t event, tree;
    static uv_fs_poll_t fs_poll;
    static uv_process_t process;
    static uv_write_t write_req;
    static uv_udp_send_t send_req;
    static uv_buf_t bufs[8];
    char* args[] = {(char*)"/bin/true", NULL};
    uv_stdio_container_t stdio[] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {.file = args[0], .args = args, .exit_cb = on_exit_, .stdio = stdio, .stdio_count = 3};
    struct sockaddr_in addr = loopback(9);
    for (int i = 0; i < 8; i++) bufs[i] = uv_buf_init((char*)"x", 1);
    if (TRY(uv_timer_init(loop, &timer))) TRY(uv_timer_start(&timer, on_timer, 1, 0));
    if (TRY(uv_async_init(loop, &async, on_async))) CHECK_OK(uv_async_send(&async));
    if (TRY(uv_signal_init(loop, &sig))) TRY(uv_signal_start(&sig, on_signal, SIGUSR1));
    if (TRY(uv_poll_init(loop, &poll_handle, fds[0]))) TRY(uv_poll_start(&poll_handle, UV_READABLE, on_poll));
    if (TRY(uv_udp_init(loop, &udp))) started += TRY(uv_udp_send(&send_req, &udp, bufs, 8, (struct sockaddr*)&addr, on_send));
    CHECK_OK(uv_pipe_init(loop, &pipe, 0));
    TRY(uv_pipe_open(&pipe, fds[1]));
    if (TRY(uv_read_start((uv_stream_t*)&pipe, on_alloc, on_read))) {
        started += TRY(uv_write(&write_req, (uv_stream_t*)&pipe, bufs, 8, on_write));
    }
    CHECK_OK(uv_fs_event_init(loop, &event));
    TRY(uv_fs_event_start(&event, on_change, temp_dir(), 0));
    CHECK_OK(uv_fs_event_init(loop, &tree));
    TRY(uv_fs_event_start(&tree, on_change, temp_dir(), UV_FS_EVENT_RECURSIVE));
    CHECK_OK(uv_fs_poll_init(loop, &fs_poll));
    TRY(uv_fs_poll_start(&fs_poll, on_stat, temp_dir(), 5));
    TRY(uv_spawn(loop, &process, &options));
}

static void stop_all(uv_timer_t* end) { uv_stop(end->loop); }

static void one_round(void) {
    static uv_loop_t loop;
    static uv_timer_t end;
    static uv_work_t work;
    static uv_random_t random_req;
    static uv_getaddrinfo_t lookup;
    static char bytes[16];
    int fds[2];
    started = called = 0;
    if (!TRY(uv_loop_init(&loop))) return;
    unix_pair(fds);
    start_files(&loop);
    start_handles(&loop, fds);
    started += TRY(uv_queue_work(&loop, &work, do_nothing, on_after));
    started += TRY(uv_random(&loop, &random_req, bytes, sizeof bytes, 0, on_random));
    started += TRY(uv_getaddrinfo(&loop, &lookup, on_name, "127.0.0.1", "80", NULL));
    if (TRY(uv_timer_init(&loop, &end))) {
        CHECK_OK(uv_timer_start(&end, stop_all, 12, 0));
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    finish_loop(&loop);
    CHECK_EQ(called, started);
    close(fds[0]);
    if (fs[6].file > 2 && fail_at % 2) close(fs[6].file);
}

int main(void) {
    uv_interface_address_t* addresses;
    uv_cpu_info_t* cpus;
    uv_env_item_t* items;
    int n;
    long most;
    watchdog(100);
    CHECK_OK(uv_replace_allocator(failing_malloc, failing_realloc, failing_calloc, counting_free));
    temp_dir();
    one_round();
    most = count;
    CHECK_GT(most, 20);
    for (fail_at = 1; fail_at <= most + 5; fail_at++) {
        long before = live;
        int lowest = dup(0), now;
        close(lowest);
        count = 0;
        one_round();
        if (live > before) FAIL("%ld left at allocation %ld", live - before, (long)fail_at);
        now = dup(0);
        close(now);
        CHECK_EQ(now, lowest);
    }
    for (fail_at = 1; fail_at < 200; fail_at++) {
        long before = live;
        count = 0;
        if (TRY(uv_interface_addresses(&addresses, &n))) uv_free_interface_addresses(addresses, n);
        if (TRY(uv_cpu_info(&cpus, &n))) uv_free_cpu_info(cpus, n);
        if (TRY(uv_os_environ(&items, &n))) uv_os_free_environ(items, n);
        CHECK_EQ(live, before);
        if (count < fail_at) break;
    }
    fail_at = 0;
    uv_library_shutdown();
    CHECK_EQ(live, 0);
    printf("survives: memory that runs out | each of the %ld allocations of a loop with a bit of everything fails once, and those that list "
           "interfaces, processors and the environment\n",
           most);
    return 0;
}
