/* libuv's C interface, version 1.53.0, as uvring implements it.
 *
 * Generated from the Rust source by build.rs; edits belong there or in cbindgen.toml. */
#ifndef UV_H
#define UV_H

#if defined(BUILDING_UV_SHARED) && defined(USING_UV_SHARED)
#error "Define either BUILDING_UV_SHARED or USING_UV_SHARED, not both."
#endif

#ifndef UV_EXTERN
# ifdef __GNUC__
#  define UV_EXTERN __attribute__((visibility("default")))
# else
#  define UV_EXTERN /* nothing */
# endif
#endif

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "uv/errno.h"
#include "uv/version.h"

/* A link of a list. Private to the library. */
struct uv__queue {
  struct uv__queue *next;
  struct uv__queue *prev;
};

#include "uv/unix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* XX(name, text) for every error. */
#define UV_ERRNO_MAP(XX) \
  XX(E2BIG, "argument list too long") \
  XX(EACCES, "permission denied") \
  XX(EADDRINUSE, "address already in use") \
  XX(EADDRNOTAVAIL, "address not available") \
  XX(EAFNOSUPPORT, "address family not supported") \
  XX(EAGAIN, "resource temporarily unavailable") \
  XX(EAI_ADDRFAMILY, "address family not supported") \
  XX(EAI_AGAIN, "temporary failure") \
  XX(EAI_BADFLAGS, "bad ai_flags value") \
  XX(EAI_BADHINTS, "invalid value for hints") \
  XX(EAI_CANCELED, "request canceled") \
  XX(EAI_FAIL, "permanent failure") \
  XX(EAI_FAMILY, "ai_family not supported") \
  XX(EAI_MEMORY, "out of memory") \
  XX(EAI_NODATA, "no address") \
  XX(EAI_NONAME, "unknown node or service") \
  XX(EAI_OVERFLOW, "argument buffer overflow") \
  XX(EAI_PROTOCOL, "resolved protocol is unknown") \
  XX(EAI_SERVICE, "service not available for socket type") \
  XX(EAI_SOCKTYPE, "socket type not supported") \
  XX(EALREADY, "connection already in progress") \
  XX(EBADF, "bad file descriptor") \
  XX(EBUSY, "resource busy or locked") \
  XX(ECANCELED, "operation canceled") \
  XX(ECHARSET, "invalid Unicode character") \
  XX(ECONNABORTED, "software caused connection abort") \
  XX(ECONNREFUSED, "connection refused") \
  XX(ECONNRESET, "connection reset by peer") \
  XX(EDESTADDRREQ, "destination address required") \
  XX(EEXIST, "file already exists") \
  XX(EFAULT, "bad address in system call argument") \
  XX(EFBIG, "file too large") \
  XX(EHOSTUNREACH, "host is unreachable") \
  XX(EINTR, "interrupted system call") \
  XX(EINVAL, "invalid argument") \
  XX(EIO, "i/o error") \
  XX(EISCONN, "socket is already connected") \
  XX(EISDIR, "illegal operation on a directory") \
  XX(ELOOP, "too many symbolic links encountered") \
  XX(EMFILE, "too many open files") \
  XX(EMSGSIZE, "message too long") \
  XX(ENAMETOOLONG, "name too long") \
  XX(ENETDOWN, "network is down") \
  XX(ENETUNREACH, "network is unreachable") \
  XX(ENFILE, "file table overflow") \
  XX(ENOBUFS, "no buffer space available") \
  XX(ENODEV, "no such device") \
  XX(ENOENT, "no such file or directory") \
  XX(ENOMEM, "not enough memory") \
  XX(ENONET, "machine is not on the network") \
  XX(ENOPROTOOPT, "protocol not available") \
  XX(ENOSPC, "no space left on device") \
  XX(ENOSYS, "function not implemented") \
  XX(ENOTCONN, "socket is not connected") \
  XX(ENOTDIR, "not a directory") \
  XX(ENOTEMPTY, "directory not empty") \
  XX(ENOTSOCK, "socket operation on non-socket") \
  XX(ENOTSUP, "operation not supported on socket") \
  XX(EOVERFLOW, "value too large for defined data type") \
  XX(EPERM, "operation not permitted") \
  XX(EPIPE, "broken pipe") \
  XX(EPROTO, "protocol error") \
  XX(EPROTONOSUPPORT, "protocol not supported") \
  XX(EPROTOTYPE, "protocol wrong type for socket") \
  XX(ERANGE, "result too large") \
  XX(EROFS, "read-only file system") \
  XX(ESHUTDOWN, "cannot send after transport endpoint shutdown") \
  XX(ESPIPE, "invalid seek") \
  XX(ESRCH, "no such process") \
  XX(ETIMEDOUT, "connection timed out") \
  XX(ETXTBSY, "text file is busy") \
  XX(EXDEV, "cross-device link not permitted") \
  XX(UNKNOWN, "unknown error") \
  XX(EOF, "end of file") \
  XX(ENXIO, "no such device or address") \
  XX(EMLINK, "too many links") \
  XX(EHOSTDOWN, "host is down") \
  XX(EREMOTEIO, "remote I/O error") \
  XX(ENOTTY, "inappropriate ioctl for device") \
  XX(EFTYPE, "inappropriate file type or format") \
  XX(EILSEQ, "illegal byte sequence") \
  XX(ESOCKTNOSUPPORT, "socket type not supported") \
  XX(ENODATA, "no data available") \
  XX(EUNATCH, "protocol driver not attached") \
  XX(ENOEXEC, "exec format error")

/* XX(NAME, name) for every type of handle; the type is UV_NAME, the struct uv_name_t. */
#define UV_HANDLE_TYPE_MAP(XX) \
  XX(ASYNC, async) \
  XX(CHECK, check) \
  XX(FS_EVENT, fs_event) \
  XX(FS_POLL, fs_poll) \
  XX(HANDLE, handle) \
  XX(IDLE, idle) \
  XX(NAMED_PIPE, pipe) \
  XX(POLL, poll) \
  XX(PREPARE, prepare) \
  XX(PROCESS, process) \
  XX(STREAM, stream) \
  XX(TCP, tcp) \
  XX(TIMER, timer) \
  XX(TTY, tty) \
  XX(UDP, udp) \
  XX(SIGNAL, signal)

/* XX(NAME, name) for every type of request; the type is UV_NAME, the struct uv_name_t. */
#define UV_REQ_TYPE_MAP(XX) \
  XX(REQ, req) \
  XX(CONNECT, connect) \
  XX(WRITE, write) \
  XX(SHUTDOWN, shutdown) \
  XX(UDP_SEND, udp_send) \
  XX(FS, fs) \
  XX(WORK, work) \
  XX(GETADDRINFO, getaddrinfo) \
  XX(GETNAMEINFO, getnameinfo) \
  XX(RANDOM, random)

/* Errors. Functions return them as int; all are negative. */
typedef enum {
#define XX(name, _) UV_##name = UV__##name,
  UV_ERRNO_MAP(XX)
#undef XX
  UV_ERRNO_MAX = UV__EOF - 1
} uv_errno_t;

/* Types of handles. UV_FILE is what uv_guess_handle says of a file. */
typedef enum {
  UV_UNKNOWN_HANDLE = 0,
#define XX(uc, lc) UV_##uc,
  UV_HANDLE_TYPE_MAP(XX)
#undef XX
  UV_FILE,
  UV_HANDLE_TYPE_MAX
} uv_handle_type;

/* Types of requests. */
typedef enum {
  UV_UNKNOWN_REQ = 0,
#define XX(uc, lc) UV_##uc,
  UV_REQ_TYPE_MAP(XX)
#undef XX
  UV_REQ_TYPE_MAX
} uv_req_type;

/* Options of uv_loop_configure. */
typedef enum {
  UV_LOOP_BLOCK_SIGNAL = 0,   /* followed by SIGPROF: blocked while the loop waits */
  UV_METRICS_IDLE_TIME,       /* collect what uv_metrics_idle_time gives */
  UV_LOOP_USE_IO_URING_SQPOLL /* let a kernel thread watch the ring */
} uv_loop_option;
/* For #ifdef. */
#define UV_LOOP_USE_IO_URING_SQPOLL UV_LOOP_USE_IO_URING_SQPOLL

/* How far uv_run goes. */
typedef enum {
  UV_RUN_DEFAULT = 0, /* until nothing is left to wait for */
  UV_RUN_ONCE,        /* one turn, waiting for an event */
  UV_RUN_NOWAIT       /* one turn, without waiting */
} uv_run_mode;

/* Clocks of uv_clock_gettime. */
typedef enum {
  UV_CLOCK_MONOTONIC,
  UV_CLOCK_REALTIME
} uv_clock_id;

/* What uv_udp_set_membership does. */
typedef enum {
  UV_LEAVE_GROUP = 0,
  UV_JOIN_GROUP
} uv_membership;

/* Flags of uv_tcp_bind. */
enum uv_tcp_flags {
  UV_TCP_IPV6ONLY = 1, /* an IPv6 socket takes no IPv4 connections */
  UV_TCP_REUSEPORT = 2 /* several sockets share the port, the kernel spreads connections */
};

/* Flags of UDP sockets. */
enum uv_udp_flags {
  UV_UDP_IPV6ONLY = 1,       /* uv_udp_bind: no IPv4 through an IPv6 socket */
  UV_UDP_PARTIAL = 2,        /* receive callback: the datagram was cut to the buffer's length */
  UV_UDP_REUSEADDR = 4,      /* uv_udp_bind: SO_REUSEADDR; the last socket bound gets the datagrams */
  UV_UDP_MMSG_CHUNK = 8,     /* receive callback: one of several in the buffer, which stays the library's */
  UV_UDP_MMSG_FREE = 16,     /* receive callback: the library is done with the buffer; nothing was read */
  UV_UDP_LINUX_RECVERR = 32, /* uv_udp_bind: report ICMP errors at once */
  UV_UDP_REUSEPORT = 64,     /* uv_udp_bind: several sockets share the port, the kernel spreads datagrams */
  UV_UDP_RECVMMSG = 256      /* uv_udp_init_ex: receive several datagrams with one system call */
};

/* Modes of a terminal. */
typedef enum {
  UV_TTY_MODE_NORMAL, /* as it was found */
  UV_TTY_MODE_RAW,    /* input byte by byte, output still processed */
  UV_TTY_MODE_IO,     /* no processing in either direction */
  UV_TTY_MODE_RAW_VT  /* as UV_TTY_MODE_RAW */
} uv_tty_mode_t;

/* Whether a console understands terminal sequences; of use on Windows only. */
typedef enum {
  UV_TTY_SUPPORTED,
  UV_TTY_UNSUPPORTED
} uv_tty_vtermstate_t;

/* Flags of uv_pipe_bind2 and uv_pipe_connect2. */
enum {
  UV_PIPE_NO_TRUNCATE = 1u << 0 /* a name that is too long is an error */
};

/* Events of uv_poll_start. */
enum uv_poll_event {
  UV_READABLE = 1,
  UV_WRITABLE = 2,
  UV_DISCONNECT = 4,
  UV_PRIORITIZED = 8
};

/* What one of a child's descriptors is made from. */
typedef enum {
  UV_IGNORE = 0x00,         /* /dev/null for 0 to 2, else nothing */
  UV_CREATE_PIPE = 0x01,    /* a new pipe to data.stream */
  UV_INHERIT_FD = 0x02,     /* data.fd */
  UV_INHERIT_STREAM = 0x04, /* the descriptor of data.stream */
  /* With UV_CREATE_PIPE, as the child sees it: */
  UV_READABLE_PIPE = 0x10,
  UV_WRITABLE_PIPE = 0x20,
  UV_NONBLOCK_PIPE = 0x40,  /* the child's end does not block */
  UV_OVERLAPPED_PIPE = 0x40 /* the same, by its old name */
} uv_stdio_flags;

/* Flags of uv_process_options_t. Those about Windows are ignored. */
enum uv_process_flags {
  UV_PROCESS_SETUID = 1 << 0,
  UV_PROCESS_SETGID = 1 << 1,
  UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS = 1 << 2,
  UV_PROCESS_DETACHED = 1 << 3, /* in a session of its own, so that it can outlive its parent */
  UV_PROCESS_WINDOWS_HIDE = 1 << 4,
  UV_PROCESS_WINDOWS_HIDE_CONSOLE = 1 << 5,
  UV_PROCESS_WINDOWS_HIDE_GUI = 1 << 6,
  UV_PROCESS_WINDOWS_FILE_PATH_EXACT_NAME = 1 << 7
};

/* Types of directory entries. */
typedef enum {
  UV_DIRENT_UNKNOWN,
  UV_DIRENT_FILE,
  UV_DIRENT_DIR,
  UV_DIRENT_LINK,
  UV_DIRENT_FIFO,
  UV_DIRENT_SOCKET,
  UV_DIRENT_CHAR,
  UV_DIRENT_BLOCK
} uv_dirent_type_t;

/* Priorities of processes, for uv_os_setpriority. */
#define UV_PRIORITY_LOW 19
#define UV_PRIORITY_BELOW_NORMAL 10
#define UV_PRIORITY_NORMAL 0
#define UV_PRIORITY_ABOVE_NORMAL -7
#define UV_PRIORITY_HIGH -14
#define UV_PRIORITY_HIGHEST -20

/* Priorities of threads, for uv_thread_setpriority. */
enum {
  UV_THREAD_PRIORITY_HIGHEST = 2,
  UV_THREAD_PRIORITY_ABOVE_NORMAL = 1,
  UV_THREAD_PRIORITY_NORMAL = 0,
  UV_THREAD_PRIORITY_BELOW_NORMAL = -1,
  UV_THREAD_PRIORITY_LOWEST = -2
};

/* Flags of uv_thread_options_t. */
typedef enum {
  UV_THREAD_NO_FLAGS = 0x00,
  UV_THREAD_HAS_STACK_SIZE = 0x01 /* stack_size is set */
} uv_thread_create_flags;

/* Types of file system operations. */
typedef enum {
  UV_FS_UNKNOWN = -1,
  UV_FS_CUSTOM,
  UV_FS_OPEN,
  UV_FS_CLOSE,
  UV_FS_READ,
  UV_FS_WRITE,
  UV_FS_SENDFILE,
  UV_FS_STAT,
  UV_FS_LSTAT,
  UV_FS_FSTAT,
  UV_FS_FTRUNCATE,
  UV_FS_UTIME,
  UV_FS_FUTIME,
  UV_FS_ACCESS,
  UV_FS_CHMOD,
  UV_FS_FCHMOD,
  UV_FS_FSYNC,
  UV_FS_FDATASYNC,
  UV_FS_UNLINK,
  UV_FS_RMDIR,
  UV_FS_MKDIR,
  UV_FS_MKDTEMP,
  UV_FS_RENAME,
  UV_FS_SCANDIR,
  UV_FS_LINK,
  UV_FS_SYMLINK,
  UV_FS_READLINK,
  UV_FS_CHOWN,
  UV_FS_FCHOWN,
  UV_FS_REALPATH,
  UV_FS_COPYFILE,
  UV_FS_LCHOWN,
  UV_FS_OPENDIR,
  UV_FS_READDIR,
  UV_FS_CLOSEDIR,
  UV_FS_STATFS,
  UV_FS_MKSTEMP,
  UV_FS_LUTIME
} uv_fs_type;

/* Flags of uv_fs_copyfile. */
#define UV_FS_COPYFILE_EXCL 0x0001           /* fail if the target exists */
#define UV_FS_COPYFILE_FICLONE 0x0002        /* share the blocks if the file system can, else copy */
#define UV_FS_COPYFILE_FICLONE_FORCE 0x0004  /* share the blocks or fail */

/* Flags of uv_fs_symlink. Ignored. */
#define UV_FS_SYMLINK_DIR 0x0001
#define UV_FS_SYMLINK_JUNCTION 0x0002

/* Times for uv_fs_utime and its kin: the present, or leave as it is. */
#define UV_FS_UTIME_NOW (INFINITY)
#define UV_FS_UTIME_OMIT (NAN)

/* Events of uv_fs_event_start's callback. */
enum uv_fs_event {
  UV_RENAME = 1,
  UV_CHANGE = 2
};

/* Flags of uv_fs_event_start. */
enum uv_fs_event_flags {
  UV_FS_EVENT_WATCH_ENTRY = 1, /* no effect */
  UV_FS_EVENT_STAT = 2,        /* no effect */
  UV_FS_EVENT_RECURSIVE = 4
};

/* Room for any host name, with its end. */
#ifdef MAXHOSTNAMELEN
# define UV_MAXHOSTNAMESIZE (MAXHOSTNAMELEN + 1)
#else
# define UV_MAXHOSTNAMESIZE 256
#endif

/* Room for any name of a network interface, with a scope separator or an end. */
#define UV_IF_NAMESIZE (16 + 1)

/* Handles. */
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_stream_s uv_stream_t;
typedef struct uv_tcp_s uv_tcp_t;
typedef struct uv_udp_s uv_udp_t;
typedef struct uv_pipe_s uv_pipe_t;
typedef struct uv_tty_s uv_tty_t;
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_timer_s uv_timer_t;
typedef struct uv_prepare_s uv_prepare_t;
typedef struct uv_check_s uv_check_t;
typedef struct uv_idle_s uv_idle_t;
typedef struct uv_async_s uv_async_t;
typedef struct uv_process_s uv_process_t;
typedef struct uv_fs_event_s uv_fs_event_t;
typedef struct uv_fs_poll_s uv_fs_poll_t;
typedef struct uv_signal_s uv_signal_t;

/* Requests. */
typedef struct uv_req_s uv_req_t;
typedef struct uv_getaddrinfo_s uv_getaddrinfo_t;
typedef struct uv_getnameinfo_s uv_getnameinfo_t;
typedef struct uv_shutdown_s uv_shutdown_t;
typedef struct uv_write_s uv_write_t;
typedef struct uv_connect_s uv_connect_t;
typedef struct uv_udp_send_s uv_udp_send_t;
typedef struct uv_fs_s uv_fs_t;
typedef struct uv_work_s uv_work_t;
typedef struct uv_random_s uv_random_t;

