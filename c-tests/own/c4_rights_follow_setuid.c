/* C4: a loop that was used as root loses root's rights with the process: what only root may open, stat or connect to is
 * refused afterwards, by whichever thread or kernel worker does it. Also when the rights go between a call and the turn
 * that carries it out. */
#include "check.h"

#include <grp.h>

static uv_loop_t loop;
static char secret[300], hidden[300], name[300];
static int done;

static void on_allowed(uv_fs_t* req) {
    CHECK_GE(req->result, 0);
    if (req->fs_type == UV_FS_OPEN) close((int)req->result);
    uv_fs_req_cleanup(req);
    done++;
}

static void on_refused(uv_fs_t* req) {
    CHECK_EQ(req->result, UV_EACCES);
    uv_fs_req_cleanup(req);
    done++;
}

static void on_connection(uv_stream_t* server, int status) {
    UNUSED(server);
    UNUSED(status);
}

static void on_connect(uv_connect_t* req, int status) {
    UNUSED(req);
    CHECK_EQ(status, UV_EACCES);
    done++;
}

static void ask(uv_fs_t* reqs, uv_fs_cb cb) {
    CHECK_OK(uv_fs_open(&loop, &reqs[0], secret, O_RDONLY, 0, cb));
    CHECK_OK(uv_fs_stat(&loop, &reqs[1], hidden, cb));
    CHECK_OK(uv_fs_open(&loop, &reqs[2], secret, O_RDWR, 0, cb));
    CHECK_OK(uv_fs_access(&loop, &reqs[3], secret, R_OK, cb));
}

static void drop_rights(void) {
    CHECK_OK(setgroups(0, NULL));
    CHECK_OK(setresgid(65534, 65534, 65534));
    CHECK_OK(setresuid(65534, 65534, 65534));
}

/* In a turn: the rights go before the poll phase in which the requests are looked at. libuv's threads have begun with them
 * by then, perhaps, so either answer is right there, but never a third. */
static uv_fs_t in_turn[4];

static void on_either(uv_fs_t* req) {
    CHECK(req->result >= 0 || req->result == UV_EACCES);
    if (req->fs_type == UV_FS_OPEN && req->result >= 0) close((int)req->result);
    uv_fs_req_cleanup(req);
    done++;
}

static void on_timer(uv_timer_t* timer) {
    ask(in_turn, on_either);
    drop_rights();
    uv_close((uv_handle_t*)timer, NULL);
}

static void check_rights(const char* dir) {
    uv_fs_t before[4], after[4];
    uv_pipe_t server, client;
    uv_connect_t connect_req;
    uv_timer_t timer;
    int fd;
    snprintf(secret, sizeof secret, "%s/secret", dir);
    snprintf(hidden, sizeof hidden, "%s/folder", dir);
    snprintf(name, sizeof name, "%s/socket", dir);
    CHECK_OK(chmod(dir, 0755));
    fd = open(secret, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    close(fd);
    CHECK_OK(mkdir(hidden, 0700));
    snprintf(hidden, sizeof hidden, "%s/folder/file", dir);
    fd = open(hidden, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    CHECK_GE(fd, 0);
    close(fd);

    CHECK_OK(uv_loop_init(&loop));
    ask(before, on_allowed);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 4);
    CHECK_OK(uv_pipe_init(&loop, &server, 0));
    CHECK_OK(uv_pipe_bind(&server, name));
    CHECK_OK(chmod(name, 0700));
    CHECK_OK(uv_listen((uv_stream_t*)&server, 1, on_connection));
    uv_unref((uv_handle_t*)&server);

    CHECK_OK(uv_timer_init(&loop, &timer));
    CHECK_OK(uv_timer_start(&timer, on_timer, 1, 0));
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 8);

    ask(after, on_refused);
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
    CHECK_EQ(done, 12);
    CHECK_OK(uv_pipe_init(&loop, &client, 0));
    uv_pipe_connect(&connect_req, &client, name, on_connect);
    while (done < 13) uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t*)&server, NULL);
    finish_loop(&loop);
}

int main(void) {
    const char* dir;
    pid_t child;
    watchdog(20);
    if (geteuid() != 0) SKIP("only root has rights to lose");
    dir = temp_dir();
    /* In a child: the parent keeps the rights to clean up. */
    child = fork();
    CHECK_GE(child, 0);
    if (child == 0) {
        check_rights(dir);
        _exit(0);
    }
    expect_child_success(child);
    return 0;
}
