/* What `uvring demo` compiles and runs: a bit of everything on one loop, and after each part what the loop did for it.
 * Its argument is a folder to write in. */
#include <uv.h>
#include <uvring.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  CLIENTS = 50,
  MESSAGES = 100,
  SIZE = 64,
  FILES = 200,
  FILE_SIZE = 4096,
  TIMERS = 1000,
  SIGNALS = 100,
  JOBS = 100
};

static uv_loop_t loop;

/* Ends the demo unless the call worked. */
#define CHECK(call) check((int)(call), #call)

static void check(int result, const char *call) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", call, uv_strerror(result));
  exit(1);
}

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* --- the table --- */

static uvring_loop_stats_t stats(void) {
  uvring_loop_stats_t now;
  now.size = sizeof now;
  CHECK(uvring_loop_stats(&loop, &now));
  return now;
}

static uvring_loop_stats_t before;

static void print_head(void) {
  before = stats();
  printf("uvring %s stands for libuv %s; this loop runs on %s.\n\n", uvring_version(), uv_version_string(),
         before.driver == UVRING_DRIVER_RING ? "io_uring" : "epoll (`uvring doctor` tells why)");
  printf("%-44s%9s%9s%9s%9s%9s%9s%9s\n", "", "ms", "waits", "polls", "ring", "plain", "pool", "wake-");
  printf("%-44s%9s%9s%9s%9s%9s%9s%9s\n", "", "", "", "armed", "ops", "calls", "jobs", "ups");
}

/* Runs what was started to its end, and prints what that took since the last line. */
static void run(const char *what) {
  uvring_loop_stats_t a = before, b;
  uint64_t start = uv_hrtime();
  uint64_t plain;
  CHECK(uv_run(&loop, UV_RUN_DEFAULT));
  b = stats();
  plain = b.stream_reads - a.stream_reads + b.stream_writes - a.stream_writes + b.files_inline - a.files_inline;
  printf("%-44s%9.1f%9llu%9llu%9llu%9llu%9llu%9llu\n", what, (double)(uv_hrtime() - start) / 1e6,
         (unsigned long long)(b.ring_enters - a.ring_enters + b.epoll_waits - a.epoll_waits),
         (unsigned long long)(b.polls - a.polls), (unsigned long long)(b.files_ring - a.files_ring),
         (unsigned long long)plain, (unsigned long long)(b.pool_jobs - a.pool_jobs),
         (unsigned long long)(b.wakeups - a.wakeups));
  fflush(stdout);
  before = b;
}

/* --- an echo server, and clients that each send a message and wait for it to come back --- */

typedef struct {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_write_t write;
  char sent[SIZE];
  /* More than a message, so that a read that fills less of it is the last one. */
  char got[2 * SIZE];
  size_t length;
  int messages;
} client_t;

typedef struct {
  uv_tcp_t tcp;
  uv_write_t write;
  char data[65536];
} peer_t;

static uv_tcp_t server;
static client_t clients[CLIENTS];
static int clients_done;

static void on_peer_closed(uv_handle_t *handle) { free(handle->data); }

static void on_peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  peer_t *peer = handle->data;
  (void)suggested;
  *buf = uv_buf_init(peer->data, sizeof peer->data);
}

static void on_echoed(uv_write_t *req, int status) {
  (void)req;
  CHECK(status);
}

static void on_peer_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  peer_t *peer = stream->data;
  uv_buf_t answer;
  if (nread == 0) return;
  if (nread < 0) {
    if (nread != UV_EOF) CHECK(nread);
    uv_close((uv_handle_t *)stream, on_peer_closed);
    return;
  }
  answer = uv_buf_init(buf->base, (unsigned int)nread);
  CHECK(uv_write(&peer->write, stream, &answer, 1, on_echoed));
}

static void on_connection(uv_stream_t *listener, int status) {
  peer_t *peer = malloc(sizeof *peer);
  CHECK(status);
  if (peer == NULL) fail("out of memory");
  CHECK(uv_tcp_init(&loop, &peer->tcp));
  peer->tcp.data = peer;
  CHECK(uv_accept(listener, (uv_stream_t *)&peer->tcp));
  CHECK(uv_read_start((uv_stream_t *)&peer->tcp, on_peer_alloc, on_peer_read));
}