/* Neither. */
typedef struct uv__io_s uv__io_t;
typedef struct uv_cpu_info_s uv_cpu_info_t;
typedef struct uv_dir_s uv_dir_t;
typedef struct uv_dirent_s uv_dirent_t;
typedef struct uv_env_item_s uv_env_item_t;
typedef struct uv_group_s uv_group_t;
typedef struct uv_interface_address_s uv_interface_address_t;
typedef struct uv_metrics_s uv_metrics_t;
typedef struct uv_passwd_s uv_passwd_t;
typedef struct uv_process_options_s uv_process_options_t;
typedef struct uv_statfs_s uv_statfs_t;
typedef struct uv_stdio_container_s uv_stdio_container_t;
typedef struct uv_thread_options_s uv_thread_options_t;
typedef struct uv_utsname_s uv_utsname_t;

/* The fields that every handle, stream and request begins with. */
#define UV_HANDLE_FIELDS \
  /** The user's own pointer; never touched by the library. */ \
  void *data; \
  /** The loop the handle belongs to. Read-only for users. */ \
  uv_loop_t *loop; \
  /** One of the `UV_*` handle types. Read-only for users. */ \
  uv_handle_type type; \
  /** Called in the closing phase after `uv_close`. */ \
  uv_close_cb close_cb; \
  /** Link in `loop->handle_queue`. */ \
  struct uv__queue handle_queue; \
  /** Four words reserved for the library. */ \
  union { \
    /** Unused on Linux. */ \
    int fd; \
    /** Reserved for the library. */ \
    void *reserved[4]; \
  } u; \
  /** Next handle in `loop->closing_handles`. */ \
  uv_handle_t *next_closing; \
  /** `UV_HANDLE_*` bits; programs copy and test them. */ \
  unsigned int flags;
#define UV_STREAM_FIELDS \
  /** Bytes that `uv_write` took and the kernel has not accepted yet. */ \
  size_t write_queue_size; \
  /** Allocation callback given to `uv_read_start`. */ \
  uv_alloc_cb alloc_cb; \
  /** Read callback given to `uv_read_start`. */ \
  uv_read_cb read_cb; \
  /** The connect request under way, or NULL. */ \
  uv_connect_t *connect_req; \
  /** The shutdown request under way, or NULL. */ \
  uv_shutdown_t *shutdown_req; \
  /** What the stream wants from, and has at, the driver. */ \
  uv__io_t io_watcher; \
  /** Write requests not yet written, in order. */ \
  struct uv__queue write_queue; \
  /** Write requests written, awaiting their callbacks. */ \
  struct uv__queue write_completed_queue; \
  /** Given to `uv_listen`. */ \
  uv_connection_cb connection_cb; \
  /** An error of bind or connect that is reported later. */ \
  int delayed_error; \
  /** A connection taken from the kernel that `uv_accept` has not claimed, or -1. */ \
  int accepted_fd; \
  /** Further descriptors received over an IPC pipe. */ \
  void *queued_fds;
#define UV_REQ_FIELDS \
  /** The user's own pointer; never touched by the library. */ \
  void *data; \
  /** One of the `UV_*` request types. Read-only for users. */ \
  uv_req_type type; \
  /** Reserved for the library. */ \
  void *reserved[5]; \
  /** Reserved for the library (`uv_write_nwritten`). */ \
  __extension__ union { \
    void *reserved2[1]; \
    struct uv__req_write_extra_s write_extra; \
  };

/* The fields that are private to the library, of each struct. */
#define UV_HANDLE_PRIVATE_FIELDS \
  uv_handle_t *next_closing; \
  unsigned int flags;
#define UV_PIPE_PRIVATE_FIELDS \
  const char *pipe_fname;
#define UV_TTY_PRIVATE_FIELDS \
  struct termios orig_termios; \
  int mode;
#define UV_UDP_PRIVATE_FIELDS \
  uv_alloc_cb alloc_cb; \
  uv_udp_recv_cb recv_cb; \
  uv__io_t io_watcher; \
  struct uv__queue write_queue; \
  struct uv__queue write_completed_queue;
#define UV_POLL_PRIVATE_FIELDS \
  uv__io_t io_watcher;
#define UV_PROCESS_PRIVATE_FIELDS \
  struct uv__queue queue; \
  int status;
#define UV_CONNECT_PRIVATE_FIELDS \
  struct uv__queue queue;
#define UV_SHUTDOWN_PRIVATE_FIELDS
#define UV_WRITE_PRIVATE_FIELDS \
  struct uv__queue queue; \
  unsigned int write_index; \
  struct uv_buf_t *bufs; \
  unsigned int nbufs; \
  int error; \
  struct uv_buf_t bufsml[4];
#define UV_UDP_SEND_PRIVATE_FIELDS \
  struct uv__queue queue; \
  union { \
    struct sockaddr addr; \
    struct sockaddr_storage storage; \
  } u; \
  unsigned int nbufs; \
  struct uv_buf_t *bufs; \
  ssize_t status; \
  uv_udp_send_cb send_cb; \
  struct uv_buf_t bufsml[4];
#define UV_FS_PRIVATE_FIELDS \
  const char *new_path; \
  uv_file file; \
  int flags; \
  mode_t mode; \
  unsigned int nbufs; \
  struct uv_buf_t *bufs; \
  off_t off; \
  uv_uid_t uid; \
  uv_gid_t gid; \
  double atime; \
  double mtime; \
  struct uv__work work_req; \
  struct uv_buf_t bufsml[4];
#define UV_DIR_PRIVATE_FIELDS \
  DIR *dir;
#define UV_IO_PRIVATE_PLATFORM_FIELDS \
  unsigned int part;
#define UV_PLATFORM_LOOP_FIELDS \
  uv__io_t inotify_read_watcher; \
  void *inotify_watchers; \
  int inotify_fd;
#define UV_PLATFORM_FS_EVENT_FIELDS \
  struct uv__queue watchers; \
  int wd;
#define UV_STREAM_PRIVATE_PLATFORM_FIELDS
#define UV_PRIVATE_REQ_TYPES

/** See `uv_replace_allocator`. */
typedef void *(*uv_malloc_func)(size_t size);

/** See `uv_replace_allocator`. */
typedef void *(*uv_realloc_func)(void *ptr, size_t size);

/** See `uv_replace_allocator`. */
typedef void *(*uv_calloc_func)(size_t count, size_t size);

/** See `uv_replace_allocator`. */
typedef void (*uv_free_func)(void *ptr);

/** See `uv_async_init`. */
typedef void (*uv_async_cb)(uv_async_t *handle);

/** See `uv_fs_event_start`. */
typedef void (*uv_fs_event_cb)(uv_fs_event_t *handle, const char *filename, int events, int status);

/** Seconds and nanoseconds. */
typedef struct uv_timespec_t {
  /** Seconds. */
  long tv_sec;
  /** Nanoseconds. */
  long tv_nsec;
} uv_timespec_t;

/** What the stat operations give. */
typedef struct uv_stat_t {
  /** Device that holds the file. */
  uint64_t st_dev;
  /** Type and permission bits. */
  uint64_t st_mode;
  /** Hard links. */
  uint64_t st_nlink;
  /** Owner. */
  uint64_t st_uid;
  /** Group. */
  uint64_t st_gid;
  /** Device, for device files. */
  uint64_t st_rdev;
  /** Inode number. */
  uint64_t st_ino;
  /** Size in bytes. */
  uint64_t st_size;
  /** Preferred I/O size in bytes. */
  uint64_t st_blksize;
  /** Allocated 512-byte blocks. */
  uint64_t st_blocks;
  /** Always 0 on Linux. */
  uint64_t st_flags;
  /** Always 0 on Linux. */
  uint64_t st_gen;
  /** Last access. */
  struct uv_timespec_t st_atim;
  /** Last modification of the content. */
  struct uv_timespec_t st_mtim;
  /** Last change of the inode. */
  struct uv_timespec_t st_ctim;
  /** Creation. */
  struct uv_timespec_t st_birthtim;
} uv_stat_t;

/** See `uv_fs_poll_start`. */
typedef void (*uv_fs_poll_cb)(uv_fs_poll_t *handle,
                              int status,
                              const struct uv_stat_t *prev,
                              const struct uv_stat_t *curr);

/** A file descriptor. */
typedef int uv_file;

/** See `uv_tcp_connect`. */
typedef void (*uv_connect_cb)(uv_connect_t *req, int status);

/** A socket. */
typedef int uv_os_sock_t;

/** See `uv_poll_start`. */
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);

/** See `uv_signal_start`. */
typedef void (*uv_signal_cb)(uv_signal_t *handle, int signum);

/** See `uv_listen`. */
typedef void (*uv_connection_cb)(uv_stream_t *server, int status);

/** A piece of memory; laid out as `struct iovec`. */
typedef struct uv_buf_t {
  /** First byte. */
  char *base;
  /** Length in bytes. */
  size_t len;
} uv_buf_t;

/** Asked for the buffer of a read that is about to happen. */
typedef void (*uv_alloc_cb)(uv_handle_t *handle, size_t suggested_size, struct uv_buf_t *buf);

/** Receives what was read: bytes, 0 for nothing, `UV_EOF` or another `UV_E…`. */
typedef void (*uv_read_cb)(uv_stream_t *stream, ssize_t nread, const struct uv_buf_t *buf);

/** See `uv_shutdown`. */
typedef void (*uv_shutdown_cb)(uv_shutdown_t *req, int status);

/** See `uv_write`. */
typedef void (*uv_write_cb)(uv_write_t *req, int status);

/** See `uv_close`. */
typedef void (*uv_close_cb)(uv_handle_t *handle);

/** See `uv_timer_start`. */
typedef void (*uv_timer_cb)(uv_timer_t *handle);

/** See `uv_udp_recv_start`. */
typedef void (*uv_udp_recv_cb)(uv_udp_t *handle,
                               ssize_t nread,
                               const struct uv_buf_t *buf,
                               const struct sockaddr *addr,
                               unsigned int flags);

/** See `uv_udp_send`. */
typedef void (*uv_udp_send_cb)(uv_udp_send_t *req, int status);

/** See `uv_idle_start`. */
typedef void (*uv_idle_cb)(uv_idle_t *handle);

/** See `uv_prepare_start`. */
typedef void (*uv_prepare_cb)(uv_prepare_t *handle);

/** See `uv_check_start`. */
typedef void (*uv_check_cb)(uv_check_t *handle);

/** Seconds and microseconds. */
typedef struct uv_timeval_t {
  /** Seconds. */
  long tv_sec;
  /** Microseconds. */
  long tv_usec;
} uv_timeval_t;

/** Resources used. */
typedef struct uv_rusage_t {
  /** User CPU time. */
  struct uv_timeval_t ru_utime;
  /** System CPU time. */
  struct uv_timeval_t ru_stime;
  /** Maximum resident set size in KiB. */
  uint64_t ru_maxrss;
  /** Integral shared memory size. */
  uint64_t ru_ixrss;
  /** Integral unshared data size. */
  uint64_t ru_idrss;
  /** Integral unshared stack size. */
  uint64_t ru_isrss;
  /** Soft page faults. */
  uint64_t ru_minflt;
  /** Hard page faults. */
  uint64_t ru_majflt;
  /** Swaps. */
  uint64_t ru_nswap;
  /** Block input operations. */
  uint64_t ru_inblock;
  /** Block output operations. */
  uint64_t ru_oublock;
  /** Messages sent. */
  uint64_t ru_msgsnd;
  /** Messages received. */
  uint64_t ru_msgrcv;
  /** Signals received. */
  uint64_t ru_nsignals;
  /** Voluntary context switches. */
  uint64_t ru_nvcsw;
  /** Involuntary context switches. */
  uint64_t ru_nivcsw;
} uv_rusage_t;

/** A loaded library. */
typedef struct uv_lib_t {
  /** What `dlopen` gave. */
  void *handle;
  /** The last error's text, or NULL. */
  char *errmsg;
} uv_lib_t;

/** A process id. */
typedef pid_t uv_pid_t;

/** A file descriptor. */
typedef int uv_os_fd_t;

/** A mutex. */
typedef pthread_mutex_t uv_mutex_t;

/** A semaphore. */
typedef sem_t uv_sem_t;

/** A condition variable. */
typedef pthread_cond_t uv_cond_t;

/** See `uv_once`. */
typedef pthread_once_t uv_once_t;

/** A key of thread-local storage. */
typedef pthread_key_t uv_key_t;

/** A thread. */
typedef pthread_t uv_thread_t;

/** See `uv_thread_create`. */
typedef void (*uv_thread_cb)(void *arg);

/** A user id. */
typedef uid_t uv_uid_t;

/** See `uv_getaddrinfo`. */
typedef void (*uv_getaddrinfo_cb)(uv_getaddrinfo_t *req, int status, struct addrinfo *res);

/** See `uv_getnameinfo`. */
typedef void (*uv_getnameinfo_cb)(uv_getnameinfo_t *req,
                                  int status,
                                  const char *hostname,
                                  const char *service);

/** See `uv_fs_*`. */
typedef void (*uv_fs_cb)(uv_fs_t *req);

/** A group id. */
typedef gid_t uv_gid_t;

/** See `uv_random`. */
typedef void (*uv_random_cb)(uv_random_t *req, int status, void *buf, size_t buflen);

/** See `uv_queue_work`. */
typedef void (*uv_work_cb)(uv_work_t *req);

/** See `uv_queue_work`. */
typedef void (*uv_after_work_cb)(uv_work_t *req, int status);

/** Seconds and nanoseconds, with 64-bit seconds everywhere. */
typedef struct uv_timespec64_t {
  /** Seconds. */
  int64_t tv_sec;
  /** Nanoseconds. */
  int32_t tv_nsec;
} uv_timespec64_t;

/** Seconds and microseconds, with 64-bit seconds everywhere. */
typedef struct uv_timeval64_t {
  /** Seconds. */
  int64_t tv_sec;
  /** Microseconds. */
  int32_t tv_usec;
} uv_timeval64_t;

/** See `uv_walk`. */
typedef void (*uv_walk_cb)(uv_handle_t *handle, void *arg);

/** What a handle wants to hear about its descriptor, and what the driver has been told (`model/io_watcher.rs`). */
typedef struct uv__io_s {
  /** The key of the poll the driver holds, or 0. */
  size_t bits;
  /** Link in `loop->pending_queue`. */
  struct uv__queue pending_queue;
  /** Link in `loop->watcher_queue`. */
  struct uv__queue watcher_queue;
  /** Events wanted (`POLL*`). */
  unsigned int pevents;
  /** Events the driver has been asked for. */
  unsigned int events;
  /** The descriptor, or -1. Programs read it. */
  int fd;
  /** Which kind of handle this watcher is part of (`io::Part`). */
  unsigned int part;
} uv__io_s;

/** The last reserved word of a request. */
typedef struct uv__req_write_extra_s {
  /** Bytes written so far (`uv_write_nwritten`). */
  size_t nwritten;
} uv__req_write_extra_s;

/** CPU time by use, in milliseconds. */
typedef struct uv_cpu_times_s {
  /** User mode. */
  uint64_t user;
  /** User mode, niced. */
  uint64_t nice;
  /** Kernel mode. */
  uint64_t sys;
  /** Idle. */
  uint64_t idle;
  /** Interrupts. */
  uint64_t irq;
} uv_cpu_times_s;

/** One CPU. */
typedef struct uv_cpu_info_s {
  /** Model name, owned by the array. */
  const char *model;
  /** Clock in MHz. */
  int speed;
  /** Time by use. */
  struct uv_cpu_times_s cpu_times;
} uv_cpu_info_s;

/** One address of one network interface. */
typedef struct uv_interface_address_s {
  /** Interface name. */
  char *name;
  /** Hardware address. */
  char phys_addr[6];
  /** Non-zero for loopback. */
  int is_internal;
  /** The address. */
  union {
    /** IPv4. */
    struct sockaddr_in address4;
    /** IPv6. */
    struct sockaddr_in6 address6;
  } address;
  /** Its netmask. */
  union {
    /** IPv4. */
    struct sockaddr_in netmask4;
    /** IPv6. */
    struct sockaddr_in6 netmask6;
  } netmask;
} uv_interface_address_s;

/** An entry of the user database. */
typedef struct uv_passwd_s {
  /** Login name. */
  char *username;
  /** User id. */
  unsigned long uid;
  /** Group id. */
  unsigned long gid;
  /** Login shell. */
  char *shell;
  /** Home directory. */
  char *homedir;
} uv_passwd_s;

/** An entry of the group database. */
typedef struct uv_group_s {
  /** Group name. */
  char *groupname;
  /** Group id. */
  unsigned long gid;
  /** Names of the members, ended by NULL. */
  char **members;
} uv_group_s;

/** What the system calls itself. */
typedef struct uv_utsname_s {
  /** Operating system. */
  char sysname[256];
  /** Release. */
  char release[256];
  /** Version. */
  char version[256];
  /** Hardware. */
  char machine[256];
} uv_utsname_s;

/** What `uv_fs_statfs` gives. */
typedef struct uv_statfs_s {
  /** Type of file system. */
  uint64_t f_type;
  /** Block size in bytes. */
  uint64_t f_bsize;
  /** Blocks in all. */
  uint64_t f_blocks;
  /** Free blocks. */
  uint64_t f_bfree;
  /** Blocks free to ordinary users. */
  uint64_t f_bavail;
  /** Inodes in all. */
  uint64_t f_files;
  /** Free inodes. */
  uint64_t f_ffree;
  /** Fragment size in bytes. */
  uint64_t f_frsize;
  /** Unused. */
  uint64_t f_spare[3];
} uv_statfs_s;

/** A directory entry. */
typedef struct uv_dirent_s {
  /** Name, owned by the request or directory. */
  const char *name;
  /** One of the `UV_DIRENT_*` types. */
  uv_dirent_type_t type;
} uv_dirent_s;

/** An open directory. */
typedef struct uv_dir_s {
  /** Where `uv_fs_readdir` puts entries; the user's. */
  uv_dirent_t *dirents;
  /** How many fit. */
  size_t nentries;
  /** Reserved for the library. */
  void *reserved[4];
  /** The open directory stream. */
  DIR *dir;
} uv_dir_s;

/** An environment variable. */
typedef struct uv_env_item_s {
  /** Name. */
  char *name;
  /** Value. */
  char *value;
} uv_env_item_s;

