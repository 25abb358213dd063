/* What uvring has and libuv has not.
 *
 * Generated from the Rust source by build.rs; edits belong there or in cbindgen-ext.toml. */
#ifndef UVRING_H
#define UVRING_H

#include "uv.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uvring_many_s uvring_many_t;
typedef struct uvring_stat_item_s uvring_stat_item_t;
typedef struct uvring_load_item_s uvring_load_item_t;
typedef struct uvring_metrics_s uvring_metrics_t;
typedef struct uvring_post_s uvring_post_t;
typedef struct uvring_read_s uvring_read_t;
typedef struct uvring_req_s uvring_req_t;
typedef struct uvring_view_s uvring_view_t;
typedef struct uvring_pool_options_s uvring_pool_options_t;
typedef struct uvring_pool_s uvring_pool_t;
typedef struct uvring_write_s uvring_write_t;
typedef struct uvring_loop_stats_s uvring_loop_stats_t;

/** `dir` of an item, or of a call with `at` in its name: paths begin at the working directory. (`AT_FDCWD`) */
#define UVRING_CWD -100

/** Flag: of a symbolic link itself, as `uv_fs_lstat`. */
#define UVRING_STAT_NOFOLLOW 1

/** How many buckets a histogram has. Bucket i counts what was from 2^i up to 2^(i+1), the first also 0, the last all above. */
#define UVRING_HISTOGRAM 32

/** Receiving into a pool without asking for each receive. */
#define UVRING_CAP_RECV 1

/** One large buffer of a pool serves many receives. */
#define UVRING_CAP_RECV_INCREMENTAL 2

/** Reading by requests. */
#define UVRING_CAP_READ 3

/** Writes to many streams in one system call. */
#define UVRING_CAP_WRITE_BATCH 4

/** Writing without a copy. */
#define UVRING_CAP_WRITE_ZC 5

/** Accepting without asking for each connection. */
#define UVRING_CAP_ACCEPT 6

/** Moving bytes from stream to stream. */
#define UVRING_CAP_MOVE 7

/** Sending a file to a stream. */
#define UVRING_CAP_SENDFILE 8

/** Registered memory. */
#define UVRING_CAP_MEMORY 9

/** Files without descriptors. */
#define UVRING_CAP_FILE 10

/** Files whose devices are polled. */
#define UVRING_CAP_POLLED_FILES 11

/** A kernel thread that takes what is submitted. */
#define UVRING_CAP_SQPOLL 12

/** Looking before sleeping. */
#define UVRING_CAP_BUSY_POLL 13

/** Messages from ring to ring. */
#define UVRING_CAP_POST 14

/** Answer of `uvring_capability_of`: as the ring does it. */
#define UVRING_NATIVE 2

/** Answer of `uvring_capability_of`: it works, by other means. */
#define UVRING_EMULATED 1

/**
 * Option of `uvring_loop_set`. Above 0: a kernel thread takes what the loop submits (SQPOLL), and sleeps after so many milliseconds
 * without work. 0, the default: none does. With such a thread reads of files at an offset go to the ring, so that together with
 * `UVRING_LOOP_BUSY_POLL_US` a loop that reads makes no system call. Nothing else does: the thread keeps the rights that the
 * process had when the ring was made, and to read from a descriptor takes none. It takes a processor of its own: on the loop's, or
 * where others want it, all becomes slower.
 */
#define UVRING_LOOP_SQPOLL_IDLE_MS 1

/**
 * Option of `uvring_loop_set`. The processor that the thread of `UVRING_LOOP_SQPOLL_IDLE_MS`, which is to be set first, runs on;
 * `UINT64_MAX`, the default: any that the calling thread may use.
 */
#define UVRING_LOOP_SQPOLL_CPU 2

/**
 * Option of `uvring_loop_set`, at any time. For so many microseconds (1000000 at most) the loop looks for something to do before it
 * sleeps. 0, the default: only as long as that has lately paid.
 */
#define UVRING_LOOP_BUSY_POLL_US 3

/**
 * Option of `uvring_loop_set`. For how many operations the submission queue has room: a power of two from 64 to 32768; 256 unless
 * set.
 */
#define UVRING_LOOP_ENTRIES 4

/**
 * Option of `uvring_loop_set`, at any time: `UVRING_NET_READINESS`, or `UVRING_NET_GATHER`. For loops that are initialised later in
 * any program, `UVRING_NET=gather` in the environment says the latter.
 */
#define UVRING_LOOP_NET 5

/** Value of `UVRING_LOOP_NET`, the default: what fits is with the kernel when `uv_write` returns, as with libuv. */
#define UVRING_NET_READINESS 0

/**
 * Value of `UVRING_LOOP_NET`: what `uv_write` is given for a TCP or unix socket is gathered until the callbacks of the iteration have
 * run, and goes to the kernel in one call for each stream. Given up: `uv_stream_get_write_queue_size` is not 0 when a write that
 * fits returns, and a callback that waits for the answer to its write waits for ever, unless it calls `uvring_flush` first. All
 * else is as ever: `uv_try_write`, `uv_fileno`, `uv_close` and a handle that is passed push out what is before them.
 */