static void on_sent(uv_write_t *req, int status) {
  (void)req;
  CHECK(status);
}

static void send_message(client_t *client) {
  uv_buf_t message = uv_buf_init(client->sent, SIZE);
  memset(client->sent, 0, SIZE);
  snprintf(client->sent, SIZE, "message %d of client %d", client->messages, (int)(client - clients));
  client->length = 0;
  CHECK(uv_write(&client->write, (uv_stream_t *)&client->tcp, &message, 1, on_sent));
}

static void on_client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  client_t *client = handle->data;
  (void)suggested;
  *buf = uv_buf_init(client->got + client->length, (unsigned int)(sizeof client->got - client->length));
}

static void on_client_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  client_t *client = stream->data;
  (void)buf;
  if (nread == 0) return;
  CHECK(nread);
  client->length += (size_t)nread;
  if (client->length < SIZE) return;
  if (memcmp(client->sent, client->got, SIZE) != 0) fail("the echo is not what was sent");
  if (++client->messages < MESSAGES) {
    send_message(client);
    return;
  }
  uv_close((uv_handle_t *)stream, NULL);
  if (++clients_done == CLIENTS) uv_close((uv_handle_t *)&server, NULL);
}

static void on_connected(uv_connect_t *req, int status) {
  client_t *client = req->data;
  CHECK(status);
  CHECK(uv_read_start((uv_stream_t *)&client->tcp, on_client_alloc, on_client_read));
  send_message(client);
}

static void echo(void) {
  struct sockaddr_in address;
  int i, length = sizeof address;
  CHECK(uv_ip4_addr("127.0.0.1", 0, &address));
  CHECK(uv_tcp_init(&loop, &server));
  CHECK(uv_tcp_bind(&server, (const struct sockaddr *)&address, 0));
  CHECK(uv_listen((uv_stream_t *)&server, CLIENTS, on_connection));
  CHECK(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length));
  for (i = 0; i < CLIENTS; i++) {
    client_t *client = &clients[i];
    CHECK(uv_tcp_init(&loop, &client->tcp));
    CHECK(uv_tcp_nodelay(&client->tcp, 1));
    client->tcp.data = client->connect.data = client;
    CHECK(uv_tcp_connect(&client->connect, &client->tcp, (const struct sockaddr *)&address, on_connected));
  }
  run("TCP: 50 clients send 100 messages, echoed");
}

/* --- files, one operation after the other --- */

static char path[1024];
static char page[FILE_SIZE];
static uv_fs_t fs_req;
static uv_file file, opened;
static int left;

static void on_done(uv_fs_t *req);

static void start(uv_fs_type type) {
  uv_buf_t buf = uv_buf_init(page, FILE_SIZE);
  if (type == UV_FS_WRITE) CHECK(uv_fs_write(&loop, &fs_req, file, &buf, 1, 0, on_done));
  if (type == UV_FS_READ) CHECK(uv_fs_read(&loop, &fs_req, file, &buf, 1, 0, on_done));
  if (type == UV_FS_STAT) CHECK(uv_fs_stat(&loop, &fs_req, path, on_done));
  if (type == UV_FS_OPEN) CHECK(uv_fs_open(&loop, &fs_req, path, UV_FS_O_RDONLY, 0, on_done));
  if (type == UV_FS_CLOSE) CHECK(uv_fs_close(&loop, &fs_req, opened, on_done));
}

static void on_done(uv_fs_t *req) {
  uv_fs_type type = req->fs_type;
  CHECK(req->result);
  if (type == UV_FS_STAT && req->statbuf.st_size != FILE_SIZE) fail("the file is not as long as what was written");
  if (type == UV_FS_READ && (req->result != FILE_SIZE || page[FILE_SIZE - 1] != 'u')) fail("it was not read as written");
  if (type == UV_FS_READ) memset(page, 0, FILE_SIZE);
  if (type == UV_FS_OPEN) opened = (uv_file)req->result;
  uv_fs_req_cleanup(req);
  if (type == UV_FS_OPEN) {
    start(UV_FS_CLOSE);
  } else if (--left > 0) {
    start(type == UV_FS_CLOSE ? UV_FS_OPEN : type);
  }
}

