/* A server that was killed can be started again at once: its port is free as soon as the process is gone, whatever the
 * library held for it. Listening sockets, datagram sockets, and a listening socket that the program polls itself. */

#include "check.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum kind { LISTENER, DATAGRAM, POLLED };

static void on_connection(uv_stream_t *server, int status) {
  (void) server;
  (void) status;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  static char room[65536];
  (void) handle;
  (void) size;
  *buf = uv_buf_init(room, sizeof(room));
}

static void on_recv(uv_udp_t *udp, ssize_t nread, const uv_buf_t *buf, const struct sockaddr *addr, unsigned flags) {
  (void) udp;
  (void) nread;
  (void) buf;
  (void) addr;
  (void) flags;
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  (void) poll;
  (void) status;
  (void) events;
}

static int bound_socket(enum kind kind, struct sockaddr_in *addr) {
  int fd = socket(AF_INET, kind == DATAGRAM ? SOCK_DGRAM : SOCK_STREAM, 0);
  int on = 1;
  CHECK(fd >= 0);
  if (kind != DATAGRAM)
    CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
  if (bind(fd, (struct sockaddr *) addr, sizeof(*addr)) != 0 || (kind != DATAGRAM && listen(fd, 5) != 0)) {
    close(fd);
    return -1;
  }
  return fd;
}

/* The server: binds a port of the kernel's choice, tells it, and runs until it is killed. */
static void serve(enum kind kind, int tell) {
  uv_loop_t loop;
  uv_tcp_t tcp;
  uv_udp_t udp;
  uv_poll_t poll;
  struct sockaddr_in addr;
  int len = sizeof(addr);
  CHECK(uv_loop_init(&loop) == 0);
  CHECK(uv_ip4_addr("127.0.0.1", 0, &addr) == 0);
  if (kind == LISTENER) {
    CHECK(uv_tcp_init(&loop, &tcp) == 0);
    CHECK(uv_tcp_bind(&tcp, (struct sockaddr *) &addr, 0) == 0);
    CHECK(uv_listen((uv_stream_t *) &tcp, 5, on_connection) == 0);
    CHECK(uv_tcp_getsockname(&tcp, (struct sockaddr *) &addr, &len) == 0);
  } else if (kind == DATAGRAM) {
    CHECK(uv_udp_init(&loop, &udp) == 0);
    CHECK(uv_udp_bind(&udp, (struct sockaddr *) &addr, 0) == 0);
    CHECK(uv_udp_recv_start(&udp, on_alloc, on_recv) == 0);
    CHECK(uv_udp_getsockname(&udp, (struct sockaddr *) &addr, &len) == 0);
  } else {
    int fd = bound_socket(kind, &addr);
    socklen_t socklen = sizeof(addr);
    CHECK(fd >= 0);
    CHECK(uv_poll_init(&loop, &poll, fd) == 0);
    CHECK(uv_poll_start(&poll, UV_READABLE, on_poll) == 0);
    CHECK(getsockname(fd, (struct sockaddr *) &addr, &socklen) == 0);
  }
  uv_run(&loop, UV_RUN_NOWAIT);
  CHECK(write(tell, &addr, sizeof(addr)) == (ssize_t) sizeof(addr));
  uv_run(&loop, UV_RUN_DEFAULT);
  _exit(1);
}

int main(void) {
  int round;
  for (round = 0; round < 30; round++) {
    enum kind kind = (enum kind) (round % 3);
    struct sockaddr_in addr;
    int tell[2];
    int status;
    int fd;
    pid_t pid;
    CHECK(pipe(tell) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
      serve(kind, tell[1]);
    CHECK(read(tell[0], &addr, sizeof(addr)) == (ssize_t) sizeof(addr));
    /* Let it fall asleep in its loop. */
    usleep(2000);
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    fd = bound_socket(kind, &addr);
    CHECK(fd >= 0);
    close(fd);
    close(tell[0]);
    close(tell[1]);
  }
  return 0;
}