#define UVRING_NET_GATHER 1

/**
 * Option of `uvring_loop_set`, at any time. After so many gathered bytes a stream hands them over early (`uvring_write`), 1 at least;
 * 65536 unless set.
 */
#define UVRING_LOOP_GATHER_BYTES 6

/** `uvring_loop_stats_t.driver`: epoll carries the loop. */
#define UVRING_DRIVER_EPOLL 0

/** `uvring_loop_stats_t.driver`: io_uring carries the loop. */
#define UVRING_DRIVER_RING 1

/**
 * With a `status` of 0, `sock` is a connected socket, non-blocking and closed on exec, and the program's: to adopt, to post or to
 * close. With an error there is no socket, and accepting has stopped.
 */
typedef void (*uvring_accept_cb)(uv_stream_t *server, int status, uv_os_sock_t sock);

/** What `uvring_capability_of` is about: `UVRING_CAP_*`. */
typedef unsigned int uvring_capability;

/** Called when all items have their status. `status` is 0 also where some failed. */
typedef void (*uvring_many_cb)(uvring_many_t *req, int status);

/** What `uvring_loop_set` and `uvring_loop_get` are about: `UVRING_LOOP_*`. */
typedef unsigned int uvring_loop_option;

/** Called when the last kept view of a pool that is being closed was released; the memory is gone, and `pool` the caller's. */
typedef void (*uvring_pool_close_cb)(uvring_pool_t *pool);

/** Called on the loop that the request was sent to. The request may be freed or used again. */
typedef void (*uvring_post_cb)(uvring_post_t *req);

/**
 * Called with `status` 0 when as many bytes are there as were wanted, or more; or with an error, `UV_EOF` among them. `req->done`
 * tells how many there are, in either case.
 */
typedef void (*uvring_read_cb)(uvring_read_t *req, int status);

/**
 * Called with `nread` received bytes in `view`; or with `UV_EOF` or another error, without a view: receiving has stopped then.
 * `nread` is never 0.
 */
typedef void (*uvring_recv_cb)(uv_stream_t *stream, ptrdiff_t nread, uvring_view_t *view);

/**
 * Called with a datagram in `view`, which may be empty, and its sender; or with an error in `nread`, where `view` and `addr` may be
 * NULL. `flags` are those of `uv_udp_recv_cb`.
 */
typedef void (*uvring_udp_recv_cb)(uv_udp_t *handle,
                                   ptrdiff_t nread,
                                   uvring_view_t *view,
                                   const struct sockaddr *addr,
                                   unsigned int flags);

/** Called when the kernel has taken all bytes, or with an error; `req->done` tells how many it took. */
typedef void (*uvring_write_cb)(uvring_write_t *req, int status);

/** Called when the kernel has let go of the memory that `uvring_write_zc` was given: memory and request are the caller's again. */
typedef void (*uvring_release_cb)(uvring_write_t *req);

/** Called with `above` 1 when more bytes than the high watermark wait in the stream, and with 0 when they are down to the low one. */
typedef void (*uvring_watermark_cb)(uv_stream_t *stream, int above);

/** A call of `uvring_fs_stat_many` or `uvring_fs_load_many`. */
typedef struct uvring_many_s {
  /** The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it. */
  void *data;
  /** `UV_UNKNOWN_REQ`. Read-only for users. */
  uv_req_type type;
  /** Once the callback has begun: 0, or `UV_ECANCELED` or `UV_ETIMEDOUT` if some items were left out. */
  int status;
  /** The loop. */
  uv_loop_t *loop;
  /** Private to the library. */
  struct uv__queue queue;
  /** Reserved for the library. */
  void *reserved[6];
  /** Once the callback has begun: how many items have another status than 0. */
  size_t failed;
  /** Reserved for the library. */
  void *more[8];
} uvring_many_s;

/** A question of `uvring_fs_stat_many`, and its answer. */
typedef struct uvring_stat_item_s {
  /** In: the path. */
  const char *path;
  /** In: a descriptor of the directory where a relative path begins, or `UVRING_CWD`. */
  int dir;
  /** Out: 0, or the error. */
  int status;
  /** Out, with a status of 0: the answer. */
  uv_stat_t stat;
} uvring_stat_item_s;

/** A file for `uvring_fs_load_many`. */
typedef struct uvring_load_item_s {
  /** In: the path. */
  const char *path;
  /** In: a descriptor of the directory where a relative path begins, or `UVRING_CWD`. */
  int dir;
  /** Out: 0, or the error. */
  int status;
  /** In: where the bytes go, from the file's first on. */
  char *base;
  /** In: the room there. */
  size_t len;
  /** Out, with a status of 0: how many bytes came. */
  size_t done;
  /** Out, with a status of 0: how long the file is. If that is more than `done`, `len` was too little. */
  uint64_t size;
} uvring_load_item_s;

