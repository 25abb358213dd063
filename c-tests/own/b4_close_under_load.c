/* B4 under load: ten thousand streams wait for data (fewer where the limit of descriptors is lower); each uv_close ends
 * its connection before it returns. */
/* timeout: 30 */
#include "check.h"

static uv_loop_t loop;
static uv_pipe_t* handles;
static int* peers;
static unsigned closed;

static void on_read(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    UNUSED(buf);
    CHECK_EQ(nread, 0);
}

static void on_close(uv_handle_t* handle) {
    UNUSED(handle);
    closed++;
}

int main(void) {
    struct rlimit limit;
    uint64_t state = 42;
    unsigned count = 10000;
    watchdog(28);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur != RLIM_INFINITY && (limit.rlim_cur - 64) / 2 < count) {
        count = (unsigned)(limit.rlim_cur - 64) / 2;
    }
    handles = calloc(count, sizeof *handles);
    peers = calloc(count, sizeof *peers);
    unsigned* order = calloc(count, sizeof *order);

    CHECK_OK(uv_loop_init(&loop));
    for (unsigned i = 0; i < count; i++) {
        peers[i] = pipe_handle(&loop, &handles[i]);
        CHECK_OK(uv_read_start((uv_stream_t*)&handles[i], lend_slab, on_read));
        order[i] = i;
    }
    for (unsigned i = count - 1; i > 0; i--) {
        unsigned j = random_next(&state) % (i + 1);
        unsigned swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT);

    for (unsigned i = 0; i < count; i++) {
        char byte;
        int peer = peers[order[i]];
        CHECK_EQ(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
        CHECK_EQ(errno, EAGAIN);
        uv_close((uv_handle_t*)&handles[order[i]], on_close);
        CHECK_EQ(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
        if (i % 1000 == 999) uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(closed, count);
    for (unsigned i = 0; i < count; i++) close(peers[i]);
    free(order);
    free(peers);
    free(handles);
    finish_loop(&loop);
    return 0;
}