/** Counters of a loop. */
typedef struct uv_metrics_s {
  /** Turns of the loop. */
  uint64_t loop_count;
  /** Events delivered. */
  uint64_t events;
  /** Events that had been waiting when the loop polled. */
  uint64_t events_waiting;
  /** Reserved for libuv. */
  uint64_t *reserved[13];
} uv_metrics_s;

/** One of a child's descriptors. */
typedef struct uv_stdio_container_s {
  /** `uv_stdio_flags`. */
  uv_stdio_flags flags;
  /** The stream or descriptor. */
  union {
    /** With `UV_CREATE_PIPE` and `UV_INHERIT_STREAM`. */
    uv_stream_t *stream;
    /** With `UV_INHERIT_FD`. */
    int fd;
  } data;
} uv_stdio_container_s;

/** See `uv_spawn`. */
typedef void (*uv_exit_cb)(uv_process_t *process, int64_t exit_status, int term_signal);

/** What `uv_spawn` starts. */
typedef struct uv_process_options_s {
  /** Called when the child has exited. */
  uv_exit_cb exit_cb;
  /** Program to run. */
  const char *file;
  /** Its arguments, ended by NULL; the first is the program's name. */
  char **args;
  /** Its environment, ended by NULL; NULL for the parent's. */
  char **env;
  /** Its working directory; NULL for the parent's. */
  const char *cwd;
  /** `uv_process_flags`. */
  unsigned int flags;
  /** Length of `stdio`. */
  int stdio_count;
  /** Its descriptors, from 0. */
  uv_stdio_container_t *stdio;
  /** User id, with `UV_PROCESS_SETUID`. */
  uv_uid_t uid;
  /** Group id, with `UV_PROCESS_SETGID`. */
  uv_gid_t gid;
} uv_process_options_s;

/** Options of `uv_thread_create_ex`. */
typedef struct uv_thread_options_s {
  /** `uv_thread_create_flags`. */
  unsigned int flags;
  /** Stack size in bytes, with `UV_THREAD_HAS_STACK_SIZE`. */
  size_t stack_size;
} uv_thread_options_s;

/** Wakes a loop from any thread. */
typedef struct uv_async_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_async_init`. */
  uv_async_cb async_cb;
  /** Link in `loop->async_handles`. */
  struct uv__queue queue;
  /** Non-zero from a send until its callback. */
  int pending;
} uv_async_s;

/** Watches a signal. */
typedef struct uv_signal_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_signal_start`. */
  uv_signal_cb signal_cb;
  /** The signal watched, or 0. */
  int signum;
  /** Private to the library. */
  struct {
    /** Private to the library. */
    uv_signal_t *rbe_left;
    /** Private to the library. */
    uv_signal_t *rbe_right;
    /** Private to the library. */
    uv_signal_t *rbe_parent;
    /** Private to the library. */
    int rbe_color;
  } tree_entry;
  /** Signals caught by the handler. */
  unsigned int caught_signals;
  /** Signals delivered to the callback. */
  unsigned int dispatched_signals;
} uv_signal_s;

/** An event loop. */
typedef struct uv_loop_s {
  /** The user's own pointer; never touched by the library. */
  void *data;
  /** Handles that are active and referenced. */
  unsigned int active_handles;
  /** All handles of the loop. */
  struct uv__queue handle_queue;
  /** How many requests are under way. */
  union {
    /** Gives the union its size. */
    void *unused;
    /** Requests under way. */
    unsigned int count;
  } active_reqs;
  /** The loop's state in Rust. */
  void *internal_fields;
  /** Non-zero once `uv_stop` was called; programs write it too. */
  unsigned int stop_flag;
  /** Private to the library. */
  unsigned long flags;
  /** The descriptor that `uv_backend_fd` gives. */
  int backend_fd;
  /** Watchers whose callback waits for the pending phase. */
  struct uv__queue pending_queue;
  /** Watchers whose wish differs from what the driver has. */
  struct uv__queue watcher_queue;
  /** Active watchers by descriptor. */
  uv__io_t **watchers;
  /** Length of `watchers`. */
  unsigned int nwatchers;
  /** How many descriptors are watched. */
  unsigned int nfds;
  /** Finished thread pool jobs. */
  struct uv__queue wq;
  /** Guards `wq`. */
  uv_mutex_t wq_mutex;
  /** Kept for its size. */
  struct uv_async_s wq_async;
  /** Kept for its size. */
  uv_rwlock_t cloexec_lock;
  /** Handles to finish in the closing phase. */
  uv_handle_t *closing_handles;
  /** Children that are running. */
  struct uv__queue process_handles;
  /** Active prepare handles. */
  struct uv__queue prepare_handles;
  /** Active check handles. */
  struct uv__queue check_handles;
  /** Active idle handles. */
  struct uv__queue idle_handles;
  /** Async handles in the order of their initialisation. */
  struct uv__queue async_handles;
  /** Kept for its size. */
  void (*async_unused)(void);
  /** The wake-up descriptor. */
  uv__io_t async_io_watcher;
  /** Kept for its size. */
  int async_wfd;
  /** Private to the library. */
  struct {
    /** Private to the library. */
    void *min;
    /** Private to the library. */
    unsigned int nelts;
  } timer_heap;
  /** Number of timers started. */
  uint64_t timer_counter;
  /** Loop time in milliseconds, cached for the turn. */
  uint64_t time;
  /** Where the signal handler leaves its messages. */
  int signal_pipefd[2];
  /** Watches `signal_pipefd[0]`. */
  uv__io_t signal_io_watcher;
  /** Watches SIGCHLD where it has to be. */
  struct uv_signal_s child_watcher;
  /** A spare descriptor, given up when the process has no more. */
  int emfile_fd;
  /** Watches `inotify_fd`. */
  uv__io_t inotify_read_watcher;
  /** The inotify watches of the loop. */
  void *inotify_watchers;
  /** The inotify descriptor, or -1. */
  int inotify_fd;
} uv_loop_s;

/** Base of all handles; every handle begins with these fields. */
typedef struct uv_handle_s {
  UV_HANDLE_FIELDS
} uv_handle_s;

/** A stream: the base of `uv_tcp_t`, `uv_pipe_t` and `uv_tty_t`. */
typedef struct uv_stream_s {
  UV_HANDLE_FIELDS
  UV_STREAM_FIELDS
} uv_stream_s;

/** A TCP stream or listening socket. */
typedef struct uv_tcp_s {
  UV_HANDLE_FIELDS
  UV_STREAM_FIELDS
} uv_tcp_s;

/** A unix domain socket or a pipe. */
typedef struct uv_pipe_s {
  UV_HANDLE_FIELDS
  UV_STREAM_FIELDS
  /** Non-zero if handles may be passed over this pipe. */
  int ipc;
  /** The bound name, owned by the library, or NULL. */
  const char *pipe_fname;
} uv_pipe_s;

/** A terminal. */
typedef struct uv_tty_s {
  UV_HANDLE_FIELDS
  UV_STREAM_FIELDS
  /** Terminal attributes as found. */
  struct termios orig_termios;
  /** The mode that is set. */
  int mode;
} uv_tty_s;

/** A UDP socket. */
typedef struct uv_udp_s {
  UV_HANDLE_FIELDS
  /** Bytes queued for sending. */
  size_t send_queue_size;
  /** Send requests queued. */
  size_t send_queue_count;
  /** Given to `uv_udp_recv_start`. */
  uv_alloc_cb alloc_cb;
  /** Given to `uv_udp_recv_start`. */
  uv_udp_recv_cb recv_cb;
  /** What the socket wants from, and has at, the driver. */
  uv__io_t io_watcher;
  /** Send requests not yet sent, in order. */
  struct uv__queue write_queue;
  /** Send requests sent, awaiting their callbacks. */
  struct uv__queue write_completed_queue;
} uv_udp_s;

/** Readiness of a descriptor that the user owns. */
typedef struct uv_poll_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_poll_start`. */
  uv_poll_cb poll_cb;
  /** What is polled. */
  uv__io_t io_watcher;
} uv_poll_s;

/** A timer. */
typedef struct uv_timer_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_timer_start`. */
  uv_timer_cb timer_cb;
  /** Place in the loop's timer heap. */
  union {
    void *heap[3];
    struct uv__queue queue;
  } node;
  /** Loop time in milliseconds at which the timer is due. */
  uint64_t timeout;
  /** Repeat interval in milliseconds, or 0. */
  uint64_t repeat;
  /** Order of starting, to break ties. */
  uint64_t start_id;
} uv_timer_s;

/** A child process. */
typedef struct uv_process_s {
  UV_HANDLE_FIELDS
  /** Called once when the child has exited; programs replace it. */
  uv_exit_cb exit_cb;
  /** Process id of the child. */
  int pid;
  /** Link in `loop->process_handles`. */
  struct uv__queue queue;
  /** Wait status of the exited child. */
  int status;
} uv_process_s;

/** Watches a file or directory for changes. */
typedef struct uv_fs_event_s {
  UV_HANDLE_FIELDS
  /** The watched path, owned by the library, or NULL. */
  char *path;
  /** Given to `uv_fs_event_start`. */
  uv_fs_event_cb cb;
  /** Link among the watchers of one inotify descriptor. */
  struct uv__queue watchers;
  /** inotify watch descriptor, or -1. */
  int wd;
} uv_fs_event_s;

/** Watches a path by regular stat calls. */
typedef struct uv_fs_poll_s {
  UV_HANDLE_FIELDS
  /** Private to the library. */
  void *poll_ctx;
} uv_fs_poll_s;

/** Runs before each poll phase. */
typedef struct uv_prepare_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_prepare_start`. */
  uv_prepare_cb prepare_cb;
  /** Link in `loop->prepare_handles`. */
  struct uv__queue queue;
} uv_prepare_s;

/** Runs after each poll phase. */
typedef struct uv_check_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_check_start`. */
  uv_check_cb check_cb;
  /** Link in `loop->check_handles`. */
  struct uv__queue queue;
} uv_check_s;

/** Runs in each turn, and keeps the loop from sleeping. */
typedef struct uv_idle_s {
  UV_HANDLE_FIELDS
  /** Given to `uv_idle_start`. */
  uv_idle_cb idle_cb;
  /** Link in `loop->idle_handles`. */
  struct uv__queue queue;
} uv_idle_s;

/** Base of all requests; every request begins with these fields. */
typedef struct uv_req_s {
  UV_REQ_FIELDS
} uv_req_s;

/** A shutdown of a stream's write side. */
typedef struct uv_shutdown_s {
  UV_REQ_FIELDS
  /** The stream. */
  uv_stream_t *handle;
  /** Called when all queued writes have ended. */
  uv_shutdown_cb cb;
} uv_shutdown_s;

/** A connection attempt. */
typedef struct uv_connect_s {
  UV_REQ_FIELDS
  /** Called with the outcome. */
  uv_connect_cb cb;
  /** The stream. */
  uv_stream_t *handle;
  /** Private to the library. */
  struct uv__queue queue;
} uv_connect_s;

/** A write to a stream. */
typedef struct uv_write_s {
  UV_REQ_FIELDS
  /** Called when the kernel has taken all bytes, or on failure. */
  uv_write_cb cb;
  /** The handle that is passed along, or NULL. */
  uv_stream_t *send_handle;
  /** The stream. */
  uv_stream_t *handle;
  /** Link in a write queue of the stream. */
  struct uv__queue queue;
  /** The first buffer that is not written whole. */
  unsigned int write_index;
  /** The buffers: `bufsml`, or allocated. */
  struct uv_buf_t *bufs;
  /** How many buffers. */
  unsigned int nbufs;
  /** Outcome: 0 or `UV_E…`. */
  int error;
  /** Room for a few buffers. */
  struct uv_buf_t bufsml[4];
} uv_write_s;

/** A datagram to send. */
typedef struct uv_udp_send_s {
  UV_REQ_FIELDS
  /** The socket. */
  uv_udp_t *handle;
  /** Called when it has been sent. */
  uv_udp_send_cb cb;
  /** Link in a queue of the socket. */
  struct uv__queue queue;
  /** Where to. */
  union {
    /** Any address. */
    struct sockaddr addr;
    /** Room for the largest. */
    struct sockaddr_storage storage;
  } u;
  /** How many buffers. */
  unsigned int nbufs;
  /** The buffers: `bufsml`, or allocated. */
  struct uv_buf_t *bufs;
  /** Bytes sent, or `UV_E…`. */
  ssize_t status;
  /** Called when it has been sent. */
  uv_udp_send_cb send_cb;
  /** Room for a few buffers. */
  struct uv_buf_t bufsml[4];
} uv_udp_send_s;

/** A name lookup. */
typedef struct uv_getaddrinfo_s {
  UV_REQ_FIELDS
  /** The loop. */
  uv_loop_t *loop;
  /** The job on the thread pool. */
  struct uv__work work_req;
  /** Called with the outcome. */
  uv_getaddrinfo_cb cb;
  /** Private copy of the hints, or NULL. */
  struct addrinfo *hints;
  /** Private copy of the name, or NULL. */
  char *hostname;
  /** Private copy of the service, or NULL. */
  char *service;
  /** The answer, for `uv_freeaddrinfo`. */
  struct addrinfo *addrinfo;
  /** Outcome: 0 or `UV_EAI_…`. */
  int retcode;
} uv_getaddrinfo_s;

/** A reverse name lookup. */
typedef struct uv_getnameinfo_s {
  UV_REQ_FIELDS
  /** The loop. */
  uv_loop_t *loop;
  /** The job on the thread pool. */
  struct uv__work work_req;
  /** Called with the outcome. */
  uv_getnameinfo_cb getnameinfo_cb;
  /** The address asked about. */
  struct sockaddr_storage storage;
  /** `NI_*` flags. */
  int flags;
  /** The name found. */
  char host[1025];
  /** The service found. */
  char service[32];
  /** Outcome: 0 or `UV_EAI_…`. */
  int retcode;
} uv_getnameinfo_s;

/** A job for the thread pool. */
typedef struct uv_work_s {
  UV_REQ_FIELDS
  /** The loop. */
  uv_loop_t *loop;
  /** Runs on a thread of the pool. */
  uv_work_cb work_cb;
  /** Runs on the loop's thread afterwards. */
  uv_after_work_cb after_work_cb;
  /** The job on the thread pool. */
  struct uv__work work_req;
} uv_work_s;

/** A request for random bytes. */
typedef struct uv_random_s {
  UV_REQ_FIELDS
  /** The loop. */
  uv_loop_t *loop;
  /** Outcome: 0 or `UV_E…`. */
  int status;
  /** What is filled. */
  void *buf;
  /** Its length in bytes. */
  size_t buflen;
  /** Called with the outcome. */
  uv_random_cb cb;
  /** The job on the thread pool. */
  struct uv__work work_req;
} uv_random_s;

/** A file system operation. */
typedef struct uv_fs_s {
  UV_REQ_FIELDS
  /** Which operation. */
  uv_fs_type fs_type;
  /** The loop. */
  uv_loop_t *loop;
  /** Called when done; NULL makes the call synchronous. */
  uv_fs_cb cb;
  /** Result: non-negative, or `UV_E…`. */
  ssize_t result;
  /** What the operation gave: `&statbuf`, a string, a directory … */
  void *ptr;
  /** The path, readable until `uv_fs_req_cleanup`. */
  const char *path;
  /** Result of the stat operations. */
  struct uv_stat_t statbuf;
  /** The second path of rename, link, symlink, copyfile. */
  const char *new_path;
  /** The descriptor. */
  uv_file file;
  /** Flags of the operation. */
  int flags;
  /** Permission bits. */
  mode_t mode;
  /** How many buffers. */
  unsigned int nbufs;
  /** The buffers: `bufsml`, or allocated. */
  struct uv_buf_t *bufs;
  /** The offset, or -1 for the current position. */
  off_t off;
  /** New owner. */
  uv_uid_t uid;
  /** New group. */
  uv_gid_t gid;
  /** Access time in seconds. */
  double atime;
  /** Modification time in seconds. */
  double mtime;
  /** The job on the thread pool. */
  struct uv__work work_req;
  /** Room for a few buffers. */
  struct uv_buf_t bufsml[4];
} uv_fs_s;

/**
 * Makes the library use other memory functions. Call it before any other function of the library, or after
 * `uv_library_shutdown`. Not thread-safe.
 *
 * Returns 0, or `UV_EINVAL` if a function is NULL.
 */
UV_EXTERN int uv_replace_allocator(uv_malloc_func malloc_func,
                                   uv_realloc_func realloc_func,
                                   uv_calloc_func calloc_func,
                                   uv_free_func free_func);

/**
 * Initialises an async handle, which is active at once. `async_cb` may be NULL.
 * `UV_ENOMEM` if there is no memory to keep track of it. Not thread-safe.
 */
UV_EXTERN int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb async_cb);

/**
 * Wakes the loop and has the handle's callback called, at least once after the last send; sends before the callback
 * coalesce. Always returns 0. Thread-safe and async-signal-safe.
 */
UV_EXTERN int uv_async_send(uv_async_t *async);

/** Initialises a file watcher. Always returns 0. */
UV_EXTERN int uv_fs_event_init(uv_loop_t *loop, uv_fs_event_t *handle);

/**
 * Starts watching the file or directory at `path`. `cb` is called for each change, with `UV_RENAME` if a name came, went
 * or changed, and `UV_CHANGE` if content or attributes did; for a directory, its `filename` is the name inside the directory
 * of what has changed, otherwise the last part of `path`. `filename` is valid during the call only. If the kernel has
 * dropped events, because the loop did not run for long, each watcher is called with `UV_CHANGE` and a NULL `filename`.
 *
 * `flags` are `UV_FS_EVENT_*`. With `UV_FS_EVENT_RECURSIVE` all directories below are watched as well, new ones too, and
 * `filename` is the path seen from the watched directory. If a limit is reached later, `cb` is called with that error and
 * the directory that is not watched. (libuv ignores this flag on Linux, and so does this library if the environment says
 * `UVRING_FS_EVENT_RECURSIVE=0`.)
 *
 * Returns 0; `UV_EINVAL` if the handle is active or closing; `UV_ENOENT`, `UV_EACCES` and so on if there is no such
 * file to watch; `UV_EMFILE`, `UV_ENOSPC` or `UV_ENOMEM` if a limit is reached. Not thread-safe.
 */