/** What a loop counts and measures: since it was initialised, unless a field says `now`. Later versions add fields at the end. */
typedef struct uvring_metrics_s {
  /** Set it to `sizeof(uvring_metrics_t)` before the call; afterwards, how many bytes were filled in. */
  size_t size;
  /** Turns of the loop. */
  uint64_t turns;
  /** Calls of io_uring_enter. */
  uint64_t enters;
  /** Entries that were handed to the ring. */
  uint64_t entries;
  /** What waiting has brought: completions of the ring, and descriptors that epoll found ready. */
  uint64_t completions;
  /** Calls of epoll_wait. */
  uint64_t epoll_waits;
  /** Views that were lent to callbacks of `uvring_recv_start`, and the bytes in them. */
  uint64_t recv_views;
  /** See `recv_views`. */
  uint64_t recv_bytes;
  /** Times that receiving stopped until views were given back. */
  uint64_t recv_parked;
  /** Views that the program keeps now. */
  uint64_t views_kept;
  /** Calls of `uvring_write` and the like; the entries that carried them, and their bytes. */
  uint64_t write_calls;
  /** See `write_calls`. */
  uint64_t write_entries;
  /** See `write_calls`. */
  uint64_t write_bytes;
  /** Sends by `uvring_write_zc`, and those that the kernel has copied after all. */
  uint64_t zc_sends;
  /** See `zc_sends`. */
  uint64_t zc_copied;
  /** Bytes that `uvring_move` has copied, and those that it has moved without copying. */
  uint64_t moved_copied;
  /** See `moved_copied`. */
  uint64_t moved_spliced;
  /** Reads from streams, by plain system calls on the loop's thread. */
  uint64_t stream_reads;
  /** Writes to streams, by plain system calls on the loop's thread. */
  uint64_t stream_writes;
  /** Connections that were accepted. */
  uint64_t accepts;
  /** Posts that were delivered (`uvring_post`). */
  uint64_t posts;
  /** Times that the loop was woken from its sleep by another thread or a signal handler. */
  uint64_t wakeups;
  /** Requests that were cancelled. */
  uint64_t cancels;
  /** Requests that were ended because their time was up (`uvring_timeout`). */
  uint64_t timeouts;
  /** File operations answered by an attempt that cannot block, on the loop's own thread. */
  uint64_t files_inline;
  /** File operations that rode the ring. */
  uint64_t files_ring;
  /** File operations that went to the thread pool. */
  uint64_t files_pool;
  /** Jobs of this loop that the thread pool has now, waiting or running. */
  uint64_t pool_waiting;
  /** Operations that the ring has refused, and that were done by plain calls. */
  uint64_t refusals;
  /** Times that the ring had more completions than room for them. */
  uint64_t overflows;
  /** Nanoseconds asleep since the first call of `uvring_metrics`. */
  uint64_t asleep_ns;
  /** Active handles now. */
  uint64_t handles;
  /** Active requests now. */
  uint64_t requests;
  /** How much a wait in the kernel has brought, where it has brought something. */
  uint64_t completions_per_enter[UVRING_HISTOGRAM];
  /** How long callbacks took, in nanoseconds. */
  uint64_t callback_ns[UVRING_HISTOGRAM];
  /** How long jobs waited for a thread of the pool, in nanoseconds. */
  uint64_t pool_wait_ns[UVRING_HISTOGRAM];
} uvring_metrics_s;

/** A call of `uvring_post`. */
typedef struct uvring_post_s {
  /** The user's own pointer; never touched by the library. */
  void *data;
  /** `UV_UNKNOWN_REQ`. Read-only for users. */
  uv_req_type type;
  /** 0. */
  int status;
  /** The loop that it is sent to. */
  uv_loop_t *loop;
  /** Private to the library. */
  struct uv__queue queue;
  /** Reserved for the library. */
  void *reserved[6];
  /** What travels along: a number, a socket, a pointer. */
  uint64_t value;
  /** Private to the library. */
  uvring_post_cb cb;
  /** Private to the library. */
  struct uv__work work;
} uvring_post_s;

/** A read from a stream, of `uvring_read`. */
typedef struct uvring_read_s {
  /** The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it. */
  void *data;
  /** `UV_UNKNOWN_REQ`. Read-only for users. */
  uv_req_type type;
  /** Once the callback has begun: 0, or the error. */
  int status;
  /** The loop. */
  uv_loop_t *loop;
  /** Private to the library. */
  struct uv__queue queue;
  /** Reserved for the library. */
  void *reserved[6];
  /** The stream. */
  uv_stream_t *handle;
  /** Once the callback has begun: how many bytes are in the buffers, also where `status` is an error. */
  size_t done;
  /** Private to the library, as all that follows: how many bytes are wanted. */
  size_t at_least;
  /** The first buffer that is not full. */
  unsigned int read_index;
  /** How many buffers. */
  unsigned int nbufs;
  /** The buffers: `bufsml`, or allocated. */
  uv_buf_t *bufs;
  /** Room for a few buffers. */
  uv_buf_t bufsml[4];
} uvring_read_s;

/**
 * Base of all requests of this header; every one begins with these fields. From a successful call until its callback has begun
 * a request belongs to the library; in the callback it may be freed or used again.
 */
