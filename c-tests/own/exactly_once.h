/* A loop with files in flight, reads armed and writes queued, each of which has to be done once and called back once, whatever becomes of
 * the ring: exactly_once(hook) makes it, calls `hook` in a callback when all is under way, and looks at the effects. */
#ifndef UVRING_OWN_EXACTLY_ONCE_H
#define UVRING_OWN_EXACTLY_ONCE_H

#include "check.h"

enum { ONCE_EACH = 3, ONCE_RECORD = 1000, ONCE_QUEUED = 300000, ONCE_FILES = 7 };

static uv_loop_t once_loop;
static uv_idle_t once_idle;
static uv_check_t once_check;
static uv_timer_t once_timer;
static uv_async_t once_async;
static uv_work_t once_work;
static uv_pipe_t once_writer, once_reader, once_listener;
static uv_write_t once_writes[2];
static uv_fs_t once_reqs[ONCE_FILES][ONCE_EACH], once_waiting_read;
static char once_records[ONCE_EACH][ONCE_RECORD], once_room[16], *once_queued;
static int once_appended, once_ends[2], once_to_close[ONCE_EACH], once_heard, once_turns;
static int once_fs_called, once_written, once_timers, once_asyncs, once_works, once_waited;
static uint64_t once_received;
/* Set where no thread can be had: jobs are refused then, and so is a read of a pipe that would wait, with UV_EAGAIN. */
static int once_threadless;
static void (*once_hook)(void);

static const char* once_name(const char* kind, int i) {
    static char names[8][32];
    static int next;
    char* place = names[next++ % 8];
    snprintf(place, sizeof names[0], "%s%d", kind, i);
    return place;
}

static void once_on_fs(uv_fs_t* req) {
    if (req->result < 0) FAIL("operation %d: %s", (int)req->fs_type, uv_strerror((int)req->result));
    if (req->fs_type == UV_FS_WRITE) CHECK_EQ(req->result, ONCE_RECORD);
    if (req->fs_type == UV_FS_OPEN) close((int)req->result);
    once_fs_called++;
    uv_fs_req_cleanup(req);
}

static void once_on_waiting_read(uv_fs_t* req) {
    if (!once_threadless || req->result != UV_EAGAIN) {
        CHECK_EQ(req->result, 5);
        CHECK_EQ(memcmp(once_room, "hello", 5), 0);
    }
    once_waited++;
    uv_fs_req_cleanup(req);
}

static void once_on_write(uv_write_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    once_written++;
}

static void once_close_when_all_came(void) {
    if (once_received == 2 * ONCE_QUEUED && once_written == 2 && !uv_is_closing((uv_handle_t*)&once_writer)) {
        uv_close((uv_handle_t*)&once_writer, NULL);
        uv_close((uv_handle_t*)&once_reader, NULL);
    }
}

static void once_on_bulk(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    UNUSED(stream);
    CHECK_GE(nread, 0);
    pattern_check(buf->base, once_received, (size_t)nread);
    once_received += (uint64_t)nread;
}

static void once_on_heard(uv_stream_t* stream, ssize_t nread, const uv_buf_t* buf) {
    if (nread == 0) return;
    CHECK_EQ(nread, 5);
    CHECK_EQ(memcmp(buf->base, "world", 5), 0);
    once_heard++;
    uv_close((uv_handle_t*)stream, NULL);
}

static void once_on_timer(uv_timer_t* timer) {
    once_timers++;
    CHECK_OK(uv_async_send(&once_async));
    uv_close((uv_handle_t*)timer, NULL);
}

static void once_on_async(uv_async_t* async) {
    once_asyncs++;
    uv_close((uv_handle_t*)async, NULL);
}

static void once_after_work(uv_work_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, 0);
    once_works++;
}

static void once_start(void) {
    int rc;
    for (int i = 0; i < ONCE_EACH; i++) {
        uv_buf_t record = uv_buf_init(once_records[i], ONCE_RECORD);
        uv_fs_t* reqs[ONCE_FILES];
        for (int k = 0; k < ONCE_FILES; k++) reqs[k] = &once_reqs[k][i];
        CHECK_OK(uv_fs_write(&once_loop, reqs[0], once_appended, &record, 1, -1, once_on_fs));
        CHECK_OK(uv_fs_open(&once_loop, reqs[1], once_name("new", i), UV_FS_O_CREAT | UV_FS_O_EXCL, 0600, once_on_fs));
        CHECK_OK(uv_fs_unlink(&once_loop, reqs[2], once_name("away", i), once_on_fs));
        CHECK_OK(uv_fs_rename(&once_loop, reqs[3], once_name("from", i), once_name("to", i), once_on_fs));
        CHECK_OK(uv_fs_mkdir(&once_loop, reqs[4], once_name("dir", i), 0700, once_on_fs));
        CHECK_OK(uv_fs_stat(&once_loop, reqs[5], once_name("old", i), once_on_fs));
        CHECK_OK(uv_fs_close(&once_loop, reqs[6], once_to_close[i], once_on_fs));
    }
    for (int i = 0; i < 2; i++) {
        uv_buf_t half = uv_buf_init(once_queued + i * ONCE_QUEUED, ONCE_QUEUED);
        CHECK_OK(uv_write(&once_writes[i], (uv_stream_t*)&once_writer, &half, 1, once_on_write));
    }
    rc = uv_queue_work(&once_loop, &once_work, do_nothing, once_after_work);
    if (once_threadless && rc == UV_EAGAIN) {
        once_works++;
    } else {
        CHECK_OK(rc);
    }
    CHECK_OK(uv_timer_start(&once_timer, once_on_timer, 5, 0));
}

