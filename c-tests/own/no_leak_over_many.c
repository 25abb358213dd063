/* Connections, files, children and loops, 300 to 10 000 of each, leave nothing: no descriptor, and no memory that grows; each descriptor is
 * close-on-exec, and a loop has no more of them than libuv's. UVRING_LEAKS multiplies the numbers: 100 makes it a million connections. */
/* timeout: 120 */
/* not on aarch64: it takes minutes there */
/* not on asan: its allocator has no mallopt() */
#include "check.h"

#include <malloc.h>

enum { CONNECTIONS = 10000, FILES = 10000, CHILDREN = 300, LOOPS = 1000 };
/* What libuv's first loop takes. */
enum { MOST_OF_LOOP = 7 };

static uv_loop_t loop;
static int left;
static char inherited[1024];

/* How many are open that were not from the start, and one that an exec would pass on. */
static int descriptors(int* leaky) {
    int count = 0;
    for (int fd = 0; fd < (int)sizeof inherited; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags == -1 || inherited[fd]) continue;
        count++;
        if (!(flags & FD_CLOEXEC)) *leaky = fd;
    }
    return count;
}

/* --- connections --- */

static uv_tcp_t server, client, served;
static uv_connect_t connecting;
static uv_write_t writing;

static void connect_again(uv_handle_t* handle);

static void on_gone(uv_handle_t* handle) {
    if (handle == (uv_handle_t*)&served) uv_close((uv_handle_t*)&client, connect_again);
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    if (n == 0) return;
    CHECK_EQ(n, 5);
    uv_close((uv_handle_t*)stream, on_gone);
}

static void on_connection(uv_stream_t* listener, int status) {
    CHECK_EQ(status, 0);
    CHECK_OK(uv_tcp_init(&loop, &served));
    CHECK_OK(uv_accept(listener, (uv_stream_t*)&served));
    CHECK_OK(uv_read_start((uv_stream_t*)&served, lend_slab, on_read));
}

static void on_written(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
}

static void on_connected(uv_connect_t* req, int status) {
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    CHECK_EQ(status, 0);
    CHECK_OK(uv_write(&writing, req->handle, &buf, 1, on_written));
}

static void connect_again(uv_handle_t* handle) {
    struct sockaddr_in addr;
    int len = sizeof addr;
    struct linger at_once = {1, 0};
    UNUSED(handle);
    if (left-- == 0) {
        uv_close((uv_handle_t*)&server, NULL);
        return;
    }
    CHECK_OK(uv_tcp_getsockname(&server, (struct sockaddr*)&addr, &len));
    CHECK_OK(uv_tcp_init_ex(&loop, &client, AF_INET));
    /* Ports are not worn out. */
    CHECK_EQ(setsockopt(handle_fd(&client), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    CHECK_OK(uv_tcp_connect(&connecting, &client, (struct sockaddr*)&addr, on_connected));
}

static void connections(int count) {
    tcp_listen(&loop, &server, 8, on_connection);
    left = count;
    connect_again(NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(left, -1);
}

/* --- files --- */

static uv_fs_t req;

static void on_file(uv_fs_t* r) {
    uv_buf_t buf = uv_buf_init((char*)"hello", 5);
    ssize_t result = r->result;
    uv_fs_type type = r->fs_type;
    uv_file file = type == UV_FS_OPEN ? (uv_file)result : r->file;
    CHECK_GE(result, 0);
    uv_fs_req_cleanup(r);
    switch (type) {
        case UV_FS_OPEN: CHECK_OK(uv_fs_write(&loop, r, file, &buf, 1, 0, on_file)); break;
        case UV_FS_WRITE: CHECK_OK(uv_fs_fstat(&loop, r, file, on_file)); break;
        case UV_FS_FSTAT: CHECK_OK(uv_fs_close(&loop, r, file, on_file)); break;
        default:
            if (left-- > 0) CHECK_OK(uv_fs_open(&loop, r, "file", UV_FS_O_CREAT | UV_FS_O_RDWR, 0600, on_file));
    }
}

static void files(int count) {
    left = count;
    CHECK_OK(uv_fs_open(&loop, &req, "file", UV_FS_O_CREAT | UV_FS_O_RDWR, 0600, on_file));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(left, -1);
}

/* --- children --- */

static uv_process_t child;
static uv_pipe_t output;

static void on_end(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    if (n != 0) {
        CHECK_EQ(n, UV_EOF);
        uv_close((uv_handle_t*)stream, NULL);
    }
}

static void on_exit_of_child(uv_process_t* process, int64_t status, int signal) {
    CHECK(status == 0 && signal == 0);
    uv_close((uv_handle_t*)process, NULL);
}

static void children(int count) {
    char* args[] = {(char*)"/bin/true", NULL};
    for (int i = 0; i < count; i++) {
        uv_stdio_container_t stdio[2] = {{.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}};
        uv_process_options_t options = {.file = args[0], .args = args, .exit_cb = on_exit_of_child, .stdio = stdio};
        options.stdio_count = 2;
        CHECK_OK(uv_pipe_init(&loop, &output, 0));
        stdio[1].data.stream = (uv_stream_t*)&output;
        CHECK_OK(uv_spawn(&loop, &child, &options));
        CHECK_OK(uv_read_start((uv_stream_t*)&output, lend_slab, on_end));
        uv_run(&loop, UV_RUN_DEFAULT);
    }
}

/* --- loops --- */

static void loops(int count) {
    for (int i = 0; i < count; i++) {
        uv_loop_t other;
        uv_timer_t timer;
        uv_async_t async;
        CHECK_OK(uv_loop_init(&other));
        CHECK_OK(uv_timer_init(&other, &timer));
        CHECK_OK(uv_async_init(&other, &async, NULL));
        CHECK_OK(uv_fs_stat(&other, &req, "file", uv_fs_req_cleanup));
        finish_loop(&other);
    }
}

static const struct {
    const char* name;
    void (*run)(int);
    int count;
} kinds[] = {{"connections", connections, CONNECTIONS}, {"files", files, FILES}, {"children", children, CHILDREN}, {"loops", loops, LOOPS}};

int main(void) {
    const char* times = getenv("UVRING_LEAKS");
    int factor = times != NULL ? atoi(times) : 1, leaky = -1;
    watchdog(factor == 1 ? 110 : 100000);
    CHECK_GT(factor, 0);
    CHECK_EQ(chdir(temp_dir()), 0);
    /* All of it is counted then. */
    CHECK_EQ(mallopt(M_ARENA_MAX, 1), 1);
    for (int fd = 0; fd < (int)sizeof inherited; fd++) inherited[fd] = fcntl(fd, F_GETFD) != -1;
    CHECK_OK(uv_loop_init(&loop));
    CHECK_LE(descriptors(&leaky), MOST_OF_LOOP);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        int open;
        size_t heap;
        /* What is made once, and kept. */
        kinds[i].run(kinds[i].count / 10);
        open = descriptors(&leaky);
        heap = mallinfo2().uordblks;
        kinds[i].run(kinds[i].count * factor);
        CHECK_LE(descriptors(&leaky), open);
        CHECK_EQ(leaky, -1);
        if (mallinfo2().uordblks > heap + 1000) {
            FAIL("%d %s: %zu bytes, then %zu", kinds[i].count * factor, kinds[i].name, heap, mallinfo2().uordblks);
        }
        printf("survives: %s, one after the other | %d leave no descriptor and no memory\n", kinds[i].name, kinds[i].count * factor);
    }
    finish_loop(&loop);
    return 0;
}