typedef struct uvring_req_s {
  /** The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it. */
  void *data;
  /** `UV_UNKNOWN_REQ`: `uv_cancel` gives `UV_EINVAL`. Read-only for users. */
  uv_req_type type;
  /** Once the callback has begun: 0, or the error. */
  int status;
  /** The loop. */
  uv_loop_t *loop;
  /** Private to the library. */
  struct uv__queue queue;
  /** Reserved for the library. */
  void *reserved[6];
} uvring_req_s;

/**
 * Received bytes, in memory of a pool. A callback's view is valid until the callback returns; who needs it longer keeps it
 * (`uvring_view_keep`) and releases it once (`uvring_view_release`). Views outlive their stream, not their pool.
 */
typedef struct uvring_view_s {
  /** The bytes, one after the other. They may be written to. */
  char *base;
  /** How many. */
  size_t len;
  /** Reserved for the library. */
  void *reserved[4];
} uvring_view_s;

/** How a pool is to be. */
typedef struct uvring_pool_options_s {
  /** `sizeof(uvring_pool_options_t)`. */
  size_t size;
  /** Bytes of a buffer, a multiple of 4096; 0 for 128 KiB. One serves many receives. */
  size_t buffer_size;
  /** How many buffers it has, a power of two, at most 32768; 0 for 16. They are allocated when they are needed. */
  unsigned int buffers;
  /** How many it grows to while views are kept; 0 for four times `buffers`. */
  unsigned int buffers_max;
  /** A stream that holds so many bytes in kept views is not received from until some are released; 0 for a quarter of the pool. */
  size_t stream_max;
  /** 0. */
  unsigned int flags;
  /** 0. */
  unsigned int reserved;
} uvring_pool_options_s;

/** Memory to receive into. Not a handle: it does not keep the loop alive. */
typedef struct uvring_pool_s {
  /** The user's own pointer; never touched by the library. */
  void *data;
  /** The loop. */
  uv_loop_t *loop;
  /** Reserved for the library. */
  void *reserved[14];
} uvring_pool_s;

/** A write to a stream, of `uvring_write` and its like. */
typedef struct uvring_write_s {
  /** The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it. */
  void *data;
  /** `UV_UNKNOWN_REQ`. Read-only for users. */
  uv_req_type type;
  /** Once the callback has begun: 0, or the error. */
  int status;
  /** The loop. */
  uv_loop_t *loop;
  /** Private to the library. */
  struct uv__queue queue;
  /** Reserved for the library. */
  void *reserved[6];
  /** The stream. */
  uv_stream_t *handle;
  /** Once the callback has begun: how many bytes the kernel took, also where `status` is an error. */
  size_t done;
  /** 1 if the kernel copied what `uvring_write_zc` was given. */
  unsigned int copied;
  /** Private to the library, as all that follows: the first buffer that is not written whole. */
  unsigned int write_index;
  /** How many buffers. */
  unsigned int nbufs;
  /** 0. */
  unsigned int padding;
  /** The buffers: `bufsml`, or allocated. */
  uv_buf_t *bufs;
  /** Room for a few buffers. */
  uv_buf_t bufsml[4];
} uvring_write_s;

/** What a loop did since it was initialised. Later versions add fields at the end. */
typedef struct uvring_loop_stats_s {
  /** Set it to `sizeof(uvring_loop_stats_t)` before the call; afterwards, how many bytes were filled in. */
  size_t size;
  /** `UVRING_DRIVER_EPOLL` or `UVRING_DRIVER_RING`. */
  unsigned int driver;
  /** 0. */
  unsigned int reserved;
  /** Turns of the loop. */
  uint64_t turns;
  /** Calls of io_uring_enter. */
  uint64_t ring_enters;
  /** Calls of epoll_wait. */
  uint64_t epoll_waits;
  /** Descriptors registered with epoll. */
  uint64_t polls;
  /** File operations answered by an attempt that cannot block, on the loop's own thread. */
  uint64_t files_inline;
  /** File operations that rode the ring. */
  uint64_t files_ring;
  /** File operations that went to the thread pool. */
  uint64_t files_pool;
  /** Reads from streams, by plain system calls on the loop's thread. */
  uint64_t stream_reads;
  /** Writes to streams, by plain system calls on the loop's thread. */
  uint64_t stream_writes;
  /** Times that the loop was woken from its sleep by another thread or a signal handler. */
  uint64_t wakeups;
  /** Jobs that the thread pool has finished, for all loops of the process: files, name lookups, `uv_queue_work`. */
  uint64_t pool_jobs;
  /** How many loops these figures are of: 1 for a loop. */
  uint64_t loops;
  /** How many of them io_uring carried. */
  uint64_t loops_on_ring;
} uvring_loop_stats_s;

/**
 * Listens on a bound TCP or pipe handle, as `uv_listen` does, and calls `cb` with the socket of each connection, for which no handle
 * is needed: it may go to another loop (`uvring_post`), where `uvring_adopt` makes a stream of it. Several connections may come in
 * one turn, each with a callback of its own; what waits in the kernel is taken one by one, before each callback.
 *
 * Where `UV_EMFILE` or another error is reported, no further callback follows; start again when descriptors are to be had.
 * Returns 0; `UV_EINVAL` for other or closing handles and a `cb` that is NULL; `UV_EALREADY` if it was started before; `UV_EBUSY`
 * while a connection awaits `uv_accept`; or what `uv_listen` gives. Not thread-safe.
 */