UV_EXTERN int uv_fs_event_start(uv_fs_event_t *handle,
                                uv_fs_event_cb cb,
                                const char *path,
                                unsigned int flags);

/** Stops a file watcher; its callback is not called any more. Always returns 0. */
UV_EXTERN int uv_fs_event_stop(uv_fs_event_t *handle);

/**
 * Gets the path that is being watched, as it was given.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if the handle is not active (the length becomes 0), a pointer is NULL or the size 0; `UV_ENOBUFS` if the
 * path does not fit, and `size` becomes what is needed, NUL included.
 */
UV_EXTERN int uv_fs_event_getpath(uv_fs_event_t *handle, char *buffer, size_t *size);

/** Initialises a file watcher. Always returns 0. */
UV_EXTERN int uv_fs_poll_init(uv_loop_t *loop, uv_fs_poll_t *handle);

/**
 * Starts asking for the state of the file at `path` every `interval` milliseconds (at least 1). `poll_cb` is called
 * with the old and the new state when they differ, access time and number of links aside, and with an error when the
 * file cannot be reached, once until the error changes or the file is back. The first answer is only remembered.
 *
 * Returns 0, also if the handle is active already, which changes nothing; `UV_EINVAL` if it is closing; `UV_ENOMEM`.
 */
UV_EXTERN int uv_fs_poll_start(uv_fs_poll_t *handle,
                               uv_fs_poll_cb poll_cb,
                               const char *path,
                               unsigned int interval);

/** Stops a file watcher; its callback is not called any more. Always returns 0. */
UV_EXTERN int uv_fs_poll_stop(uv_fs_poll_t *handle);

/**
 * Gets the path that is being watched, as it was given.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if the handle is not active (the length becomes 0), a pointer is NULL or the size 0; `UV_ENOBUFS` if the
 * path does not fit, and `size` becomes what is needed, NUL included.
 */
UV_EXTERN int uv_fs_poll_getpath(uv_fs_poll_t *handle, char *buffer, size_t *size);

/**
 * Initialises a pipe. If `ipc` is not 0, handles can be passed over it once it is connected; a listening pipe must not
 * have it. Always returns 0.
 */
UV_EXTERN int uv_pipe_init(uv_loop_t *loop, uv_pipe_t *handle, int ipc);

/**
 * Gives the pipe a descriptor that is open already: of a pipe, a FIFO, or a connected unix domain socket. It becomes
 * non-blocking, and belongs to the pipe from now on. What it was opened for decides on reading and writing.
 *
 * Returns 0; `UV_EBADF` if it is not open; `UV_EEXIST` if a handle of the loop watches it; `UV_EBUSY` if the pipe has another
 * already; or another error.
 */
UV_EXTERN int uv_pipe_open(uv_pipe_t *handle, uv_file file);

/**
 * Binds the pipe to a path, at which a socket file is made; closing the pipe removes it. A path of more than 108 bytes
 * is cut off. Errors as with `uv_pipe_bind2`.
 */
UV_EXTERN int uv_pipe_bind(uv_pipe_t *handle, const char *name);

/**
 * As `uv_pipe_bind`, with a name of `namelen` bytes. A name that begins with a NUL is one of the abstract space, which
 * leaves no file; for the empty name the kernel makes one up there. With `UV_PIPE_NO_TRUNCATE` in `flags` a name of
 * more than 108 bytes is an error.
 *
 * Returns 0; `UV_EINVAL` if the name is NULL, too long, or a path with a NUL in it, if there are other flags, or the
 * pipe is bound, connected or closing; `UV_EADDRINUSE` if the name is taken; `UV_EACCES` if there is no such directory;
 * or another error.
 */
UV_EXTERN int uv_pipe_bind2(uv_pipe_t *handle,
                            const char *name,
                            size_t namelen,
                            unsigned int flags);

/**
 * Connects the pipe to the unix domain socket at a path; one of more than 108 bytes is cut off. `cb` is called with 0
 * or an error, which may be any of `uv_pipe_connect2`. If another attempt is under way nothing happens.
 */
UV_EXTERN void uv_pipe_connect(uv_connect_t *req,
                               uv_pipe_t *handle,
                               const char *name,
                               uv_connect_cb cb);

/**
 * Connects the pipe to a unix domain socket whose name has `namelen` bytes; one that begins with a NUL is of the
 * abstract space. With `UV_PIPE_NO_TRUNCATE` in `flags` a name of more than 108 bytes is an error. `cb` is called with
 * 0, `UV_ENOENT`, `UV_ECONNREFUSED`, `UV_EAGAIN` if the other side's queue is full, or another error of the
 * connection.
 *
 * Returns 0; `UV_EINVAL` if the name is NULL, empty, too long, or a path with a NUL in it, if there are other flags,
 * or the pipe is closing; `UV_EALREADY` if another attempt is under way.
 */
UV_EXTERN int uv_pipe_connect2(uv_connect_t *req,
                               uv_pipe_t *handle,
                               const char *name,
                               size_t namelen,
                               unsigned int flags,
                               uv_connect_cb cb);

/**
 * Gets the name that the pipe is bound to.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the name: 0 if it has none. A path is followed by
 * a NUL that the length does not count; an abstract name, which begins with one, is not.
 *
 * Returns 0; `UV_EINVAL` if a pointer is NULL or the size 0; `UV_EBADF` if the pipe has no descriptor; `UV_ENOBUFS` if
 * the name does not fit, and `size` becomes what is needed; or another error. Where it fails otherwise the size
 * becomes 0.
 */
UV_EXTERN int uv_pipe_getsockname(const uv_pipe_t *handle, char *buffer, size_t *size);

/**
 * Gets the name of the socket that the pipe is connected to, as `uv_pipe_getsockname` does. `UV_ENOTCONN` if it is not
 * connected.
 */
UV_EXTERN int uv_pipe_getpeername(const uv_pipe_t *handle, char *buffer, size_t *size);

/** Does nothing: it is for named pipes of Windows. */
UV_EXTERN void uv_pipe_pending_instances(uv_pipe_t *_handle, int _count);

/** How many handles an IPC pipe has received that `uv_accept` has not claimed. */
UV_EXTERN int uv_pipe_pending_count(uv_pipe_t *handle);

/** The type of the next handle to claim, or `UV_UNKNOWN_HANDLE` if there is none. */
UV_EXTERN uv_handle_type uv_pipe_pending_type(uv_pipe_t *handle);

/**
 * Lets all users connect to a bound pipe: `flags` are `UV_READABLE`, `UV_WRITABLE` or both, and become the permissions
 * of the socket file for everybody. Blocks.
 *
 * Returns 0; `UV_EBADF` if the handle is NULL or has no descriptor; `UV_EINVAL` for other flags; `UV_ENOENT` if there
 * is no socket file; or another error.
 */
UV_EXTERN int uv_pipe_chmod(uv_pipe_t *handle, int flags);

/**
 * Initialises a handle that watches the descriptor `fd`, and makes the descriptor non-blocking.
 * `UV_EEXIST` if a handle of the loop watches it already, `UV_EPERM` if it cannot be polled (a regular file or directory),
 * `UV_EBADF` if it is not open. Not thread-safe.
 */
UV_EXTERN int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);

/** The same as `uv_poll_init`; the two differ on Windows only. */
UV_EXTERN int uv_poll_init_socket(uv_loop_t *loop, uv_poll_t *handle, uv_os_sock_t socket);

/**
 * Calls `cb` whenever one of `events` (`UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED`) holds, as long as it
 * holds. On a started handle it replaces events and callback; no events stop the handle.
 * `UV_EEXIST` if another handle of the loop watches the descriptor, `UV_EINVAL` if the handle is closing, `UV_ENOMEM` if the
 * loop cannot note it. In the callback, status `UV_EBADF` means that the descriptor is in error and the handle has stopped.
 * Not thread-safe.
 */
UV_EXTERN int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb cb);

/** Stops the handle: no callback follows, and the descriptor may be closed at once. Returns 0. Not thread-safe. */
UV_EXTERN int uv_poll_stop(uv_poll_t *poll);

/**
 * Starts a child process, and initialises its handle, which is active until the child has ended. `options->stdio` streams
 * are opened; they are the caller's to close, also after a failure. A descriptor that the child is given is open in it under
 * its new number only, and blocks; so does what the parent keeps of the same open file. A child with a user or group id is
 * made by `fork()`, so that the handlers of `pthread_atfork` run; others run none.
 * `UV_ENOENT`, `UV_EACCES` or another `UV_E…` if the program cannot be run as asked; the handle must be closed with
 * `uv_close` all the same. Closing it before the child has ended leaves the child to the caller, who has to wait for it.
 * Not thread-safe.
 */
UV_EXTERN int uv_spawn(uv_loop_t *loop, uv_process_t *handle, const uv_process_options_t *options);

/**
 * Sends a signal to the child; 0 only asks whether it is there.
 * `UV_ESRCH` if it has ended, `UV_EINVAL` if there is no such signal, `UV_EPERM`.
 */
UV_EXTERN int uv_process_kill(uv_process_t *handle, int signum);

/**
 * Sends a signal to the process `pid`; 0 only asks whether it is there.
 * `UV_ESRCH` if there is no such process, `UV_EINVAL` if there is no such signal, `UV_EPERM`. Thread-safe.
 */
UV_EXTERN int uv_kill(int pid, int signum);

/**
 * Keeps the descriptors that this process was given by its parent from its children, as far as they can be found. To be
 * called early, before descriptors are closed or opened.
 */
UV_EXTERN void uv_disable_stdio_inheritance(void);

/** Initialises a signal watcher. `UV_ENOMEM` if the loop cannot be given its first one. Not thread-safe. */
UV_EXTERN int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle);

/**
 * Calls `signal_cb` in the loop for each `signum` that the process receives; on a started handle it replaces callback and
 * signal. Several handles, of several loops, may watch one signal.
 * `UV_EINVAL` if there is no such signal or it cannot be caught, by which a started handle stops unless it is 0; also if the
 * handle is closing. Not thread-safe.
 */
UV_EXTERN int uv_signal_start(uv_signal_t *handle, uv_signal_cb signal_cb, int signum);

/**
 * The same for one signal: the handle stops after its callback, and if only such handles watch the signal, its default
 * action is restored as soon as it is received.
 * `UV_EINVAL` if there is no such signal or it cannot be caught. Not thread-safe.
 */
UV_EXTERN int uv_signal_start_oneshot(uv_signal_t *handle, uv_signal_cb signal_cb, int signum);

/**
 * Stops the handle; no callback follows, not for signals received before either. When the last handle for a signal stops,
 * the signal's default action is restored. Returns 0. Not thread-safe.
 */
UV_EXTERN int uv_signal_stop(uv_signal_t *handle);

/** 1 if the stream can be read from, else 0. Not thread-safe. */
UV_EXTERN int uv_is_readable(const uv_stream_t *handle);

/** 1 if the stream can be written to, else 0. Not thread-safe. */
UV_EXTERN int uv_is_writable(const uv_stream_t *handle);

/**
 * Makes the stream's descriptor blocking or, with `blocking` 0, non-blocking again: writes then end before `uv_write`
 * returns; their callbacks come later all the same. Returns 0, or `UV_EBADF` if the stream is not open. Not thread-safe.
 */
UV_EXTERN int uv_stream_set_blocking(uv_stream_t *handle, int blocking);

/**
 * Sets the size in bytes of the kernel's send buffer for a TCP, pipe or UDP handle; with `*value` 0 it asks for the size
 * and puts it there. Linux sets, and tells, twice what was asked for.
 *
 * Returns 0; `UV_EINVAL` if a pointer is NULL; `UV_ENOTSUP` for other handles; `UV_EBADF` if it is not open; or another
 * error. Not thread-safe.
 */
UV_EXTERN int uv_send_buffer_size(uv_handle_t *handle, int *value);

/** As `uv_send_buffer_size`, for the receive buffer. Not thread-safe. */
UV_EXTERN int uv_recv_buffer_size(uv_handle_t *handle, int *value);

/**
 * Listens for connections on a TCP or pipe handle; the kernel queues up to `backlog` of them. `cb` is called with 0 for
 * each, and should then call `uv_accept`; or with an error.
 *
 * Returns 0; `UV_EINVAL` for other or closing handles; `UV_EADDRINUSE`, be it that of an earlier bind; or another error.
 * Not thread-safe.
 */
UV_EXTERN int uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb cb);

/**
 * Gives `client`, which was initialised and has no descriptor yet, the connection that `server` has taken; or the next
 * handle that the IPC pipe `server` has received. Both belong to the same loop.
 *
 * Returns 0; `UV_EAGAIN` if there is nothing to accept; `UV_EBUSY` if the client has a descriptor: the connection is closed
 * then; `UV_EINVAL` if it is no TCP, pipe or UDP handle. Not thread-safe.
 */
UV_EXTERN int uv_accept(uv_stream_t *server, uv_stream_t *client);

/**
 * Reads from a stream: whenever there is data `alloc_cb` is asked for a buffer, and `read_cb` called with what was read
 * into it, until `uv_read_stop`, the end, or an error.
 *
 * `read_cb` gets the number of bytes; 0 if there was nothing to read after all; `UV_EOF` at the end, which stops the
 * reading; `UV_ENOBUFS` if `alloc_cb` gave no memory; or another error. The size suggested to `alloc_cb` is at most 65536;
 * from the second read on a stream socket it is what is there to be read, and one more, rounded up to a power of two from 1024
 * on; when that has been the same for four reads, it stays so until a read does not fit (`UVRING_SUGGESTED_SIZE=65536` in the
 * environment makes it 65536 always).
 *
 * Returns 0; `UV_EINVAL` if a pointer is NULL or the stream is closing; `UV_EALREADY` if it reads already; `UV_ENOTCONN` if
 * it is not readable. Not thread-safe.
 */
UV_EXTERN int uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc_cb, uv_read_cb read_cb);

/**
 * Stops reading: `read_cb` is not called any more, not even for data that is there. Always returns 0, also for a stream
 * that does not read. Not thread-safe.
 */
UV_EXTERN int uv_read_stop(uv_stream_t *stream);

/**
 * Shuts the write side of a stream down once all queued writes have ended, then calls `cb`, which may be NULL. The stream
 * is not writable from now on.
 *
 * Returns 0; `UV_ENOTCONN` if the stream is not writable, is shutting down already, or is closing. Not thread-safe.
 */
UV_EXTERN int uv_shutdown(uv_shutdown_t *req, uv_stream_t *handle, uv_shutdown_cb cb);

/**
 * Writes buffers to a stream, in order and after all that was written before. The array is copied, the memory it points
 * to must stay until `cb`, which may be NULL. `cb` is called once the kernel has taken all bytes, or with an error; never
 * from inside this call.
 *
 * Returns 0; `UV_EBADF` if the stream is not open; `UV_EPIPE` if it is not writable; `UV_EINVAL` without buffers;
 * `UV_ENOMEM`. `cb` is not called then. Not thread-safe.
 */
UV_EXTERN int uv_write(uv_write_t *req,
                       uv_stream_t *handle,
                       const struct uv_buf_t *bufs,
                       unsigned int nbufs,
                       uv_write_cb cb);

/**
 * As `uv_write`, and passes a TCP, pipe or UDP handle along, over a pipe that was initialised with `ipc`. The handle stays
 * open on this side, and must do so until `cb`. With `send_handle` NULL it is `uv_write`.
 *
 * Besides `uv_write`'s errors: `UV_EINVAL` if the stream is no such pipe, `UV_EBADF` if the handle has no descriptor. Not
 * thread-safe.
 */
UV_EXTERN int uv_write2(uv_write_t *req,
                        uv_stream_t *handle,
                        const struct uv_buf_t *bufs,
                        unsigned int nbufs,
                        uv_stream_t *send_handle,
                        uv_write_cb cb);

/**
 * Writes what the kernel takes at once.
 *
 * Returns how many bytes that was; `UV_EAGAIN` if it takes none now, or if there are writes in the queue or a connection
 * attempt is under way; `uv_write`'s errors; or that of the write. Not thread-safe.
 */
UV_EXTERN int uv_try_write(uv_stream_t *handle, const struct uv_buf_t *bufs, unsigned int nbufs);

/** As `uv_try_write`, and passes a handle along as `uv_write2` does. Not thread-safe. */
UV_EXTERN int uv_try_write2(uv_stream_t *handle,
                            const struct uv_buf_t *bufs,
                            unsigned int nbufs,
                            uv_stream_t *send_handle);

/**
 * How many bytes of a write request the kernel took. Meaningful inside its callback, mostly after `uv_cancel`. Not
 * thread-safe.
 */
UV_EXTERN size_t uv_write_nwritten(const uv_write_t *req);

/** Initialises a TCP handle. There is no socket yet. Always returns 0. Not thread-safe. */
UV_EXTERN int uv_tcp_init(uv_loop_t *loop, uv_tcp_t *handle);

/**
 * Initialises a TCP handle and, unless the lower eight bits of `flags` are `AF_UNSPEC`, creates its socket: `AF_INET` or
 * `AF_INET6`. Returns 0; `UV_EINVAL` for other flags; or an error, and the handle is not initialised. Not thread-safe.
 */
UV_EXTERN int uv_tcp_init_ex(uv_loop_t *loop, uv_tcp_t *handle, unsigned int flags);

/**
 * Makes an existing stream socket the handle's, which makes it non-blocking and, with `uv_close`, closes it.
 *
 * Returns 0; `UV_EEXIST` if another handle of the loop watches it; `UV_EBUSY` if the handle has another socket; or another
 * error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_open(uv_tcp_t *handle, uv_os_sock_t sock);

/**
 * Sends small pieces at once (`TCP_NODELAY`), or, with `enable` 0, gathers them. Without a socket it is set when there is
 * one. Returns 0 or an error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_nodelay(uv_tcp_t *handle, int enable);

/**
 * Has the kernel probe an idle connection after `delay` seconds, ten times at intervals of one second; with `enable` 0 it
 * does not. A connection that answers none ends with `UV_ETIMEDOUT`. Set without a socket, the delay will be 60 seconds.
 *
 * Returns 0; `UV_EINVAL` for a delay of 0; or another error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_keepalive(uv_tcp_t *handle, int enable, unsigned int delay);

/**
 * As `uv_tcp_keepalive`: the first probe after `idle` seconds, then one every `intvl` seconds, `cnt` in all.
 *
 * Returns 0; `UV_EINVAL` if one of them is 0 while `on` is not; or another error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_keepalive_ex(uv_tcp_t *handle,
                                  int on,
                                  unsigned int idle,
                                  unsigned int intvl,
                                  unsigned int cnt);

/** A setting of Windows, without effect. Always returns 0. Thread-safe. */
UV_EXTERN int uv_tcp_simultaneous_accepts(uv_tcp_t *_handle, int _enable);