static void once_on_idle(uv_idle_t* handle) {
    if (++once_turns == 3) once_start();
    if (once_turns > 3) once_close_when_all_came();
    if (once_turns > 3 && once_received == 2 * ONCE_QUEUED && once_written == 2) uv_close((uv_handle_t*)handle, NULL);
}

/* All is under way; what is waited for comes now. */
static void once_on_check(uv_check_t* handle) {
    if (once_turns != 3) return;
    if (once_hook != NULL) once_hook();
    CHECK_EQ(write(once_ends[1], "hello", 5), 5);
    CHECK_EQ(write(once_turns == 3 ? (int)(intptr_t)once_listener.data : -1, "world", 5), 5);
    uv_close((uv_handle_t*)handle, NULL);
}

static inline int once_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void once_touch(const char* path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
}

static void once_prepare(void) {
    int fds[2];
    if (once_queued == NULL) once_queued = malloc(2 * ONCE_QUEUED);
    pattern_fill(once_queued, 0, 2 * ONCE_QUEUED);
    once_appended = open("appended", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    CHECK_GE(once_appended, 0);
    CHECK_EQ(pipe2(once_ends, O_CLOEXEC), 0);
    for (int i = 0; i < ONCE_EACH; i++) {
        memset(once_records[i], 'a' + i, ONCE_RECORD);
        unlink(once_name("new", i));
        rmdir(once_name("dir", i));
        once_touch(once_name("old", i));
        once_touch(once_name("away", i));
        once_touch(once_name("from", i));
        once_to_close[i] = open(once_name("old", i), O_RDONLY | O_CLOEXEC);
        CHECK_GE(once_to_close[i], 0);
    }
    CHECK_OK(uv_loop_init(&once_loop));
    once_listener.data = (void*)(intptr_t)pipe_handle(&once_loop, &once_listener);
    CHECK_OK(uv_read_start((uv_stream_t*)&once_listener, lend_slab, once_on_heard));
    unix_pair(fds);
    CHECK_OK(uv_pipe_init(&once_loop, &once_writer, 0));
    CHECK_OK(uv_pipe_open(&once_writer, fds[0]));
    CHECK_OK(uv_pipe_init(&once_loop, &once_reader, 0));
    CHECK_OK(uv_pipe_open(&once_reader, fds[1]));
    CHECK_OK(uv_read_start((uv_stream_t*)&once_reader, lend_slab, once_on_bulk));
    CHECK_OK(uv_idle_init(&once_loop, &once_idle));
    CHECK_OK(uv_idle_start(&once_idle, once_on_idle));
    CHECK_OK(uv_check_init(&once_loop, &once_check));
    CHECK_OK(uv_check_start(&once_check, once_on_check));
    CHECK_OK(uv_timer_init(&once_loop, &once_timer));
    CHECK_OK(uv_async_init(&once_loop, &once_async, once_on_async));
}

static void once_look_at_effects(void) {
    char text[ONCE_EACH * ONCE_RECORD + 1];
    int fd = open("appended", O_RDONLY | O_CLOEXEC), seen = 0;
    CHECK_EQ(read(fd, text, sizeof text), ONCE_EACH * ONCE_RECORD);
    for (int i = 0; i < ONCE_EACH; i++) {
        char* record = text + i * ONCE_RECORD;
        CHECK_EQ(memcmp(record, once_records[record[0] - 'a'], ONCE_RECORD), 0);
        seen |= 1 << (record[0] - 'a');
        CHECK_EQ(access(once_name("new", i), F_OK), 0);
        CHECK_EQ(access(once_name("dir", i), F_OK), 0);
        CHECK_EQ(access(once_name("away", i), F_OK), -1);
        CHECK_EQ(access(once_name("from", i), F_OK), -1);
        CHECK_EQ(access(once_name("to", i), F_OK), 0);
    }
    close(fd);
    CHECK_EQ(seen, (1 << ONCE_EACH) - 1);
    CHECK_EQ(once_fs_called, ONCE_FILES * ONCE_EACH);
    CHECK_EQ(once_received, 2 * ONCE_QUEUED);
    CHECK_EQ(once_written, 2);
    CHECK(once_heard == 1 && once_waited == 1 && once_works == 1 && once_timers == 1 && once_asyncs == 1);
}

/* In the process's folder, again and again. */
static inline void exactly_once(void (*hook)(void)) {
    uv_buf_t room = uv_buf_init(once_room, sizeof once_room);
    once_hook = hook;
    once_turns = once_fs_called = once_written = once_timers = once_asyncs = once_works = once_waited = once_heard = 0;
    once_received = 0;
    once_prepare();
    CHECK_OK(uv_fs_read(&once_loop, &once_waiting_read, once_ends[0], &room, 1, -1, once_on_waiting_read));
    CHECK_EQ(uv_run(&once_loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(uv_loop_close(&once_loop), 0);
    close(once_appended);
    close(once_ends[0]);
    close(once_ends[1]);
    close((int)(intptr_t)once_listener.data);
    once_look_at_effects();
}

#endif