UV_EXTERN int uvring_accept_start(uv_stream_t *server, int backlog, uvring_accept_cb cb);

/**
 * Ends that: no callback follows. Connections wait in the kernel for the next `uvring_accept_start`, or for `uv_listen` and
 * `uv_accept`. Always returns 0. Not thread-safe.
 */
UV_EXTERN int uvring_accept_stop(uv_stream_t *server);

/**
 * Makes a stream of a socket that `uvring_accept_start` gave: an initialised TCP or pipe handle becomes what `uv_accept` would have
 * made of it. On failure the socket stays the program's.
 *
 * Returns 0; `UV_EBUSY` if the stream has a descriptor; `UV_EINVAL` for other or closing handles, and a socket below 0. Not
 * thread-safe.
 */
UV_EXTERN int uvring_adopt(uv_stream_t *stream, uv_os_sock_t sock);

/**
 * Tells how a loop does something: `UVRING_NATIVE`, `UVRING_EMULATED`, or `UV_ENOTSUP`; `UV_EINVAL` for what it does not know. Never
 * makes a ring: it tells what a ring would do. Not thread-safe.
 */
UV_EXTERN int uvring_capability_of(uv_loop_t *loop, uvring_capability capability);

/**
 * Asks about `n` files, as `uv_fs_stat` does, or, with `UVRING_STAT_NOFOLLOW` in `flags`, `uv_fs_lstat`, by several threads of the
 * pool at a time. `cb` is called once, when every item has its `status`; `req->failed` tells how many have another than 0.
 *
 * The array, and the paths, belong to the library until then: items are written to from other threads, in any order.
 * `uvring_cancel` leaves out what was not begun: those items have `UV_ECANCELED`.
 *
 * Returns 0; `UV_EINVAL` for NULL in place of an argument, or unknown flags; `UV_ENOMEM`; `UV_EAGAIN` if the system has no thread for it.
 * Not thread-safe.
 */
UV_EXTERN int uvring_fs_stat_many(uv_loop_t *loop,
                                  uvring_many_t *req,
                                  uvring_stat_item_t *items,
                                  size_t n,
                                  unsigned int flags,
                                  uvring_many_cb cb);

/**
 * Reads `n` files from their beginnings, each into its item's memory, by several threads of the pool at a time: open, read, close.
 * `cb` is called once, when every item has its `status`; `req->failed` tells how many have another than 0.
 *
 * The array, the paths and the memory belong to the library until then. `uvring_cancel` leaves out what was not begun: those items
 * have `UV_ECANCELED`. An item whose `base` is NULL has `UV_EINVAL`.
 *
 * Returns 0; `UV_EINVAL` for NULL in place of an argument; `UV_ENOMEM`; `UV_EAGAIN` if the system has no thread for it. Not thread-safe.
 */
UV_EXTERN int uvring_fs_load_many(uv_loop_t *loop,
                                  uvring_many_t *req,
                                  uvring_load_item_t *items,
                                  size_t n,
                                  uvring_many_cb cb);

/** As `uv_fs_open`; a relative path begins at the directory `dir`, a descriptor, or `UVRING_CWD`. */
UV_EXTERN int uvring_fs_openat(uv_loop_t *loop,
                               uv_fs_t *req,
                               int dir,
                               const char *path,
                               int flags,
                               int mode,
                               uv_fs_cb cb);

/**
 * As `uv_fs_stat`, or, with `UVRING_STAT_NOFOLLOW` in `flags`, `uv_fs_lstat`; a relative path begins at the directory `dir`, a
 * descriptor, or `UVRING_CWD`. `UV_EINVAL` for unknown flags.
 */
UV_EXTERN int uvring_fs_statat(uv_loop_t *loop,
                               uv_fs_t *req,
                               int dir,
                               const char *path,
                               unsigned int flags,
                               uv_fs_cb cb);

/** As `uv_fs_mkdir`; a relative path begins at the directory `dir`, a descriptor, or `UVRING_CWD`. */
UV_EXTERN int uvring_fs_mkdirat(uv_loop_t *loop,
                                uv_fs_t *req,
                                int dir,
                                const char *path,
                                int mode,
                                uv_fs_cb cb);

/** As `uv_fs_unlink`, or, with `AT_REMOVEDIR` in `flags`, `uv_fs_rmdir`: `unlinkat(2)`. `dir` is a descriptor, or `UVRING_CWD`. */
UV_EXTERN int uvring_fs_unlinkat(uv_loop_t *loop,
                                 uv_fs_t *req,
                                 int dir,
                                 const char *path,
                                 int flags,
                                 uv_fs_cb cb);

/**
 * As `uv_fs_rename`, with the flags of `renameat2(2)`: `RENAME_NOREPLACE`, `RENAME_EXCHANGE`. `dir` and `new_dir` are descriptors, or
 * `UVRING_CWD`.
 */
UV_EXTERN int uvring_fs_renameat(uv_loop_t *loop,
                                 uv_fs_t *req,
                                 int dir,
                                 const char *path,
                                 int new_dir,
                                 const char *new_path,
                                 unsigned int flags,
                                 uv_fs_cb cb);