/**
 * Binds the handle to an IPv4 or IPv6 address. `flags`: `UV_TCP_IPV6ONLY` keeps an IPv6 socket from taking IPv4
 * connections, `UV_TCP_REUSEPORT` lets several sockets that all ask for it share the port.
 *
 * Returns 0, also if the address is in use: `uv_listen` or the callback of `uv_tcp_connect` tells. `UV_EINVAL` for a
 * closing or bound handle or one of another type, another family, or `UV_TCP_IPV6ONLY` with IPv4; or another error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_bind(uv_tcp_t *handle, const struct sockaddr *addr, unsigned int flags);

/**
 * Gets the handle's own address. `namelen` says how many bytes `name` has and becomes the length of the address.
 * Returns 0; `UV_EBADF` without a socket; the error of an earlier bind; or another error. Not thread-safe.
 */
UV_EXTERN int uv_tcp_getsockname(const uv_tcp_t *handle, struct sockaddr *name, int *namelen);

/** As `uv_tcp_getsockname`, for the address of the peer. `UV_ENOTCONN` if there is none. Not thread-safe. */
UV_EXTERN int uv_tcp_getpeername(const uv_tcp_t *handle, struct sockaddr *name, int *namelen);

/**
 * As `uv_close`, but the peer is told by a reset, and what was not sent is lost. `UV_EINVAL` while a `uv_shutdown` is
 * under way, or another error: the handle is not closed then. Not thread-safe.
 */
UV_EXTERN int uv_tcp_close_reset(uv_tcp_t *handle, uv_close_cb close_cb);

/**
 * Connects to an IPv4 or IPv6 address. `cb` is called with 0 or an error, never from inside this call.
 *
 * Returns 0; `UV_EALREADY` if the handle is connecting; `UV_EINVAL` for another family, and for a closing handle or one of another
 * type; or the error of
 * the system, save `UV_ECONNREFUSED` and that of an earlier bind, which `cb` gets. Not thread-safe.
 */
UV_EXTERN int uv_tcp_connect(uv_connect_t *req,
                             uv_tcp_t *handle,
                             const struct sockaddr *addr,
                             uv_connect_cb cb);

/** Initialises a timer. `UV_ENOMEM` without memory to keep track of it. */
UV_EXTERN int uv_timer_init(uv_loop_t *loop, uv_timer_t *handle);

/**
 * Starts a timer, again if it runs: `cb` is called after `timeout` milliseconds, and then, if `repeat` is not 0, every
 * `repeat` milliseconds. With a `timeout` of 0 it is called in the next turn.
 * `UV_EINVAL` if `cb` is NULL or the timer is closing.
 */
UV_EXTERN int uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout, uint64_t repeat);

/** Stops a timer; its callback is not called any more. Always returns 0. */
UV_EXTERN int uv_timer_stop(uv_timer_t *handle);

/**
 * Starts a repeating timer anew with its repeat value as the timeout. A timer that does not repeat is left alone.
 * `UV_EINVAL` if it was never started.
 */
UV_EXTERN int uv_timer_again(uv_timer_t *handle);

/** Sets the repeat interval in milliseconds; it counts from the next expiry on. */
UV_EXTERN void uv_timer_set_repeat(uv_timer_t *handle, uint64_t repeat);

/** The repeat interval in milliseconds, or 0. */
UV_EXTERN uint64_t uv_timer_get_repeat(const uv_timer_t *handle);

/** Milliseconds until the timer is due, 0 if it is overdue; relative to `uv_now`. */
UV_EXTERN uint64_t uv_timer_get_due_in(const uv_timer_t *handle);

/**
 * Initialises a stream on the terminal `fd`; it is readable, writable or both, as `fd` is. The last argument is
 * ignored.
 *
 * The terminal is opened once more by its path, and `fd` made to be that new descriptor (close-on-exec), so that
 * making it non-blocking does not concern others who use the terminal. Where that cannot be done writes block. A pipe
 * or socket is taken as it is.
 *
 * Returns 0; `UV_EINVAL` if `fd` is a file, or nothing that can be a stream; or another error. Not thread-safe.
 */
UV_EXTERN int uv_tty_init(uv_loop_t *loop, uv_tty_t *handle, uv_file fd, int _unused);

/**
 * Sets how the terminal treats what is typed and written: `UV_TTY_MODE_NORMAL` is as it was before the first other
 * mode, `UV_TTY_MODE_RAW` and `UV_TTY_MODE_RAW_VT` give keys one by one, `UV_TTY_MODE_IO` leaves all bytes alone.
 *
 * Returns 0, `UV_EINVAL` for another mode, or an error of the terminal such as `UV_EIO`. Not thread-safe.
 */
UV_EXTERN int uv_tty_set_mode(uv_tty_t *handle, uv_tty_mode_t mode);

/**
 * Gives the terminal whose mode was set first the attributes that it had before; to be called when the program ends.
 *
 * Returns 0, also if there is nothing to put back; `UV_EBUSY` while another thread, or the code that a signal has
 * interrupted, is inside `uv_tty_set_mode`; or an error of the terminal. Thread-safe and async-signal-safe; `errno`
 * stays.
 */
UV_EXTERN int uv_tty_reset_mode(void);

/** Gets the size of the terminal's window in characters. Returns 0 or an error of the terminal. */
UV_EXTERN int uv_tty_get_winsize(uv_tty_t *handle, int *width, int *height);

/** Does nothing: it is for consoles of Windows. */
UV_EXTERN void uv_tty_set_vterm_state(uv_tty_vtermstate_t _state);

/** Returns `UV_ENOTSUP`: it is for consoles of Windows. */
UV_EXTERN int uv_tty_get_vterm_state(uv_tty_vtermstate_t *_state);

/**
 * Tells which type of handle suits a descriptor: `UV_TTY`, `UV_FILE` (also for devices), `UV_NAMED_PIPE`, `UV_TCP`,
 * `UV_UDP`, or `UV_UNKNOWN_HANDLE`. Thread-safe.
 */
UV_EXTERN uv_handle_type uv_guess_handle(uv_file fd);

/** Initialises a UDP handle; the socket is made when it is first needed. Returns 0. Not thread-safe. */
UV_EXTERN int uv_udp_init(uv_loop_t *loop, uv_udp_t *handle);

/**
 * Initialises a UDP handle. The low 8 bits of `flags` are the socket's family, `AF_INET` or `AF_INET6`: the socket is made
 * at once; or `AF_UNSPEC`. `UV_UDP_RECVMMSG` asks for several datagrams per system call; the buffers that `alloc_cb`
 * gives should then hold multiples of 64 KiB.
 * `UV_EINVAL` for other flags, and what the system answers to the socket's making. Not thread-safe.
 */
UV_EXTERN int uv_udp_init_ex(uv_loop_t *loop, uv_udp_t *handle, unsigned int flags);

/**
 * Uses an existing datagram socket: IPv4, IPv6, unix, raw … It becomes non-blocking, gets `SO_REUSEADDR` and belongs to
 * the handle. The same as `uv_udp_open_ex` with `UV_UDP_REUSEADDR`.
 */
UV_EXTERN int uv_udp_open(uv_udp_t *handle, uv_os_sock_t sock);

/**
 * Uses an existing datagram socket, which becomes non-blocking and belongs to the handle. `flags` may hold
 * `UV_UDP_REUSEADDR` and `UV_UDP_REUSEPORT`.
 * `UV_EINVAL` for other flags, `UV_EBADF` if the handle is closing, `UV_EBUSY` if it has a socket, `UV_EEXIST`
 * if the loop watches this one already. Not thread-safe.
 */
UV_EXTERN int uv_udp_open_ex(uv_udp_t *handle, uv_os_sock_t sock, unsigned int flags);

/**
 * Binds the handle to an IPv4 or IPv6 address. `flags`: `UV_UDP_IPV6ONLY`, `UV_UDP_REUSEADDR`, `UV_UDP_REUSEPORT`,
 * `UV_UDP_LINUX_RECVERR` (ICMP errors are reported to `recv_cb`).
 * `UV_EINVAL` for other flags or families, for a family that is not the socket's, and for a handle that is bound;
 * `UV_EADDRINUSE` and whatever else `bind(2)` answers. Not thread-safe.
 */
UV_EXTERN int uv_udp_bind(uv_udp_t *handle, const struct sockaddr *addr, unsigned int flags);

/**
 * Connects the handle: it sends to, and receives from, this address only. NULL takes the connection away.
 * `UV_EISCONN` if it is connected already, `UV_ENOTCONN` if there is no connection to take away, `UV_EINVAL` for a family
 * that is neither IPv4 nor IPv6. Not thread-safe.
 */
UV_EXTERN int uv_udp_connect(uv_udp_t *handle, const struct sockaddr *addr);

/**
 * Writes the address that the handle is connected to to `name`, which has `*namelen` bytes; `*namelen` becomes the
 * address's length. `UV_ENOTCONN` if it is not connected, `UV_EBADF` without a socket. Not thread-safe.
 */
UV_EXTERN int uv_udp_getpeername(const uv_udp_t *handle, struct sockaddr *name, int *namelen);

/**
 * Writes the address that the handle is bound to to `name`, which has `*namelen` bytes; `*namelen` becomes the address's
 * length. `UV_EBADF` without a socket. Not thread-safe.
 */
UV_EXTERN int uv_udp_getsockname(const uv_udp_t *handle, struct sockaddr *name, int *namelen);

/**
 * Joins (`UV_JOIN_GROUP`) or leaves (`UV_LEAVE_GROUP`) the multicast group `multicast_addr`, IPv4 or IPv6, on the
 * interface with the address `interface_addr`; for IPv6 that address names the interface by its zone, as in "::%eth0".
 * NULL leaves the choice to the system. A handle without a socket is bound to any port, shared.
 * `UV_EINVAL` for addresses that cannot be read and other memberships, `UV_EADDRINUSE` for a group already joined,
 * `UV_EADDRNOTAVAIL` for one not joined, `UV_ENODEV` without such an interface. Not thread-safe.
 */
UV_EXTERN int uv_udp_set_membership(uv_udp_t *handle,
                                    const char *multicast_addr,
                                    const char *interface_addr,
                                    uv_membership membership);

/** The same as `uv_udp_set_membership`, for what `source_addr` sends to the group. */
UV_EXTERN int uv_udp_set_source_membership(uv_udp_t *handle,
                                           const char *multicast_addr,
                                           const char *interface_addr,
                                           const char *source_addr,
                                           uv_membership membership);

/**
 * Lets multicast datagrams that the handle sends come back to sockets of this host (1), or not (0).
 * `UV_EBADF` without a socket, `UV_EINVAL` for numbers beyond 0 to 255. Not thread-safe.
 */
UV_EXTERN int uv_udp_set_multicast_loop(uv_udp_t *handle, int on);

/**
 * Sets over how many hops multicast datagrams may go, 0 to 255.
 * `UV_EBADF` without a socket, `UV_EINVAL` for other numbers. Not thread-safe.
 */
UV_EXTERN int uv_udp_set_multicast_ttl(uv_udp_t *handle, int ttl);

/**
 * Sets the interface that multicast datagrams leave by: an IPv4 address, or an IPv6 address whose zone names the
 * interface, as in "::%eth0". NULL leaves the choice to the system.
 * `UV_EBADF` without a socket, `UV_EINVAL` for an address that cannot be read. Not thread-safe.
 */
UV_EXTERN int uv_udp_set_multicast_interface(uv_udp_t *handle, const char *interface_addr);

/** Allows (1) or forbids (0) to send to broadcast addresses. `UV_EBADF` without a socket. Not thread-safe. */
UV_EXTERN int uv_udp_set_broadcast(uv_udp_t *handle, int on);

/**
 * Sets over how many hops datagrams may go, 1 to 255.
 * `UV_EBADF` without a socket, `UV_EINVAL` for other numbers. Not thread-safe.
 */
UV_EXTERN int uv_udp_set_ttl(uv_udp_t *handle, int ttl);

/**
 * Receives datagrams. `alloc_cb` is asked for a buffer (65536 bytes suffice for any datagram) when the socket is readable;
 * `recv_cb` then gets it back with the datagram's length and sender; with length 0 and no sender if nothing was there
 * after all; with an error; or with `UV_ENOBUFS` if there was no buffer. `UV_UDP_PARTIAL` tells that the buffer was too
 * short for the datagram. An ICMP error comes with `UV_UDP_LINUX_RECVERR`, the address of who reported it and the
 * datagram that was sent. A handle without a socket is bound to any IPv4 port.
 *
 * With `UV_UDP_RECVMMSG`, parts of one buffer come with `UV_UDP_MMSG_CHUNK`, then the whole with `UV_UDP_MMSG_FREE`, unless
 * the callback stopped the handle.
 *
 * `UV_EINVAL` without callbacks, `UV_EALREADY` if it receives already, and what `bind(2)` answers. Not thread-safe.
 */
UV_EXTERN int uv_udp_recv_start(uv_udp_t *handle, uv_alloc_cb alloc_cb, uv_udp_recv_cb recv_cb);

/** Receives no more; `recv_cb` is not called again. Returns 0, or `UV_EINVAL` for another type of handle. Not thread-safe. */
UV_EXTERN int uv_udp_recv_stop(uv_udp_t *handle);

/** 1 if the handle was initialised with `UV_UDP_RECVMMSG`, else 0. */
UV_EXTERN int uv_udp_using_recvmmsg(const uv_udp_t *handle);

/**
 * Sends a datagram made of `nbufs` buffers to `addr`, which is an IPv4, IPv6 or unix address, or NULL if the handle is
 * connected. The array of buffers is copied, what they point to must stay until `send_cb`, which may be NULL, is called:
 * with 0, or the error, or `UV_ECANCELED` if the handle was closed first. A handle without a socket is bound to any port.
 * `UV_EINVAL` without buffers and for more than 1048576, `UV_EISCONN` for an address on a connected handle,
 * `UV_EDESTADDRREQ` for none on one that is not, `UV_ENOMEM`. Not thread-safe.
 */
UV_EXTERN int uv_udp_send(uv_udp_send_t *req,
                          uv_udp_t *handle,
                          const struct uv_buf_t *bufs,
                          unsigned int nbufs,
                          const struct sockaddr *addr,
                          uv_udp_send_cb send_cb);

/**
 * Sends a datagram now or not at all. Arguments and errors are those of `uv_udp_send`, and `UV_EAGAIN` if requests are
 * queued or the socket has no room. Gives the datagram's length in bytes. Not thread-safe.
 */
UV_EXTERN int uv_udp_try_send(uv_udp_t *handle,
                              const struct uv_buf_t *bufs,
                              unsigned int nbufs,
                              const struct sockaddr *addr);

/**
 * Sends `count` datagrams now, as many as there is room for: datagram i is made of `nbufs[i]` buffers at `bufs[i]` and goes
 * to `addrs[i]`, or to the handle's peer if that is NULL. Gives how many were sent, or the first one's error; `UV_EAGAIN`
 * if requests are queued or the socket has no room. Nothing is sent if one of them has arguments that `uv_udp_send` refuses,
 * whose error is given; `UV_EINVAL` for a `count` of 0, `flags` other than 0 and a handle without a socket. Not thread-safe.
 */
UV_EXTERN int uv_udp_try_send2(uv_udp_t *handle,
                               unsigned int count,
                               struct uv_buf_t **bufs,
                               unsigned int *nbufs,
                               struct sockaddr **addrs,
                               unsigned int flags);

/** Initialises an idle handle. Always returns 0. */
UV_EXTERN int uv_idle_init(uv_loop_t *loop, uv_idle_t *idle);

/**
 * Starts an idle handle: `cb` is called in each turn before the prepare handles, and the loop does not sleep.
 * No effect if it is active. `UV_EINVAL` if `cb` is NULL or the handle is closing.
 */
UV_EXTERN int uv_idle_start(uv_idle_t *idle, uv_idle_cb cb);

/** Stops an idle handle. Always returns 0. */
UV_EXTERN int uv_idle_stop(uv_idle_t *idle);

/** Initialises a prepare handle. Always returns 0. */
UV_EXTERN int uv_prepare_init(uv_loop_t *loop, uv_prepare_t *prepare);

/**
 * Starts a prepare handle: `cb` is called in each turn right before the poll phase. No effect if it is active.
 * `UV_EINVAL` if `cb` is NULL or the handle is closing.
 */
UV_EXTERN int uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb cb);

/** Stops a prepare handle. Always returns 0. */
UV_EXTERN int uv_prepare_stop(uv_prepare_t *prepare);

/** Initialises a check handle. Always returns 0. */
UV_EXTERN int uv_check_init(uv_loop_t *loop, uv_check_t *check);

/**
 * Starts a check handle: `cb` is called in each turn right after the poll phase. No effect if it is active.
 * `UV_EINVAL` if `cb` is NULL or the handle is closing.
 */
UV_EXTERN int uv_check_start(uv_check_t *check, uv_check_cb cb);

/** Stops a check handle. Always returns 0. */
UV_EXTERN int uv_check_stop(uv_check_t *check);

/** Non-zero if the handle is active: what that means depends on its type, as libuv documents. */
UV_EXTERN int uv_is_active(const uv_handle_t *handle);

/** Non-zero from the call of `uv_close` on. */
UV_EXTERN int uv_is_closing(const uv_handle_t *handle);

/**
 * References a handle: while active it keeps the loop alive. Handles are referenced from the start; doing it again has no
 * effect.
 */
UV_EXTERN void uv_ref(uv_handle_t *handle);

/** Takes a handle's reference away: it no longer keeps the loop alive. Doing it again has no effect. */
UV_EXTERN void uv_unref(uv_handle_t *handle);

/** Non-zero if the handle is referenced. */
UV_EXTERN int uv_has_ref(const uv_handle_t *handle);