static void on_start(uv_timer_t *timer) {
  start((uv_fs_type)(intptr_t)timer->data);
  uv_close((uv_handle_t *)timer, NULL);
}

/* Does an operation 200 times, one at a time, beginning inside the loop: it is there that an operation may take the ring
 * whether or not it ends at once. */
static void repeat(uv_fs_type type, const char *what) {
  uv_timer_t timer;
  left = FILES;
  CHECK(uv_timer_init(&loop, &timer));
  timer.data = (void *)(intptr_t)type;
  CHECK(uv_timer_start(&timer, on_start, 0, 0));
  run(what);
}

static void files(const char *folder) {
  uv_fs_t sync;
  snprintf(path, sizeof path, "%s/page", folder);
  memset(page, 'u', sizeof page);
  file = uv_fs_open(NULL, &sync, path, UV_FS_O_RDWR | UV_FS_O_CREAT, 0600, NULL);
  CHECK(file);
  repeat(UV_FS_WRITE, "files: 200 writes of 4 KiB");
  repeat(UV_FS_READ, "files: 200 reads of 4 KiB");
  repeat(UV_FS_STAT, "files: 200 times stat");
  repeat(UV_FS_OPEN, "files: 200 times open and close");
  CHECK(uv_fs_close(NULL, &sync, file, NULL));
  CHECK(uv_fs_unlink(NULL, &sync, path, NULL));
}

/* --- timers, a thread that sends, jobs for the pool --- */

static uv_timer_t timer_handles[TIMERS];
static int fired;

static void on_timer(uv_timer_t *timer) {
  fired++;
  uv_close((uv_handle_t *)timer, NULL);
}

static void timers(void) {
  int i;
  for (i = 0; i < TIMERS; i++) {
    CHECK(uv_timer_init(&loop, &timer_handles[i]));
    CHECK(uv_timer_start(&timer_handles[i], on_timer, (uint64_t)(i % 20), 0));
  }
  run("timers: 1000, within 20 ms");
  if (fired != TIMERS) fail("a timer did not fire");
}

static uv_async_t news, end;
static uv_thread_t thread;

static void on_news(uv_async_t *handle) { (void)handle; }

/* The thread has sent all it had to send. */
static void on_end(uv_async_t *handle) {
  CHECK(uv_thread_join(&thread));
  uv_close((uv_handle_t *)handle, NULL);
  uv_close((uv_handle_t *)&news, NULL);
}

static void sender(void *arg) {
  int i;
  (void)arg;
  for (i = 0; i < SIGNALS; i++) {
    CHECK(uv_async_send(&news));
    uv_sleep(1);
  }
  CHECK(uv_async_send(&end));
}

static void signals(void) {
  CHECK(uv_async_init(&loop, &news, on_news));
  CHECK(uv_async_init(&loop, &end, on_end));
  CHECK(uv_thread_create(&thread, sender, NULL));
  run("async: a thread sends 100 times, 1 ms apart");
}

static uv_work_t jobs[JOBS];
static int jobs_done;

static void work(uv_work_t *req) { req->data = &jobs[0]; }

static void after_work(uv_work_t *req, int status) {
  CHECK(status);
  if (req->data != &jobs[0]) fail("a job was not run");
  jobs_done++;
}

static void pool(void) {
  int i;
  for (i = 0; i < JOBS; i++) CHECK(uv_queue_work(&loop, &jobs[i], work, after_work));
  run("work: 100 jobs on the thread pool");
  if (jobs_done != JOBS) fail("a job did not come back");
}

int main(int argc, char **argv) {
  CHECK(uv_loop_init(&loop));
  print_head();
  echo();
  files(argc > 1 ? argv[1] : ".");
  timers();
  signals();
  pool();
  CHECK(uv_loop_close(&loop));
  uv_library_shutdown();
  return 0;
}