/** As `uv_fs_link`, with the flags of `linkat(2)`: `AT_SYMLINK_FOLLOW`. `dir` and `new_dir` are descriptors, or `UVRING_CWD`. */
UV_EXTERN int uvring_fs_linkat(uv_loop_t *loop,
                               uv_fs_t *req,
                               int dir,
                               const char *path,
                               int new_dir,
                               const char *new_path,
                               int flags,
                               uv_fs_cb cb);

/**
 * As `uv_fs_symlink`: makes a symbolic link at `path` that leads to `target`; a relative `path` begins at the directory `dir`, a
 * descriptor, or `UVRING_CWD`.
 */
UV_EXTERN int uvring_fs_symlinkat(uv_loop_t *loop,
                                  uv_fs_t *req,
                                  const char *target,
                                  int dir,
                                  const char *path,
                                  uv_fs_cb cb);

/**
 * Sets an option of the loop.
 *
 * `UV_EINVAL` for an unknown option or a value out of range; `UV_EBUSY` once the loop has run, unless the option says otherwise;
 * for options of the ring `UV_ENOTSUP` where the loop has none, or the kernel's cannot be so, and `UV_EPERM` where the process may
 * not. Not thread-safe.
 */
UV_EXTERN int uvring_loop_set(uv_loop_t *loop, uvring_loop_option option, uint64_t value);

/** Tells an option of the loop. `UV_EINVAL` for an unknown one. Not thread-safe. */
UV_EXTERN int uvring_loop_get(const uv_loop_t *loop, uvring_loop_option option, uint64_t *value);

/**
 * Tells what a loop counted and measured. Set `metrics->size` to `sizeof *metrics` before the call.
 *
 * The counters count from the start. The histograms and `asleep_ns` begin with the first call for the loop, unless the process was
 * started with `UVRING_METRICS=1` in its environment; then `uvring top` shows them, too. They cost some 60 ns a callback,
 * and nothing until then. The 1025th loop that is measured at the same time has empty histograms. `UV_EINVAL` if `size` is smaller
 * than it ever was, or if the loop is closed. Not thread-safe.
 *
 * ```c
 * uvring_metrics_t m;
 * m.size = sizeof m;
 * if (uvring_metrics(uv_default_loop(), &m) == 0)
 *   printf("%llu turns, %llu callbacks of a millisecond or so\n",
 *          (unsigned long long)m.turns, (unsigned long long)(m.callback_ns[19] + m.callback_ns[20]));
 * ```
 */
UV_EXTERN int uvring_metrics(uv_loop_t *loop, uvring_metrics_t *metrics);

/**
 * Makes a pool of memory to receive into. `options` may be NULL.
 *
 * Returns 0, `UV_EINVAL` for options that it cannot be, or `UV_ENOMEM`. Not thread-safe.
 */
UV_EXTERN int uvring_pool_init(uv_loop_t *loop,
                               uvring_pool_t *pool,
                               const uvring_pool_options_t *options);

/**
 * Closes a pool: `cb`, which may be NULL, is called by the loop when the last kept view was released; its memory is gone then. The loop
 * cannot be closed before that.
 *
 * Returns 0; `UV_EBUSY` while a stream receives into it; `UV_EINVAL` if it is closing. Not thread-safe.
 */
UV_EXTERN int uvring_pool_close(uvring_pool_t *pool, uvring_pool_close_cb cb);

/**
 * The loop's own pool, made when first needed; NULL if there is no memory for it. It goes with the loop, which cannot be closed
 * while views of it are kept. Not thread-safe.
 */
UV_EXTERN uvring_pool_t *uvring_loop_pool(uv_loop_t *loop);

/**
 * Keeps `len` bytes at `offset` of a view that a callback was lent, or of a kept one: `kept` becomes a view of its own, to be
 * released once. Nothing is copied.
 *
 * Returns 0, or `UV_EINVAL` outside the view. Not thread-safe.
 */
UV_EXTERN int uvring_view_keep(const uvring_view_t *view,
                               size_t offset,
                               size_t len,
                               uvring_view_t *kept);

/** Releases a kept view; its `base` becomes NULL, so that a second call does nothing. Not thread-safe. */
UV_EXTERN void uvring_view_release(uvring_view_t *kept);

/**
 * Runs `cb` on the thread of `loop`, once for each call, in the order of one sender's calls, and with `value` in the request. Unlike
 * `uv_async_send`, no call is joined with another.
 *
 * Until `cb` has begun, `req` belongs to the library. A post that has arrived keeps the loop alive, but nobody waits for one that
 * is still to come: use `uv_async_t` or another handle for that. The loop may not be closed while a thread may be in this call;
 * `uv_loop_close` gives `UV_EBUSY` while posts await their callbacks. A child that was forked meanwhile hears nothing of them.
 * `UV_EINVAL` if `cb` is NULL. Thread-safe; not for signal handlers.
 */
UV_EXTERN int uvring_post(uvring_post_t *req, uv_loop_t *loop, uint64_t value, uvring_post_cb cb);