/**
 * Stores an array of the CPUs that are online at `*cpu_infos`, and its length at `*count`. `uv_free_cpu_info` takes
 * the array back. The model is "unknown" and the speed 0 where the system does not tell.
 *
 * Thread-safe. Returns 0, `UV_ENOMEM`, or what reading `/proc/stat` gave; then the array is NULL and the length 0.
 */
UV_EXTERN int uv_cpu_info(uv_cpu_info_t **cpu_infos, int *count);

/**
 * Frees what `uv_cpu_info` gave.
 *
 * Thread-safe.
 */
UV_EXTERN void uv_free_cpu_info(uv_cpu_info_t *cpu_infos, int _count);

/**
 * How many threads a program should run at once: the CPUs that the calling thread may use, or fewer if the quota of its
 * control group (version 2) amounts to fewer. At least 1.
 *
 * Thread-safe.
 */
UV_EXTERN unsigned int uv_available_parallelism(void);

/**
 * Stores the load averages of the last 1, 5 and 15 minutes at `avg`. `avg` is left alone if the system does not tell.
 *
 * Thread-safe.
 */
UV_EXTERN void uv_loadavg(double *avg);

/**
 * Stores the seconds since the system was started, with their fraction.
 *
 * Thread-safe. Returns 0, or what the system answered.
 */
UV_EXTERN int uv_uptime(double *uptime);

/**
 * Stores the resources that the process has used so far.
 *
 * Thread-safe. Returns 0, or what `getrusage(2)` gave.
 */
UV_EXTERN int uv_getrusage(struct uv_rusage_t *rusage);

/**
 * Stores the resources that the calling thread has used so far.
 *
 * Thread-safe. Returns 0, or what `getrusage(2)` gave.
 */
UV_EXTERN int uv_getrusage_thread(struct uv_rusage_t *rusage);

/**
 * Loads a shared library, or gives the program itself if `filename` is NULL. `uv_dlclose` unloads it; it also frees
 * the error's text, so call it after a failure too.
 *
 * Returns 0, or -1 (which is no `UV_E…`), and `uv_dlerror` has the reason. `lib` need not have been initialised. Threads
 * may load at the same time, each with a `uv_lib_t` of its own.
 */
UV_EXTERN int uv_dlopen(const char *filename, struct uv_lib_t *lib);

/** Unloads a library and frees the text of its last error. */
UV_EXTERN void uv_dlclose(struct uv_lib_t *lib);

/**
 * Finds a symbol and stores its address, which may be NULL, in `ptr`.
 *
 * Returns 0, or -1 (which is no `UV_E…`) if the library has no such symbol, and `uv_dlerror` has the reason.
 */
UV_EXTERN int uv_dlsym(struct uv_lib_t *lib, const char *name, void **ptr);

/**
 * The text of the last error of `uv_dlopen` or `uv_dlsym` with this library, or "no error". It belongs to the library
 * and lasts until the next error or `uv_dlclose`.
 */
UV_EXTERN const char *uv_dlerror(const struct uv_lib_t *lib);

/**
 * A `uv_buf_t` of `len` bytes at `base`.
 *
 * Thread-safe.
 */
UV_EXTERN struct uv_buf_t uv_buf_init(char *base, unsigned int len);

/**
 * Size of `uv_loop_t` in bytes.
 *
 * Thread-safe.
 */
UV_EXTERN size_t uv_loop_size(void);

/**
 * Size in bytes of the struct for a handle type, or `(size_t) -1` if there is none.
 *
 * Thread-safe.
 */
UV_EXTERN size_t uv_handle_size(uv_handle_type type);

/**
 * Size in bytes of the struct for a request type, or `(size_t) -1` if there is none.
 *
 * Thread-safe.
 */
UV_EXTERN size_t uv_req_size(uv_req_type type);

/**
 * The name of a handle type, such as "tcp", or NULL if there is no such type. The string is static.
 *
 * Thread-safe.
 */
UV_EXTERN const char *uv_handle_type_name(uv_handle_type type);

/**
 * The name of a request type, such as "write", or NULL if there is no such type. The string is static.
 *
 * Thread-safe.
 */
UV_EXTERN const char *uv_req_type_name(uv_req_type type);

/** `loop->data`, the user's own pointer. */
UV_EXTERN void *uv_loop_get_data(const uv_loop_t *loop);

/** Sets `loop->data`, the user's own pointer. */
UV_EXTERN void uv_loop_set_data(uv_loop_t *loop, void *data);

/** `handle->type`. */
UV_EXTERN uv_handle_type uv_handle_get_type(const uv_handle_t *handle);

/** `handle->data`, the user's own pointer. */
UV_EXTERN void *uv_handle_get_data(const uv_handle_t *handle);

/** Sets `handle->data`, the user's own pointer. */
UV_EXTERN void uv_handle_set_data(uv_handle_t *handle, void *data);

/** The loop that a handle belongs to. */
UV_EXTERN uv_loop_t *uv_handle_get_loop(const uv_handle_t *handle);

/** `req->type`. */
UV_EXTERN uv_req_type uv_req_get_type(const uv_req_t *req);

/** `req->data`, the user's own pointer. */
UV_EXTERN void *uv_req_get_data(const uv_req_t *req);

/** Sets `req->data`, the user's own pointer. */
UV_EXTERN void uv_req_set_data(uv_req_t *req, void *data);

/** Bytes that `uv_write` took and the kernel has not accepted yet. */
UV_EXTERN size_t uv_stream_get_write_queue_size(const uv_stream_t *stream);

/** Bytes that `uv_udp_send` took and the kernel has not accepted yet. */
UV_EXTERN size_t uv_udp_get_send_queue_size(const uv_udp_t *handle);

/** Datagrams that `uv_udp_send` took and the kernel has not accepted yet. */
UV_EXTERN size_t uv_udp_get_send_queue_count(const uv_udp_t *handle);

/** The process id of a child. */
UV_EXTERN uv_pid_t uv_process_get_pid(const uv_process_t *process);

/** Which operation a file system request is (`UV_FS_*`). */
UV_EXTERN uv_fs_type uv_fs_get_type(const uv_fs_t *req);

/** The result of a file system request: not negative, or `UV_E…`. */
UV_EXTERN ssize_t uv_fs_get_result(const uv_fs_t *req);

/** The system's `errno` for a file system request that failed. */
UV_EXTERN int uv_fs_get_system_error(const uv_fs_t *req);

/** What a file system request gave besides its result: a stat, a string, a directory. */
UV_EXTERN void *uv_fs_get_ptr(const uv_fs_t *req);

/** The path of a file system request, or NULL; good until `uv_fs_req_cleanup`. */
UV_EXTERN const char *uv_fs_get_path(const uv_fs_t *req);

/** The stat result inside a file system request. */
UV_EXTERN struct uv_stat_t *uv_fs_get_statbuf(uv_fs_t *req);

/**
 * Gets the host's name.
 *
 * `size` says how many bytes `buffer` has (`UV_MAXHOSTNAMESIZE` always suffice) and becomes the length of the name,
 * without the NUL that ends it. Returns 0; `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the name does
 * not fit, and `size` becomes what is needed, NUL included. Thread-safe.
 */
UV_EXTERN int uv_os_gethostname(char *buffer, size_t *size);

/** Gets what the system calls itself. Returns 0, `UV_EINVAL` if `buffer` is NULL, or another error. Thread-safe. */
UV_EXTERN int uv_os_uname(uv_utsname_t *buffer);

/** The id of the process. Thread-safe. */
UV_EXTERN uv_pid_t uv_os_getpid(void);

/** The id of the process's parent. Thread-safe. */
UV_EXTERN uv_pid_t uv_os_getppid(void);

/**
 * Gets the scheduling priority of a process, from -20 (high) to 19 (low). A `pid` of 0 is the caller's own.
 *
 * Returns 0, `UV_EINVAL` if `priority` is NULL, `UV_ESRCH` if there is no such process, or another error. Thread-safe.
 */
UV_EXTERN int uv_os_getpriority(uv_pid_t pid, int *priority);

/**
 * Sets the scheduling priority of a process, from -20 (high) to 19 (low). A `pid` of 0 is the caller's own.
 *
 * Returns 0, `UV_EINVAL` for a priority out of range, `UV_ESRCH` if there is no such process, `UV_EACCES` if a higher
 * priority is not allowed, or another error. Thread-safe.
 */
UV_EXTERN int uv_os_setpriority(uv_pid_t pid, int priority);

/**
 * Gets a copy of the environment. Entries without a `=` are left out. `uv_os_free_environ` takes the memory back.
 *
 * Returns 0, or `UV_ENOMEM`, which leaves NULL and 0. Not thread-safe: it reads the environment.
 */
UV_EXTERN int uv_os_environ(uv_env_item_t **envitems, int *count);

/** Frees what `uv_os_environ` gave. */
UV_EXTERN void uv_os_free_environ(uv_env_item_t *envitems, int count);

/**
 * Gets the value of the environment variable `name`.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the value, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOENT` if there is no such variable; `UV_ENOBUFS` if the value
 * does not fit, and `size` becomes what is needed, NUL included. Not thread-safe: it reads the environment.
 */
UV_EXTERN int uv_os_getenv(const char *name, char *buffer, size_t *size);

/**
 * Sets the environment variable `name`. An empty value does not delete it.
 *
 * Returns 0, `UV_EINVAL` if a pointer is NULL or the name is empty or has a `=` in it, or `UV_ENOMEM`. Not thread-safe:
 * it changes the environment.
 */
UV_EXTERN int uv_os_setenv(const char *name, const char *value);

/**
 * Deletes the environment variable `name`; it need not exist.
 *
 * Returns 0, or `UV_EINVAL` if `name` is NULL or empty or has a `=` in it. Not thread-safe: it changes the environment.
 */
UV_EXTERN int uv_os_unsetenv(const char *name);

/**
 * Stores the resident set size of the process in bytes.
 *
 * Thread-safe. Returns 0, or what reading `/proc/self/stat` gave.
 */
UV_EXTERN int uv_resident_set_memory(size_t *rss);

/**
 * Memory in bytes that the system could hand out without swapping; 0 if unknown.
 *
 * Thread-safe.
 */
UV_EXTERN uint64_t uv_get_free_memory(void);

/**
 * The system's memory in bytes; 0 if unknown.
 *
 * Thread-safe.
 */
UV_EXTERN uint64_t uv_get_total_memory(void);

/**
 * The limit in bytes that the process' control group, `RLIMIT_AS` or `RLIMIT_DATA` sets, whichever is lowest. 0 if no
 * limit is known, `UINT64_MAX` if the control group could set one and does not. May be more than the system has.
 *
 * Thread-safe.
 */
UV_EXTERN uint64_t uv_get_constrained_memory(void);

/**
 * Memory in bytes that is left to the process: what its control group allows less what the group uses, or
 * `uv_get_free_memory` if the group sets no limit or one above the system's memory.
 *
 * Thread-safe.
 */
UV_EXTERN uint64_t uv_get_available_memory(void);

/**
 * The system's descriptor behind one of the C library. On Linux they are the same.
 *
 * Thread-safe.
 */
UV_EXTERN uv_os_fd_t uv_get_osfhandle(int fd);

/**
 * The C library's descriptor for one of the system. On Linux they are the same.
 *
 * Thread-safe.
 */
UV_EXTERN int uv_open_osfhandle(uv_os_fd_t os_fd);

/**
 * Stores an array of the addresses of all interfaces that are up and running at `*addresses`, and its length at
 * `*count`. `uv_free_interface_addresses` takes the array back. If there is no address, the array is NULL.
 *
 * Thread-safe. Returns 0, `UV_ENOMEM`, or what the system answered; then the array is NULL and the length 0.
 */
UV_EXTERN int uv_interface_addresses(uv_interface_address_t **addresses, int *count);

/**
 * Frees what `uv_interface_addresses` gave.
 *
 * Thread-safe.
 */
UV_EXTERN void uv_free_interface_addresses(uv_interface_address_t *addresses, int _count);

/**
 * Writes the name of an interface to `buffer`, `*size` bytes long, ended by a NUL. `*size` becomes the length of the
 * name, or on `UV_ENOBUFS` the size that is needed, with the NUL.
 *
 * Thread-safe. Returns 0, `UV_EINVAL` if a pointer is NULL or `*size` 0, `UV_ENOBUFS`, or `UV_ENXIO` if there is no
 * such interface.
 */
UV_EXTERN int uv_if_indextoname(unsigned int ifindex, char *buffer, size_t *size);

/**
 * Writes what names an interface in a scoped IPv6 address to `buffer`. On Linux that is the interface's name:
 * everything is as with `uv_if_indextoname`.
 *
 * Thread-safe.
 */
UV_EXTERN int uv_if_indextoiid(unsigned int ifindex, char *buffer, size_t *size);

/**
 * Gets the working directory, with no slash at its end unless it is the root.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
 * needed, NUL included; or another error, such as `UV_ENOENT` if the directory has been removed. Thread-safe.
 */
UV_EXTERN int uv_cwd(char *buffer, size_t *size);

/** Makes `dir` the working directory of the process. Returns 0 or an error. Thread-safe, but all threads are moved. */
UV_EXTERN int uv_chdir(const char *dir);

/**
 * Gets the path of the program's executable file.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. A path that
 * does not fit is cut off. Returns 0, `UV_EINVAL` if a pointer is NULL or the size 0, or another error if `/proc` cannot
 * be read. Thread-safe.
 */
UV_EXTERN int uv_exepath(char *buffer, size_t *size);

/**
 * Gets the user's home directory: `HOME` if it is set, otherwise what the user database says of the effective user.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
 * needed, NUL included; `UV_ENOENT` if the database does not know the user. Not thread-safe: it reads the environment.
 */
UV_EXTERN int uv_os_homedir(char *buffer, size_t *size);

/**
 * Gets the directory for temporary files: the first of `TMPDIR`, `TMP`, `TEMP` and `TEMPDIR` that is set, otherwise
 * `/tmp`. A slash at its end is taken off.
 *
 * `size` says how many bytes `buffer` has and becomes the length of the path, without the NUL that ends it. Returns 0;
 * `UV_EINVAL` if a pointer is NULL or the size 0; `UV_ENOBUFS` if the path does not fit, and `size` becomes what is
 * needed, NUL included. Not thread-safe: it reads the environment.
 */
UV_EXTERN int uv_os_tmpdir(char *buffer, size_t *size);

/** Makes a mutex. A thread that locks it twice waits for ever. Returns 0 or an error. */
UV_EXTERN int uv_mutex_init(uv_mutex_t *handle);

/** Makes a mutex that its holder may lock again; it has to unlock it as often. Returns 0 or an error. */
UV_EXTERN int uv_mutex_init_recursive(uv_mutex_t *handle);

/** Ends a mutex, which nobody may hold: the process aborts if somebody does. */
UV_EXTERN void uv_mutex_destroy(uv_mutex_t *handle);

/** Locks a mutex, waiting for it if necessary. */
UV_EXTERN void uv_mutex_lock(uv_mutex_t *handle);

/** Locks a mutex if it is free. Returns 0 or `UV_EBUSY`. */
UV_EXTERN int uv_mutex_trylock(uv_mutex_t *handle);

/** Unlocks a mutex, which the caller holds. */
UV_EXTERN void uv_mutex_unlock(uv_mutex_t *handle);

/** Makes a read-write lock. Returns 0 or an error. */
UV_EXTERN int uv_rwlock_init(uv_rwlock_t *rwlock);

/** Ends a read-write lock, which nobody may hold. */
UV_EXTERN void uv_rwlock_destroy(uv_rwlock_t *rwlock);

/** Locks for reading, waiting for the writer if there is one. */
UV_EXTERN void uv_rwlock_rdlock(uv_rwlock_t *rwlock);

/** Locks for reading if that is possible at once. Returns 0 or `UV_EBUSY`. */
UV_EXTERN int uv_rwlock_tryrdlock(uv_rwlock_t *rwlock);

/** Gives a reader's lock back. */
UV_EXTERN void uv_rwlock_rdunlock(uv_rwlock_t *rwlock);

/** Locks for writing, waiting for readers and writer to leave. */
UV_EXTERN void uv_rwlock_wrlock(uv_rwlock_t *rwlock);

/** Locks for writing if that is possible at once. Returns 0 or `UV_EBUSY`. */
UV_EXTERN int uv_rwlock_trywrlock(uv_rwlock_t *rwlock);

/** Gives the writer's lock back. */
UV_EXTERN void uv_rwlock_wrunlock(uv_rwlock_t *rwlock);

/** Makes a semaphore that starts at `value`. Returns 0, or `UV_EINVAL` if the value is above 2147483647. */
UV_EXTERN int uv_sem_init(uv_sem_t *sem, unsigned int value);

/** Ends a semaphore, on which nobody may wait. */
UV_EXTERN void uv_sem_destroy(uv_sem_t *sem);

/** Adds one to a semaphore and wakes a waiter. Async-signal-safe. The process aborts if the value would pass 2147483647. */
UV_EXTERN void uv_sem_post(uv_sem_t *sem);

/** Takes one from a semaphore, waiting until there is one. A signal does not end the wait. */
UV_EXTERN void uv_sem_wait(uv_sem_t *sem);

/** Takes one from a semaphore if there is one. Returns 0 or `UV_EAGAIN`. */
UV_EXTERN int uv_sem_trywait(uv_sem_t *sem);

/** Makes a condition variable, whose timeouts follow the monotonic clock. Returns 0 or an error. */
UV_EXTERN int uv_cond_init(uv_cond_t *cond);

/** Ends a condition variable, on which nobody may wait. */
UV_EXTERN void uv_cond_destroy(uv_cond_t *cond);

/** Wakes one waiter, if there is one. */
UV_EXTERN void uv_cond_signal(uv_cond_t *cond);

/** Wakes all waiters. */
UV_EXTERN void uv_cond_broadcast(uv_cond_t *cond);

/** Unlocks `mutex`, which the caller holds, waits to be woken, and locks it again. It may wake for no reason. */
UV_EXTERN void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex);

/**
 * As `uv_cond_wait`, for `timeout` nanoseconds at most, counted from now.
 *
 * Returns 0 if woken, which may happen for no reason, or `UV_ETIMEDOUT`. The mutex is locked either way.
 */
UV_EXTERN int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout);

/** Makes a barrier for `count` threads. Returns 0, `UV_EINVAL` if `count` is 0, or another error. */
UV_EXTERN int uv_barrier_init(uv_barrier_t *barrier, unsigned int count);