/**
 * Reads once, into the caller's memory: ends with `at_least` bytes or more, up to what fits, and takes nothing beyond that from the
 * kernel. Several may be queued, and are served in order.
 *
 * The array is copied; the memory it points to, and `req`, belong to the library until `cb`. `UV_EOF` if the end comes first; `uv_close`
 * ends reads with `UV_ECANCELED`; `req->done` tells how many bytes are there, in any case.
 *
 * Returns 0; `UV_EINVAL` without buffers, without `cb`, if `at_least` is 0 or more than fits, or if the stream is closing;
 * `UV_EALREADY` if it is read in another way; `UV_ENOTCONN` if it is not readable; `UV_ENOTSUP` for IPC pipes; `UV_ENOMEM`. Not
 * thread-safe.
 */
UV_EXTERN int uvring_read(uvring_read_t *req,
                          uv_stream_t *stream,
                          const uv_buf_t *bufs,
                          unsigned int nbufs,
                          size_t at_least,
                          uvring_read_cb cb);

/**
 * Receives whatever comes into `pool`, or, with NULL, into the loop's own: `cb` is lent a view of it, until `uvring_recv_stop`, the
 * end, or an error.
 *
 * A stream whose kept views hold the pool's `stream_max`, and a pool without a free buffer, are not received into, and so the peer
 * has to wait; that ends by itself when views are released.
 *
 * Returns 0; `UV_EALREADY` if the stream is read in any way; `UV_ENOTCONN` if it is not readable; `UV_ENOTSUP` for IPC pipes and
 * ttys; `UV_EINVAL` if it is closing, without `cb`, or if the pool is closing or another loop's; `UV_ENOMEM`. Not thread-safe.
 */
UV_EXTERN int uvring_recv_start(uv_stream_t *stream, uvring_pool_t *pool, uvring_recv_cb cb);

/**
 * Receives no more: there is no callback after it returns. Nothing is lost; `uvring_recv_start`, `uvring_read` and `uv_read_start`
 * go on with the next byte. Returns 0, also for a stream that does not receive. Not thread-safe.
 */
UV_EXTERN int uvring_recv_stop(uv_stream_t *stream);

/**
 * Asks for the end of a request. Its callback comes all the same, later, with `UV_ECANCELED`, or with the result if it was too late;
 * until then its memory stays the library's. What a write has sent, or a read has read, stays: `done` in the request tells how much.
 *
 * Returns 0, or `UV_ENOENT` if the request is not under way. Not thread-safe.
 */
UV_EXTERN int uvring_cancel(uvring_req_t *req);

/**
 * Limits the next call with this memory, if it is one of `uvring_fs_stat_many` or `uvring_fs_load_many`: so many nanoseconds after it
 * the request is cancelled, as by `uvring_cancel`, and its callback gets `UV_ETIMEDOUT` in place of `UV_ECANCELED`. For one call.
 *
 * Returns 0; `UV_EBUSY` if the request is under way; `UV_EINVAL` if `req` is NULL. Not thread-safe.
 */
UV_EXTERN int uvring_timeout(uvring_req_t *req, uint64_t ns);

/**
 * Tells what the loop did so far. Set `stats->size` to `sizeof *stats` before the call.
 *
 * A program that was compiled with an older header gets the fields it knows; one compiled with a newer header sees in
 * `stats->size` how far the fields go. `UV_EINVAL` if `size` is smaller than it ever was, or if the loop is closed.
 * Not thread-safe.
 */
UV_EXTERN int uvring_loop_stats(uv_loop_t *loop, uvring_loop_stats_t *stats);

/**
 * Tells what all loops of the process did that are closed by now, and the default loop so far: sums, `loops` and
 * `loops_on_ring` of them. `driver` is that of the default loop, if there is one. Set `stats->size` as for `uvring_loop_stats`.
 *
 * `UV_EINVAL` if `size` is smaller than it ever was. Thread-safe but for the default loop, which no other thread may be
 * running.
 */
UV_EXTERN int uvring_process_stats(uvring_loop_stats_t *stats);

/**
 * As `uv_timer_start`, with the timeout and the repeat interval in nanoseconds. `uv_timer_get_repeat` and
 * `uv_timer_get_due_in` round up to milliseconds; `uv_timer_set_repeat` sets milliseconds again.
 *
 * A timer is never early. How late it is, is the kernel's to say (some 50 µs, unless the thread's timer slack is less); one
 * that is due in the same millisecond as timers of `uv_timer_start` that are due before it may wait for these.
 * `UV_EINVAL` if `cb` is NULL or the timer is closing. Not thread-safe.
 */
UV_EXTERN int uvring_timer_start(uv_timer_t *handle,
                                 uv_timer_cb cb,
                                 uint64_t timeout_ns,
                                 uint64_t repeat_ns);

/** The loop's time in nanoseconds, as of the last update, as `uv_now` is in milliseconds. Not thread-safe. */
UV_EXTERN uint64_t uvring_now(const uv_loop_t *loop);

/**
 * As `uvring_recv_start`, for datagrams: each is lent as a view, with its sender. A handle without a socket is bound to any IPv4 port. An
 * error does not stop the receiving. A buffer of the pool that is smaller than 64 KiB cuts longer datagrams (`UV_UDP_PARTIAL`).
 *
 * Returns 0; `UV_EALREADY` if it receives in any way; `UV_EINVAL` for another type of handle, if it is closing, without `cb`, or if
 * the pool is closing or another loop's; `UV_ENOMEM`; or what `bind(2)` answers. Not thread-safe.
 */
UV_EXTERN int uvring_udp_recv_start(uv_udp_t *handle, uvring_pool_t *pool, uvring_udp_recv_cb cb);

/** Receives no more: as `uv_udp_recv_stop`, which does the same. Not thread-safe. */
UV_EXTERN int uvring_udp_recv_stop(uv_udp_t *handle);

/**
 * uvring's own version, as "major.minor.patch". Which libuv it stands for is told by `uv_version_string`.
 *
 * Thread-safe.
 */
UV_EXTERN const char *uvring_version(void);

/** uvring's own version as a number: `major << 16 | minor << 8 | patch`. Thread-safe. */
UV_EXTERN unsigned int uvring_version_hex(void);

/**
 * Writes buffers to a stream, together with everything else that is written to it with `uvring_write*` in this iteration of the
 * loop: when the callbacks have run, or at `uvring_flush`, or after 64 KiB, the kernel gets it in one call.
 *
 * Bytes and callbacks keep the order of the calls, also beside `uv_write`, `uv_try_write` and `uv_shutdown`; the first two hand
 * over first what was gathered. The array is copied; the memory it points to, and `req`, belong to the library until `cb`, which
 * may be NULL, is called. `uv_close` tries once to hand over what was gathered; what the kernel does not take then, ends with
 * `UV_ECANCELED`.
 *
 * Returns 0; `UV_EBADF` if the stream is not open; `UV_EPIPE` if it is not writable; `UV_EINVAL` without buffers; `UV_ENOMEM`;
 * or what has ended an earlier write without a callback. `cb` is not called then. Not thread-safe.
 */
UV_EXTERN int uvring_write(uvring_write_t *req,
                           uv_stream_t *stream,
                           const uv_buf_t *bufs,
                           unsigned int nbufs,
                           uvring_write_cb cb);

/**
 * As `uvring_write`, of memory that need not be copied: `cb`, which may be NULL, is called when the socket has accepted the bytes, in
 * order with other writes, and `release` later, when the kernel has let go of the memory. It always comes, also after errors and
 * `uv_close`; until then memory and request are not the caller's.
 *
 * This version has the kernel copy (`req->copied` is 1): without a copy only large writes through real network cards gain.
 *
 * Returns 0, or `uvring_write`'s errors; `UV_EINVAL` also without `release`. Not thread-safe.
 */
UV_EXTERN int uvring_write_zc(uvring_write_t *req,
                              uv_stream_t *stream,
                              const uv_buf_t *bufs,
                              unsigned int nbufs,
                              uvring_write_cb cb,
                              uvring_release_cb release);

/**
 * As `uvring_write`, of a copy of up to 64 KiB: there is no request and no callback, and the memory is the caller's again at once. What
 * ends the write later also ends the stream's `uvring_recv_start`, if it receives, or is returned by the next call.
 *
 * Returns 0; `UV_EAGAIN`, and nothing is taken, while more than the high watermark waits in the stream (1 MiB unless
 * `uvring_watermarks` said otherwise); or `uvring_write`'s errors, `UV_EINVAL` also for more than 64 KiB. Not thread-safe.
 */
UV_EXTERN int uvring_write_copy(uv_stream_t *stream, const void *base, size_t len);

/**
 * As `uvring_write`, of received bytes, lent or kept, without copying. The view is taken: its `base` becomes NULL, and it is released
 * when the bytes are sent, or when the stream is closed. `req` and `cb` may be NULL; an error then ends the receiving of the stream
 * that is written to, if it receives, or is returned by the next call.
 *
 * Returns 0, or `uvring_write`'s errors; nothing is taken then. Not thread-safe.
 */
UV_EXTERN int uvring_write_view(uvring_write_t *req,
                                uv_stream_t *stream,
                                uvring_view_t *view,
                                uvring_write_cb cb);

/**
 * Hands to the kernel what was gathered: for one stream, or, with `stream` NULL, for all of the loop. Does not wait, and calls no
 * callback. Always returns 0. Not thread-safe.
 */
UV_EXTERN int uvring_flush(uv_loop_t *loop, uv_stream_t *stream);

/**
 * Tells a writer when to pause: `cb(stream, 1)` is called when more than `high` bytes wait in the stream although the kernel was
 * offered them, and `cb(stream, 0)` when they are down to `low` again. All ways to write count, and gathered bytes count in
 * `uv_stream_get_write_queue_size`. With `cb` NULL nobody is told. `high` also limits `uvring_write_copy`.
 *
 * Returns 0; `UV_EINVAL` if `low` is above `high` or the stream is closing; `UV_ENOMEM`. Not thread-safe.
 */
UV_EXTERN int uvring_watermarks(uv_stream_t *stream,
                                size_t low,
                                size_t high,
                                uvring_watermark_cb cb);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* UVRING_H */