/** Ends a barrier. It waits for the threads that are still on their way out of it. */
UV_EXTERN void uv_barrier_destroy(uv_barrier_t *barrier);

/**
 * Waits until as many threads as the barrier was made for are here. Returns 1 in one of them, which may destroy the
 * barrier, and 0 in the others.
 */
UV_EXTERN int uv_barrier_wait(uv_barrier_t *barrier);

/**
 * Calls `callback` if no call with this guard has done so. Other threads wait until it has returned. The guard starts
 * as `UV_ONCE_INIT`.
 */
UV_EXTERN void uv_once(uv_once_t *guard, void (*callback)(void));

/**
 * Makes a key of thread-local storage, NULL in each thread at first. Returns 0, `UV_EAGAIN` if there are too many, or
 * another error.
 */
UV_EXTERN int uv_key_create(uv_key_t *key);

/** Deletes a key. */
UV_EXTERN void uv_key_delete(uv_key_t *key);

/** The calling thread's value of a key. */
UV_EXTERN void *uv_key_get(uv_key_t *key);

/** Sets the calling thread's value of a key. */
UV_EXTERN void uv_key_set(uv_key_t *key, void *value);

/**
 * Starts a thread that runs `entry(arg)`. Its stack is as large as the soft limit on the main thread's says.
 *
 * Returns 0; `UV_EAGAIN` if a limit or memory forbids it; or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_create(uv_thread_t *tid, uv_thread_cb entry, void *arg);

/**
 * As `uv_thread_create`, with options. With `UV_THREAD_HAS_STACK_SIZE`, `stack_size` is the size of the stack in bytes,
 * rounded up to whole pages and to the least the system allows; 0 is the default.
 *
 * Returns 0; `UV_EAGAIN` if a limit or memory forbids it; or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_create_ex(uv_thread_t *tid,
                                  const uv_thread_options_t *params,
                                  uv_thread_cb entry,
                                  void *arg);

/** Lets a thread free what it holds when it ends; it cannot be joined then. Returns 0 or an error. Thread-safe. */
UV_EXTERN int uv_thread_detach(uv_thread_t *tid);

/** Waits until a thread has ended. Returns 0, `UV_EDEADLK` for the calling thread itself, or another error. Thread-safe. */
UV_EXTERN int uv_thread_join(uv_thread_t *tid);

/** Non-zero if both are the same thread. Thread-safe. */
UV_EXTERN int uv_thread_equal(const uv_thread_t *t1, const uv_thread_t *t2);

/** The calling thread. Thread-safe. */
UV_EXTERN uv_thread_t uv_thread_self(void);

/** How many bytes a mask of processors has: one for each processor that could be in it. */
UV_EXTERN int uv_cpumask_size(void);

/**
 * Lets a thread run only on the processors whose bytes in `cpumask` are not 0. `oldmask`, unless NULL, receives those
 * it could run on before, as ones.
 *
 * Returns 0; `UV_EINVAL` if `mask_size` is below `uv_cpumask_size()` or no processor of the machine is in the mask; or
 * another error. Thread-safe.
 */
UV_EXTERN int uv_thread_setaffinity(uv_thread_t *tid,
                                    char *cpumask,
                                    char *oldmask,
                                    size_t mask_size);

/**
 * Gets the processors a thread may run on: for each, its byte in `cpumask` becomes 1, the others 0.
 *
 * Returns 0; `UV_EINVAL` if `mask_size` is below `uv_cpumask_size()`; or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_getaffinity(uv_thread_t *tid, char *cpumask, size_t mask_size);

/** The number of the processor the calling thread is on, or an error. Thread-safe. */
UV_EXTERN int uv_thread_getcpu(void);

/**
 * Names the calling thread. What does not fit in 15 bytes is cut off.
 *
 * Returns 0, `UV_EINVAL` if `name` is NULL, or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_setname(const char *name);

/**
 * Gets the name of a thread that has not ended. What does not fit in `size` bytes, NUL included, is cut off.
 *
 * Returns 0, `UV_EINVAL` if `name` is NULL or `size` 0, or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_getname(uv_thread_t *tid, char *name, size_t size);

/**
 * Gets the priority of a thread that has not ended: the nice value if it is the calling thread and is scheduled in
 * the ordinary way, its scheduling policy's priority otherwise.
 *
 * Returns 0, `UV_EINVAL` if `priority` is NULL, or another error. Thread-safe.
 */
UV_EXTERN int uv_thread_getpriority(uv_thread_t tid, int *priority);

/**
 * Sets the priority of a thread that has not ended, to one of `UV_THREAD_PRIORITY_*`. For the calling thread, if it is
 * scheduled in the ordinary way, that is the nice value, from 4 (lowest) down to -4 in steps of 2; otherwise it is a
 * point in the range of the scheduling policy.
 *
 * Returns 0, `UV_EINVAL` for another priority, `UV_EACCES` or `UV_EPERM` if it is not allowed, or another error.
 * Thread-safe.
 */
UV_EXTERN int uv_thread_setpriority(uv_thread_t tid, int priority);

/**
 * Copies the program's arguments, and takes the memory they are in for the title. Call it first thing in `main`, with
 * `main`'s own arguments, and use what it returns instead of them.
 *
 * Returns the copy, or `argv` itself if `argc` is not positive or there is no memory for a copy; the title cannot be
 * read or set then. The copy lasts until `uv_library_shutdown`. Thread-safe.
 */
UV_EXTERN char **uv_setup_args(int argc, char **argv);

/**
 * Gets the title of the process: at first the program's name as it was called.
 *
 * Returns 0; `UV_EINVAL` if `buffer` is NULL or `size` 0; `UV_ENOBUFS` if the title and its NUL do not fit in `size` bytes,
 * or `uv_setup_args` has not been called. Thread-safe.
 */
UV_EXTERN int uv_get_process_title(char *buffer, size_t size);

/**
 * Sets the title of the process, and with it the name of the calling thread. What does not fit in the memory of the
 * arguments is cut off.
 *
 * Returns 0, or `UV_ENOBUFS` if `uv_setup_args` has not been called. Thread-safe.
 */
UV_EXTERN int uv_set_process_title(const char *title);

/**
 * Gets the user database's entry of the effective user. `uv_os_free_passwd` takes its memory back.
 *
 * Returns 0, `UV_EINVAL` if `pwd` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
 */
UV_EXTERN int uv_os_get_passwd(uv_passwd_t *pwd);

/**
 * Gets the user database's entry of the user `uid`. `uv_os_free_passwd` takes its memory back.
 *
 * Returns 0, `UV_EINVAL` if `pwd` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
 */
UV_EXTERN int uv_os_get_passwd2(uv_passwd_t *pwd, uv_uid_t uid);

/** Frees the strings of an entry and sets them to NULL, so that freeing it again does nothing. `pwd` may be NULL. */
UV_EXTERN void uv_os_free_passwd(uv_passwd_t *pwd);

/**
 * Gets the group database's entry of the group `gid`. `uv_os_free_group` takes its memory back.
 *
 * Returns 0, `UV_EINVAL` if `grp` is NULL, `UV_ENOENT` if there is no entry, `UV_ENOMEM`, or another error. Thread-safe.
 */
UV_EXTERN int uv_os_get_group(uv_group_t *grp, uv_uid_t gid);

/** Frees the strings of an entry and sets them to NULL, so that freeing it again does nothing. `grp` may be NULL. */
UV_EXTERN void uv_os_free_group(uv_group_t *grp);

/**
 * Looks up addresses, like `getaddrinfo(3)`: of the host `node`, UTF-8, for `service`; one of them may be NULL. `hints` may
 * be NULL. `cb` is called with 0 and the addresses, which `uv_freeaddrinfo` takes back; or with `UV_EAI_…` and NULL. If
 * `cb` is NULL, the call waits for the answer, leaves it in `req->addrinfo` and returns the outcome; `loop` may be NULL
 * then. The arguments are copied.
 * `UV_EINVAL` if both names are NULL, without a loop where there is `cb`, and for a host name that is empty, malformed or too long;
 * `UV_EAGAIN` if the system has no thread for it; `UV_ENOMEM`.
 * Not thread-safe, but for calls without `cb`.
 */
UV_EXTERN int uv_getaddrinfo(uv_loop_t *loop,
                             uv_getaddrinfo_t *req,
                             uv_getaddrinfo_cb cb,
                             const char *node,
                             const char *service,
                             const struct addrinfo *hints);

/** Frees what a lookup gave; NULL is fine. Thread-safe. */
UV_EXTERN void uv_freeaddrinfo(struct addrinfo *ai);

/**
 * Looks up the names of an IPv4 or IPv6 address and its port, like `getnameinfo(3)`; `flags` are its `NI_…`. `cb` is called
 * with 0 and the names of host and service, which live in the request, or with `UV_EAI_…` and NULL. If `cb` is NULL, the
 * call waits for the answer, leaves it in `req->host` and `req->service` and returns the outcome; `loop` may be NULL then.
 * `UV_EINVAL` without a request or address, without a loop where there is `cb`, and for other families; `UV_EAGAIN` if the system has
 * no thread for it. Not thread-safe, but for calls without `cb`.
 */
UV_EXTERN int uv_getnameinfo(uv_loop_t *loop,
                             uv_getnameinfo_t *req,
                             uv_getnameinfo_cb cb,
                             const struct sockaddr *addr,
                             int flags);

/**
 * Gives back what the library allocated for a request: copies of paths, entries of a directory, strings. To be called
 * when the request is done, and before it is used again; a second call does nothing, as does NULL or a request whose
 * bytes are all 0. Not thread-safe.
 */
UV_EXTERN void uv_fs_req_cleanup(uv_fs_t *req);

/**
 * Opens a file, as `open(2)`, always with `O_CLOEXEC`. `req->result` is the descriptor.
 *
 * As for all `uv_fs_*` functions: with a callback the call returns 0 and `cb` is called from the loop when the operation
 * is done; without one the operation is done at once, `loop` is not used, and the call returns `req->result`. Errors are
 * those of the system call; `UV_EINVAL` if `req` is NULL, `UV_ENOMEM` if there is no memory for copies. What a request
 * holds is given back by `uv_fs_req_cleanup`. Not thread-safe with a callback; thread-safe without.
 */
UV_EXTERN int uv_fs_open(uv_loop_t *loop,
                         uv_fs_t *req,
                         const char *path,
                         int flags,
                         int mode,
                         uv_fs_cb cb);

/** Closes a descriptor, as `close(2)`. An interrupted close counts as done. See `uv_fs_open`. */
UV_EXTERN int uv_fs_close(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb);

/**
 * Reads into buffers, as `preadv(2)`, or as `readv(2)` from the current position if `offset` is negative. `req->result`
 * is the number of bytes, 0 at the end of the file. At most `IOV_MAX` buffers are filled, and none beyond 2 GiB together.
 *
 * The buffers must stay valid until the operation is done; the array of them need not. `UV_EINVAL` if there are no
 * buffers. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_read(uv_loop_t *loop,
                         uv_fs_t *req,
                         uv_file file,
                         const struct uv_buf_t *bufs,
                         unsigned int nbufs,
                         int64_t offset,
                         uv_fs_cb cb);

/**
 * Writes buffers, as `pwritev(2)`, or as `writev(2)` at the current position if `offset` is negative. Any number of
 * buffers is written, with as many system calls as it takes. `req->result` is the number of bytes, which is less than the
 * whole if an error came in between.
 *
 * The buffers must stay valid until the operation is done; the array of them need not. `UV_EINVAL` if there are no
 * buffers. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_write(uv_loop_t *loop,
                          uv_fs_t *req,
                          uv_file file,
                          const struct uv_buf_t *bufs,
                          unsigned int nbufs,
                          int64_t offset,
                          uv_fs_cb cb);

/** Writes a file's data and metadata to its device, as `fsync(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_fsync(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb);

/** Writes a file's data to its device, as `fdatasync(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_fdatasync(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb);

/** Makes a file `offset` bytes long, as `ftruncate(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_ftruncate(uv_loop_t *loop,
                              uv_fs_t *req,
                              uv_file file,
                              int64_t offset,
                              uv_fs_cb cb);

/** Removes a name, as `unlink(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_unlink(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/** Renames a file, as `rename(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_rename(uv_loop_t *loop,
                           uv_fs_t *req,
                           const char *path,
                           const char *new_path,
                           uv_fs_cb cb);

/** Makes a directory, as `mkdir(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_mkdir(uv_loop_t *loop, uv_fs_t *req, const char *path, int mode, uv_fs_cb cb);

/** Gives the file at `path` a second name, as `link(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_link(uv_loop_t *loop,
                         uv_fs_t *req,
                         const char *path,
                         const char *new_path,
                         uv_fs_cb cb);

/**
 * Makes a symbolic link at `new_path` that leads to `path`, as `symlink(2)`. `flags` means nothing on Linux. See
 * `uv_fs_open`.
 */
UV_EXTERN int uv_fs_symlink(uv_loop_t *loop,
                            uv_fs_t *req,
                            const char *path,
                            const char *new_path,
                            int flags,
                            uv_fs_cb cb);

/**
 * Asks whether the process may use a file, as `access(2)`; `mode` is `F_OK` or a sum of `R_OK`, `W_OK`, `X_OK`. See
 * `uv_fs_open`.
 */
UV_EXTERN int uv_fs_access(uv_loop_t *loop, uv_fs_t *req, const char *path, int mode, uv_fs_cb cb);

/** Sets permission bits, as `chmod(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_chmod(uv_loop_t *loop, uv_fs_t *req, const char *path, int mode, uv_fs_cb cb);

/** Sets the permission bits of an open file, as `fchmod(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_fchmod(uv_loop_t *loop, uv_fs_t *req, uv_file file, int mode, uv_fs_cb cb);

/** Sets owner and group, as `chown(2)`; -1 leaves one as it is. See `uv_fs_open`. */
UV_EXTERN int uv_fs_chown(uv_loop_t *loop,
                          uv_fs_t *req,
                          const char *path,
                          uv_uid_t uid,
                          uv_gid_t gid,
                          uv_fs_cb cb);

/** Sets owner and group of an open file, as `fchown(2)`; -1 leaves one as it is. See `uv_fs_open`. */
UV_EXTERN int uv_fs_fchown(uv_loop_t *loop,
                           uv_fs_t *req,
                           uv_file file,
                           uv_uid_t uid,
                           uv_gid_t gid,
                           uv_fs_cb cb);

/** Sets owner and group, as `lchown(2)`: of a symbolic link itself. -1 leaves one as it is. See `uv_fs_open`. */
UV_EXTERN int uv_fs_lchown(uv_loop_t *loop,
                           uv_fs_t *req,
                           const char *path,
                           uv_uid_t uid,
                           uv_gid_t gid,
                           uv_fs_cb cb);

/**
 * Sets the times of last access and last modification, in seconds since 1970 with fractions. `UV_FS_UTIME_NOW` stands
 * for the present, `UV_FS_UTIME_OMIT` leaves one as it is. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_utime(uv_loop_t *loop,
                          uv_fs_t *req,
                          const char *path,
                          double atime,
                          double mtime,
                          uv_fs_cb cb);

/** Like `uv_fs_utime`, of an open file. */
UV_EXTERN int uv_fs_futime(uv_loop_t *loop,
                           uv_fs_t *req,
                           uv_file file,
                           double atime,
                           double mtime,
                           uv_fs_cb cb);

/** Like `uv_fs_utime`; of a symbolic link itself. */
UV_EXTERN int uv_fs_lutime(uv_loop_t *loop,
                           uv_fs_t *req,
                           const char *path,
                           double atime,
                           double mtime,
                           uv_fs_cb cb);

/**
 * Reads a symbolic link, as `readlink(2)`. `req->ptr` is the text, ended by a NUL, which `uv_fs_req_cleanup` frees. See
 * `uv_fs_open`.
 */
UV_EXTERN int uv_fs_readlink(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/**
 * The absolute path without links, `.` and `..`, as `realpath(3)`. `req->ptr` is the path, which `uv_fs_req_cleanup`
 * frees. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_realpath(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/**
 * Copies the file at `path` to `new_path`, with its permission bits, and, where that is permitted, its owner, group and time of
 * last access.
 *
 * An existing target is overwritten, unless `flags` has `UV_FS_COPYFILE_EXCL` (`UV_EEXIST`). With
 * `UV_FS_COPYFILE_FICLONE` the two share their blocks where the file system can do it; with
 * `UV_FS_COPYFILE_FICLONE_FORCE` they share them, or the call fails. A target that could not be completed is removed.
 * `UV_EINVAL` for other flags. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_copyfile(uv_loop_t *loop,
                             uv_fs_t *req,
                             const char *path,
                             const char *new_path,
                             int flags,
                             uv_fs_cb cb);

/**
 * Copies up to `length` bytes of `in_fd`, from `in_offset` on, to the current position of `out_fd`. `req->result` is the
 * number of bytes, which may be smaller, 0 at the end of the file. A source without positions, as a pipe, is read from where it
 * is; a target that does not block is waited for. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_sendfile(uv_loop_t *loop,
                             uv_fs_t *req,
                             uv_file out_fd,
                             uv_file in_fd,
                             int64_t in_offset,
                             size_t length,
                             uv_fs_cb cb);

/** Removes an empty directory, as `rmdir(2)`. See `uv_fs_open`. */
UV_EXTERN int uv_fs_rmdir(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/**
 * Lists a directory, sorted by name, without `.` and `..`. `req->result` is the number of entries, which
 * `uv_fs_scandir_next` gives one by one. `flags` means nothing. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_scandir(uv_loop_t *loop,
                            uv_fs_t *req,
                            const char *path,
                            int flags,
                            uv_fs_cb cb);

/**
 * Gives the next entry of a directory that `uv_fs_scandir` listed. The name is valid until the list ends, or until
 * `uv_fs_req_cleanup`. The type is `UV_DIRENT_UNKNOWN` on file systems that do not tell.
 *
 * Returns 0, `UV_EOF` after the last entry, or the error that the listing ended with. Not thread-safe.
 */
UV_EXTERN int uv_fs_scandir_next(uv_fs_t *req, uv_dirent_t *ent);

/** Opens a directory for `uv_fs_readdir`. `req->ptr` is a `uv_dir_t`, which only `uv_fs_closedir` frees. See `uv_fs_open`. */
UV_EXTERN int uv_fs_opendir(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/**
 * Reads the next entries of an open directory into `dir->dirents`, `dir->nentries` at most, without `.` and `..`.
 * `req->result` is their number, 0 at the end. Their names are freed by `uv_fs_req_cleanup`, which must be called before
 * the directory is closed. `UV_EINVAL` if there is no directory or no place for entries. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_readdir(uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir, uv_fs_cb cb);

/** Closes an open directory and frees it. `UV_EINVAL` if there is none. See `uv_fs_open`. */
UV_EXTERN int uv_fs_closedir(uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir, uv_fs_cb cb);

/**
 * Asks about the file that a path leads to, as `stat(2)`, with the time of creation where the file system keeps it. The
 * answer is in `req->statbuf`, and `req->ptr` points there. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_stat(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/** Like `uv_fs_stat`; if the path names a symbolic link, the answer is about the link itself. */
UV_EXTERN int uv_fs_lstat(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/** Like `uv_fs_stat`, about an open file. */
UV_EXTERN int uv_fs_fstat(uv_loop_t *loop, uv_fs_t *req, uv_file file, uv_fs_cb cb);

/**
 * Asks about the file system that holds `path`, as `statfs(2)`. `req->ptr` is a `uv_statfs_t`, which
 * `uv_fs_req_cleanup` frees. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_statfs(uv_loop_t *loop, uv_fs_t *req, const char *path, uv_fs_cb cb);

/**
 * Makes a directory with a name of its own, as `mkdtemp(3)`: the six `X` at the end of `tpl` are replaced. `req->path` is
 * the name. `UV_EINVAL` if `tpl` does not end so. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_mkdtemp(uv_loop_t *loop, uv_fs_t *req, const char *tpl, uv_fs_cb cb);

/**
 * Makes and opens a file with a name of its own, as `mkostemp(3)` with `O_CLOEXEC`: the six `X` at the end of `tpl` are
 * replaced. `req->path` is the name, empty after a failure, `req->result` the descriptor. `UV_EINVAL` if `tpl` does not
 * end so. See `uv_fs_open`.
 */
UV_EXTERN int uv_fs_mkstemp(uv_loop_t *loop, uv_fs_t *req, const char *tpl, uv_fs_cb cb);

/**
 * Fills the `buflen` bytes at `buf` with random bytes fit for keys, all or none: on a thread of the pool, and `cb` is called
 * with the outcome; or before it returns if `cb` is NULL, then `loop` and `req` are not used. May wait early in the
 * system's life. `flags` must be 0.
 * `UV_E2BIG` for more than 2147483647 bytes, `UV_EINVAL` for other flags and without loop or request where there is `cb`,
 * `UV_ENOSYS` if the system has no source.
 * Without `cb` thread-safe.
 */
UV_EXTERN int uv_random(uv_loop_t *loop,
                        uv_random_t *req,
                        void *buf,
                        size_t buflen,
                        unsigned int flags,
                        uv_random_cb cb);

/**
 * Runs `work_cb` on a thread of the pool, then `after_work_cb`, which may be NULL, on the loop's thread, with 0 or
 * `UV_ECANCELED`. `UV_EINVAL` without `loop`, `req` or `work_cb`; `UV_EAGAIN` if the system has no thread for it. Not thread-safe.
 */
UV_EXTERN int uv_queue_work(uv_loop_t *loop,
                            uv_work_t *req,
                            uv_work_cb work_cb,
                            uv_after_work_cb after_work_cb);

/**
 * The monotonic clock in nanoseconds since an arbitrary moment; for measuring intervals. Thread-safe and
 * async-signal-safe.
 */
UV_EXTERN uint64_t uv_hrtime(void);

/**
 * Reads a clock: `UV_CLOCK_MONOTONIC`, which counts from an arbitrary moment and never goes back, or
 * `UV_CLOCK_REALTIME`, which counts from 1970-01-01 UTC and may be set.
 *
 * Returns 0, `UV_EFAULT` if `ts` is NULL, or `UV_EINVAL` for another clock. Thread-safe.
 */
UV_EXTERN int uv_clock_gettime(uv_clock_id clock_id, struct uv_timespec64_t *ts);

/**
 * The time of day: seconds and microseconds since 1970-01-01 UTC. Returns 0, or `UV_EINVAL` if `tv` is NULL.
 * Thread-safe.
 */
UV_EXTERN int uv_gettimeofday(struct uv_timeval64_t *tv);

/** Makes the calling thread sleep for `msec` milliseconds. A signal does not cut the sleep short. Thread-safe. */
UV_EXTERN void uv_sleep(unsigned int msec);

/**
 * Creates a pipe that children do not inherit: `fds[0]` is to read from, `fds[1]` to write to. With `UV_NONBLOCK_PIPE` in
 * `read_flags` or `write_flags` that end is non-blocking. Returns 0 or an error; `fds` is left alone then. Thread-safe.
 */
UV_EXTERN int uv_pipe(uv_file *fds, int read_flags, int write_flags);

/**
 * Creates two connected unix domain sockets of the given `type` and `protocol` that children do not inherit. With
 * `UV_NONBLOCK_PIPE` in `flags0` or `flags1` that socket is non-blocking. Returns 0 or an error; `socket_vector` is left
 * alone then. Thread-safe.
 */
UV_EXTERN int uv_socketpair(int type,
                            int protocol,
                            uv_os_sock_t *socket_vector,
                            int flags0,
                            int flags1);

/**
 * The sentence for an error, such as "address already in use". An error the table does not know gives
 * "Unknown system error N"; the first 256 such numbers keep their string for good, the string of a later one is
 * good until the calling thread has asked for eight more or ends.
 *
 * Thread-safe.
 */
UV_EXTERN const char *uv_strerror(int err);

/**
 * Writes the sentence for an error to `buf`, cut to `buflen - 1` bytes and ended by a NUL, and returns `buf`.
 * Nothing is written if `buflen` is 0.
 *
 * Thread-safe.
 */
UV_EXTERN char *uv_strerror_r(int err, char *buf, size_t buflen);

/**
 * The name of an error, such as "EADDRINUSE". An error the table does not know gives "Unknown system error N",
 * which lasts as long as `uv_strerror`'s.
 *
 * Thread-safe.
 */
UV_EXTERN const char *uv_err_name(int err);

/**
 * Writes the name of an error to `buf`, cut to `buflen - 1` bytes and ended by a NUL, and returns `buf`.
 * Nothing is written if `buflen` is 0.
 *
 * Thread-safe.
 */
UV_EXTERN char *uv_err_name_r(int err, char *buf, size_t buflen);

/**
 * The library's number for an `errno` of the system. A number that is already the library's (not positive) is given
 * back.
 *
 * Thread-safe.
 */
UV_EXTERN int uv_translate_sys_error(int sys_errno);

/**
 * Makes an IPv4 socket address from text such as "127.0.0.1" and a port in host order. Family and port are set even
 * if the text is wrong; all other bytes become 0.
 *
 * Thread-safe. Returns 0, or `UV_EINVAL` if `ip` is not four decimal numbers up to 255 without leading zeros.
 */
UV_EXTERN int uv_ip4_addr(const char *ip, int port, struct sockaddr_in *addr);

/**
 * Makes an IPv6 socket address from text such as "fe80::1%eth0" and a port in host order. What follows a "%" names the
 * interface for the scope id; the scope id is 0 if there is no such interface. Family, port and scope id are set even
 * if the text is wrong; all other bytes become 0.
 *
 * Thread-safe. Returns 0, or `UV_EINVAL` if `ip` is no IPv6 address.
 */
UV_EXTERN int uv_ip6_addr(const char *ip, int port, struct sockaddr_in6 *addr);

/**
 * Writes the address of an IPv4 socket address, without its port, as text to `dst`, `size` bytes long.
 *
 * Thread-safe. Returns 0, or `UV_ENOSPC` if `dst` is too short; then `dst` is left alone.
 */
UV_EXTERN int uv_ip4_name(const struct sockaddr_in *src, char *dst, size_t size);

/**
 * Writes the address of an IPv6 socket address, without port and scope, as text to `dst`, `size` bytes long.
 *
 * Thread-safe. Returns 0, or `UV_ENOSPC` if `dst` is too short; then `dst` is left alone.
 */
UV_EXTERN int uv_ip6_name(const struct sockaddr_in6 *src, char *dst, size_t size);

/**
 * Writes the address of an IPv4 or IPv6 socket address as text to `dst`, `size` bytes long.
 *
 * Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_ENOSPC` if `dst` is too short; then `dst` is
 * left alone.
 */
UV_EXTERN int uv_ip_name(const struct sockaddr *src, char *dst, size_t size);

/**
 * Writes a binary address (4 bytes for `AF_INET`, 16 for `AF_INET6`, in network order) as text to `dst`, `size` bytes
 * long.
 *
 * Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_ENOSPC` if `dst` is too short; then `dst` is
 * left alone.
 */
UV_EXTERN int uv_inet_ntop(int af, const void *src, char *dst, size_t size);

/**
 * Turns text into a binary address in network order: 4 bytes for `AF_INET`, 16 for `AF_INET6`. With `AF_INET6` a "%"
 * and what follows it are skipped. `dst` is left alone on failure.
 *
 * Thread-safe. Returns 0, `UV_EAFNOSUPPORT` for another family, or `UV_EINVAL` if the text is wrong or a pointer is
 * NULL.
 */
UV_EXTERN int uv_inet_pton(int af, const char *src, void *dst);

/**
 * The version whose interface this is, as `major << 16 | minor << 8 | patch`.
 *
 * Thread-safe.
 */
UV_EXTERN unsigned int uv_version(void);

/**
 * The version whose interface this is, as "major.minor.patch".
 *
 * Thread-safe.
 */
UV_EXTERN const char *uv_version_string(void);

/**
 * How many bytes `utf16_len` units take as WTF-8, without a NUL. With a negative `utf16_len` the units end at a zero.
 *
 * Thread-safe.
 */
UV_EXTERN size_t uv_utf16_length_as_wtf8(const uint16_t *utf16, ssize_t utf16_len);

/**
 * Turns `utf16_len` units into WTF-8, ended by a NUL. With a negative `utf16_len` the units end at a zero.
 *
 * If `wtf8_ptr` is NULL, only the length (without the NUL) is stored in `*wtf8_len_ptr`. If `*wtf8_ptr` is NULL, it
 * becomes memory from `malloc` (or its replacement), which the caller frees. Otherwise `*wtf8_ptr` has room for
 * `*wtf8_len_ptr` bytes and one more for the NUL. In each case `*wtf8_len_ptr` becomes the length of the whole result
 * without the NUL; only when the function allocates or counts may `wtf8_len_ptr` be NULL.
 *
 * Thread-safe. Returns 0, `UV_ENOMEM`, or `UV_ENOBUFS` if the result was cut.
 */
UV_EXTERN int uv_utf16_to_wtf8(const uint16_t *utf16,
                               ssize_t utf16_len,
                               char **wtf8_ptr,
                               size_t *wtf8_len_ptr);

/**
 * How many 16-bit units a WTF-8 string takes as UTF-16, its terminating zero included; or `UV_EINVAL` if it is not
 * WTF-8.
 *
 * Thread-safe.
 */
UV_EXTERN ssize_t uv_wtf8_length_as_utf16(const char *wtf8);

/**
 * Turns a WTF-8 string into at most `utf16_len` units of UTF-16, the terminating zero included. The right
 * `utf16_len` is what `uv_wtf8_length_as_utf16` gives; with less, or where the string is not WTF-8, the result ends
 * early.
 *
 * Thread-safe.
 */
UV_EXTERN void uv_wtf8_to_utf16(const char *wtf8, uint16_t *utf16, size_t utf16_len);

/**
 * Initialises a loop in the caller's memory; `loop->data` is kept.
 * `UV_ENOMEM`, `UV_EMFILE` or another `UV_E…` if the system has no room for one. Not thread-safe for one loop.
 */
UV_EXTERN int uv_loop_init(uv_loop_t *loop);

/**
 * Gives back what the loop owns. `UV_EBUSY` while it has open handles or requests under way, and for a closed loop. A callback
 * may close the loop that calls it, if the handle or request was the last one: `uv_run` then returns 0 and touches the loop's
 * memory no more.
 */
UV_EXTERN int uv_loop_close(uv_loop_t *loop);

/** Allocates and initialises a loop; NULL on failure. `uv_loop_delete` takes it back. */
UV_EXTERN uv_loop_t *uv_loop_new(void);

/** Closes a loop that `uv_loop_new` made, and frees it. The default loop is only closed. */
UV_EXTERN void uv_loop_delete(uv_loop_t *loop);

/**
 * The process's default loop, initialised at the first call; NULL if that fails. After `uv_loop_close` on it, the next
 * call initialises it anew. Not thread-safe.
 */
UV_EXTERN uv_loop_t *uv_default_loop(void);

/**
 * Runs the loop. `UV_RUN_DEFAULT`: until nothing keeps it alive or `uv_stop` is called. `UV_RUN_ONCE`: one turn, sleeping
 * if nothing is ready. `UV_RUN_NOWAIT`: one turn without sleeping.
 * Returns non-zero if something still keeps the loop alive. Not reentrant.
 */
UV_EXTERN int uv_run(uv_loop_t *loop, uv_run_mode mode);

/**
 * Makes `uv_run` return soon: before the next sleep. Called before `uv_run`, it makes that return without a turn. Not
 * thread-safe.
 */
UV_EXTERN void uv_stop(uv_loop_t *loop);

/** Non-zero if active and referenced handles, requests or closing handles keep the loop alive. Any thread may ask. */
UV_EXTERN int uv_loop_alive(const uv_loop_t *loop);

/**
 * Makes a loop usable in a forked child; call it there before anything else on the loop.
 * `UV_ENOMEM` or another `UV_E…` if new descriptors cannot be had.
 */
UV_EXTERN int uv_loop_fork(uv_loop_t *loop);

/**
 * A descriptor that polls readable when the loop has something to do; for embedding it in another loop, together with
 * `uv_backend_timeout` and `uv_run(loop, UV_RUN_NOWAIT)`. An epoll descriptor, the same for the loop's whole life; -1 for a closed
 * loop. Any thread may ask.
 */
UV_EXTERN int uv_backend_fd(const uv_loop_t *loop);

/** Milliseconds that a poll of `uv_backend_fd` may last: 0 not to wait, -1 for as long as it takes. Any thread may ask. */
UV_EXTERN int uv_backend_timeout(const uv_loop_t *loop);

/** The loop's time in milliseconds, from an arbitrary start; cached at the start of a turn and after sleeping. */
UV_EXTERN uint64_t uv_now(const uv_loop_t *loop);

/** Updates the cached time, for callbacks that take long. */
UV_EXTERN void uv_update_time(uv_loop_t *loop);

/** Fills `metrics` with the loop's counters. Returns 0. */
UV_EXTERN int uv_metrics_info(uv_loop_t *loop, uv_metrics_t *metrics);

/** Nanoseconds that the loop has spent asleep since `UV_METRICS_IDLE_TIME` was set; 0 if it was not. Thread-safe. */
UV_EXTERN uint64_t uv_metrics_idle_time(uv_loop_t *loop);

/**
 * Gives back what the library holds for the whole process: threads of the pool, copies of names. Runs by itself when the
 * library is unloaded or the process exits; calling it again does nothing. No function of the library may run at the same time.
 */
UV_EXTERN void uv_library_shutdown(void);

/**
 * Starts closing a handle: it stops at once, its descriptor is closed, its pending requests end with `UV_ECANCELED`, and
 * `close_cb`, which may be NULL, is called in the closing phase of the loop. Only then may the memory be freed or reused.
 * Not thread-safe. Closing a handle twice is a mistake of the program and ends it.
 */
UV_EXTERN void uv_close(uv_handle_t *handle, uv_close_cb close_cb);

/**
 * Cancels a request that has not started: its callback is called with `UV_ECANCELED`, in a later turn of the loop.
 * Works for file, name lookup, random and work requests, and for queued writes.
 *
 * Returns 0, `UV_EBUSY` if the request runs or is done, `UV_EINVAL` for other types. Not thread-safe.
 */
UV_EXTERN int uv_cancel(uv_req_t *req);

/** Gives the descriptor of a TCP, pipe, tty, UDP or poll handle. `UV_EINVAL` for other types, `UV_EBADF` if there is none. */
UV_EXTERN int uv_fileno(const uv_handle_t *handle, uv_os_fd_t *fd);

/** Calls `walk_cb` with each handle of the loop and `arg`. The callback may close handles. */
UV_EXTERN void uv_walk(uv_loop_t *loop, uv_walk_cb walk_cb, void *arg);

/** Writes a line for each handle of the loop to `stream`, stderr if NULL: flags, type, address. NULL for the default loop. */
UV_EXTERN void uv_print_all_handles(uv_loop_t *loop, FILE *stream);

/** The same for active handles only. */
UV_EXTERN void uv_print_active_handles(uv_loop_t *loop, FILE *stream);

/* Room for any handle, and for any request. */
#define XX(uc, lc) uv_##lc##_t lc;
union uv_any_handle {
  UV_HANDLE_TYPE_MAP(XX)
};

union uv_any_req {
  UV_REQ_TYPE_MAP(XX)
};
#undef XX

/**
 * Sets an option of a loop; call it before the loop first runs. Not thread-safe.
 *
 * `UV_LOOP_BLOCK_SIGNAL` takes the signal as a further argument; only `SIGPROF` is known. The other
 * options take none.
 *
 * Returns 0, `UV_ENOSYS` for an unknown option, or `UV_EINVAL` for an unknown signal.
 */
UV_EXTERN int uv_loop_configure(uv_loop_t *loop, uv_loop_option option, ...);

#ifdef __cplusplus
/* The mode was an int once, and C++ does not turn an int into an enum. */
UV_EXTERN int uv_tty_set_mode(uv_tty_t *tty, uv_tty_mode_t mode);
extern "C++" {
inline int uv_tty_set_mode(uv_tty_t *tty, int mode) {
  return uv_tty_set_mode(tty, static_cast<uv_tty_mode_t>(mode));
}
}

} /* extern "C" */
#endif

#undef UV__ERR

#endif /* UV_H */
