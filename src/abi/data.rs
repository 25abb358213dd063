//! Plain values that cross the C boundary: buffers, times, stat results, callbacks, constants.

use std::cell::Cell;

use libc::{
    addrinfo, c_char, c_double, c_int, c_long, c_uint, c_ulong, c_void, sockaddr, sockaddr_in, sockaddr_in6,
    sockaddr_storage,
};

use super::*;

/// A two-word link or head of a circular list (`queue.rs` works on it).
#[repr(C)]
pub struct uv__queue {
    pub(crate) next: Cell<*mut uv__queue>,
    pub(crate) prev: Cell<*mut uv__queue>,
}

/// What a handle wants to hear about its descriptor, and what the driver has been told (`model/io_watcher.rs`).
#[repr(C)]
pub struct uv__io_s {
    /// The key of the poll the driver holds, or 0.
    pub(crate) bits: Cell<usize>,
    /// Link in `loop->pending_queue`.
    pub(crate) pending_queue: uv__queue,
    /// Link in `loop->watcher_queue`.
    pub(crate) watcher_queue: uv__queue,
    /// Events wanted (`POLL*`).
    pub(crate) pevents: Cell<c_uint>,
    /// Events the driver has been asked for.
    pub(crate) events: Cell<c_uint>,
    /// The descriptor, or -1. Programs read it.
    pub fd: Cell<c_int>,
    /// Which kind of handle this watcher is part of (`io::Part`).
    pub(crate) part: Cell<c_uint>,
}

/// See [`uv__io_s`].
pub type uv__io_t = uv__io_s;

/// A job of the thread pool, embedded in requests.
#[repr(C)]
pub struct uv__work {
    pub(crate) work: Cell<Option<unsafe extern "C" fn(*mut uv__work)>>,
    pub(crate) done: Cell<Option<unsafe extern "C" fn(*mut uv__work, c_int)>>,
    pub(crate) r#loop: Cell<*mut uv_loop_t>,
    pub(crate) wq: uv__queue,
}

/// The four reserved words of a handle.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__handle_u {
    /// Unused on Linux.
    pub fd: c_int,
    /// Reserved for the library.
    pub reserved: [*mut c_void; 4],
}

/// The last reserved word of a request.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv__req_write_extra_s {
    /// Bytes written so far (`uv_write_nwritten`).
    pub nwritten: usize,
}

/// The place of a timer in the heap.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv__timer_node {
    /// Private to the library.
    pub heap: [*mut c_void; 3],
}

/// Private to the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv__timer_heap {
    /// Private to the library.
    pub min: *mut c_void,
    /// Private to the library.
    pub nelts: c_uint,
    pub(crate) _pad: c_uint,
}

/// Private to the library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv__signal_tree_entry {
    /// Private to the library.
    pub rbe_left: *mut uv_signal_t,
    /// Private to the library.
    pub rbe_right: *mut uv_signal_t,
    /// Private to the library.
    pub rbe_parent: *mut uv_signal_t,
    /// Private to the library.
    pub rbe_color: c_int,
    pub(crate) _pad: c_uint,
}

/// Where a datagram goes.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__udp_addr {
    /// Any address.
    pub addr: sockaddr,
    /// Room for the largest.
    pub storage: sockaddr_storage,
}

/// The number of requests under way, as programs read it.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__active_reqs {
    /// Gives the union its size.
    pub unused: *mut c_void,
    /// Requests under way.
    pub count: c_uint,
}

/// A piece of memory; laid out as `struct iovec`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_buf_t {
    /// First byte.
    pub base: *mut c_char,
    /// Length in bytes.
    pub len: usize,
}

/// A file descriptor.
pub type uv_file = c_int;
/// A socket.
pub type uv_os_sock_t = c_int;
/// A file descriptor.
pub type uv_os_fd_t = c_int;
/// A process id.
pub type uv_pid_t = libc::pid_t;
/// A user id.
pub type uv_uid_t = libc::uid_t;
/// A group id.
pub type uv_gid_t = libc::gid_t;
/// See `uv_once`.
pub type uv_once_t = libc::pthread_once_t;
/// A thread.
pub type uv_thread_t = libc::pthread_t;
/// A mutex.
pub type uv_mutex_t = libc::pthread_mutex_t;
/// A read-write lock.
pub type uv_rwlock_t = libc::pthread_rwlock_t;
/// A semaphore.
pub type uv_sem_t = libc::sem_t;
/// A condition variable.
pub type uv_cond_t = libc::pthread_cond_t;
/// A key of thread-local storage.
pub type uv_key_t = libc::pthread_key_t;
/// A barrier.
pub type uv_barrier_t = libc::pthread_barrier_t;

/// Seconds and nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_timespec_t {
    /// Seconds.
    pub tv_sec: c_long,
    /// Nanoseconds.
    pub tv_nsec: c_long,
}

/// Seconds and nanoseconds, with 64-bit seconds everywhere.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_timespec64_t {
    /// Seconds.
    pub tv_sec: i64,
    /// Nanoseconds.
    pub tv_nsec: i32,
}

/// Seconds and microseconds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_timeval_t {
    /// Seconds.
    pub tv_sec: c_long,
    /// Microseconds.
    pub tv_usec: c_long,
}

/// Seconds and microseconds, with 64-bit seconds everywhere.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_timeval64_t {
    /// Seconds.
    pub tv_sec: i64,
    /// Microseconds.
    pub tv_usec: i32,
}

/// What the stat operations give.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_stat_t {
    /// Device that holds the file.
    pub st_dev: u64,
    /// Type and permission bits.
    pub st_mode: u64,
    /// Hard links.
    pub st_nlink: u64,
    /// Owner.
    pub st_uid: u64,
    /// Group.
    pub st_gid: u64,
    /// Device, for device files.
    pub st_rdev: u64,
    /// Inode number.
    pub st_ino: u64,
    /// Size in bytes.
    pub st_size: u64,
    /// Preferred I/O size in bytes.
    pub st_blksize: u64,
    /// Allocated 512-byte blocks.
    pub st_blocks: u64,
    /// Always 0 on Linux.
    pub st_flags: u64,
    /// Always 0 on Linux.
    pub st_gen: u64,
    /// Last access.
    pub st_atim: uv_timespec_t,
    /// Last modification of the content.
    pub st_mtim: uv_timespec_t,
    /// Last change of the inode.
    pub st_ctim: uv_timespec_t,
    /// Creation.
    pub st_birthtim: uv_timespec_t,
}

/// CPU time by use, in milliseconds.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_cpu_times_s {
    /// User mode.
    pub user: u64,
    /// User mode, niced.
    pub nice: u64,
    /// Kernel mode.
    pub sys: u64,
    /// Idle.
    pub idle: u64,
    /// Interrupts.
    pub irq: u64,
}

/// One CPU.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_cpu_info_s {
    /// Model name, owned by the array.
    pub model: *const c_char,
    /// Clock in MHz.
    pub speed: c_int,
    /// Time by use.
    pub cpu_times: uv_cpu_times_s,
}
/// See [`uv_cpu_info_s`].
pub type uv_cpu_info_t = uv_cpu_info_s;

/// An address of either family.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__if_address {
    /// IPv4.
    pub address4: sockaddr_in,
    /// IPv6.
    pub address6: sockaddr_in6,
}

/// A netmask of either family.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__if_netmask {
    /// IPv4.
    pub netmask4: sockaddr_in,
    /// IPv6.
    pub netmask6: sockaddr_in6,
}

/// One address of one network interface.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_interface_address_s {
    /// Interface name.
    pub name: *mut c_char,
    /// Hardware address.
    pub phys_addr: [c_char; 6],
    /// Non-zero for loopback.
    pub is_internal: c_int,
    /// The address.
    pub address: uv__if_address,
    /// Its netmask.
    pub netmask: uv__if_netmask,
}
/// See [`uv_interface_address_s`].
pub type uv_interface_address_t = uv_interface_address_s;

/// An entry of the user database.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_passwd_s {
    /// Login name.
    pub username: *mut c_char,
    /// User id.
    pub uid: c_ulong,
    /// Group id.
    pub gid: c_ulong,
    /// Login shell.
    pub shell: *mut c_char,
    /// Home directory.
    pub homedir: *mut c_char,
}
/// See [`uv_passwd_s`].
pub type uv_passwd_t = uv_passwd_s;

/// An entry of the group database.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_group_s {
    /// Group name.
    pub groupname: *mut c_char,
    /// Group id.
    pub gid: c_ulong,
    /// Names of the members, ended by NULL.
    pub members: *mut *mut c_char,
}
/// See [`uv_group_s`].
pub type uv_group_t = uv_group_s;

/// What the system calls itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_utsname_s {
    /// Operating system.
    pub sysname: [c_char; 256],
    /// Release.
    pub release: [c_char; 256],
    /// Version.
    pub version: [c_char; 256],
    /// Hardware.
    pub machine: [c_char; 256],
}
/// See [`uv_utsname_s`].
pub type uv_utsname_t = uv_utsname_s;

/// What `uv_fs_statfs` gives.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_statfs_s {
    /// Type of file system.
    pub f_type: u64,
    /// Block size in bytes.
    pub f_bsize: u64,
    /// Blocks in all.
    pub f_blocks: u64,
    /// Free blocks.
    pub f_bfree: u64,
    /// Blocks free to ordinary users.
    pub f_bavail: u64,
    /// Inodes in all.
    pub f_files: u64,
    /// Free inodes.
    pub f_ffree: u64,
    /// Fragment size in bytes.
    pub f_frsize: u64,
    /// Unused.
    pub f_spare: [u64; 3],
}
/// See [`uv_statfs_s`].
pub type uv_statfs_t = uv_statfs_s;

/// A directory entry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_dirent_s {
    /// Name, owned by the request or directory.
    pub name: *const c_char,
    /// One of the `UV_DIRENT_*` types.
    pub r#type: uv_dirent_type_t,
}
/// See [`uv_dirent_s`].
pub type uv_dirent_t = uv_dirent_s;

/// An open directory.
#[repr(C)]
pub struct uv_dir_s {
    /// Where `uv_fs_readdir` puts entries; the user's.
    pub dirents: *mut uv_dirent_t,
    /// How many fit.
    pub nentries: usize,
    /// Reserved for the library.
    pub reserved: [*mut c_void; 4],
    /// The open directory stream.
    pub dir: *mut libc::DIR,
}
/// See [`uv_dir_s`].
pub type uv_dir_t = uv_dir_s;

/// Resources used.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uv_rusage_t {
    /// User CPU time.
    pub ru_utime: uv_timeval_t,
    /// System CPU time.
    pub ru_stime: uv_timeval_t,
    /// Maximum resident set size in KiB.
    pub ru_maxrss: u64,
    /// Integral shared memory size.
    pub ru_ixrss: u64,
    /// Integral unshared data size.
    pub ru_idrss: u64,
    /// Integral unshared stack size.
    pub ru_isrss: u64,
    /// Soft page faults.
    pub ru_minflt: u64,
    /// Hard page faults.
    pub ru_majflt: u64,
    /// Swaps.
    pub ru_nswap: u64,
    /// Block input operations.
    pub ru_inblock: u64,
    /// Block output operations.
    pub ru_oublock: u64,
    /// Messages sent.
    pub ru_msgsnd: u64,
    /// Messages received.
    pub ru_msgrcv: u64,
    /// Signals received.
    pub ru_nsignals: u64,
    /// Voluntary context switches.
    pub ru_nvcsw: u64,
    /// Involuntary context switches.
    pub ru_nivcsw: u64,
}

/// An environment variable.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_env_item_s {
    /// Name.
    pub name: *mut c_char,
    /// Value.
    pub value: *mut c_char,
}
/// See [`uv_env_item_s`].
pub type uv_env_item_t = uv_env_item_s;

/// Counters of a loop.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_metrics_s {
    /// Turns of the loop.
    pub loop_count: u64,
    /// Events delivered.
    pub events: u64,
    /// Events that had been waiting when the loop polled.
    pub events_waiting: u64,
    /// Reserved for libuv.
    pub reserved: [*mut u64; 13],
}
/// See [`uv_metrics_s`].
pub type uv_metrics_t = uv_metrics_s;

/// A loaded library.
#[repr(C)]
pub struct uv_lib_t {
    /// What `dlopen` gave.
    pub handle: *mut c_void,
    /// The last error's text, or NULL.
    pub errmsg: *mut c_char,
}

/// What one of a child's descriptors is made from.
#[repr(C)]
#[derive(Clone, Copy)]
pub union uv__stdio_data {
    /// With `UV_CREATE_PIPE` and `UV_INHERIT_STREAM`.
    pub stream: *mut uv_stream_t,
    /// With `UV_INHERIT_FD`.
    pub fd: c_int,
}

/// One of a child's descriptors.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_stdio_container_s {
    /// `uv_stdio_flags`.
    pub flags: uv_stdio_flags,
    /// The stream or descriptor.
    pub data: uv__stdio_data,
}
/// See [`uv_stdio_container_s`].
pub type uv_stdio_container_t = uv_stdio_container_s;

/// What `uv_spawn` starts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_process_options_s {
    /// Called when the child has exited.
    pub exit_cb: uv_exit_cb,
    /// Program to run.
    pub file: *const c_char,
    /// Its arguments, ended by NULL; the first is the program's name.
    pub args: *mut *mut c_char,
    /// Its environment, ended by NULL; NULL for the parent's.
    pub env: *mut *mut c_char,
    /// Its working directory; NULL for the parent's.
    pub cwd: *const c_char,
    /// `uv_process_flags`.
    pub flags: c_uint,
    /// Length of `stdio`.
    pub stdio_count: c_int,
    /// Its descriptors, from 0.
    pub stdio: *mut uv_stdio_container_t,
    /// User id, with `UV_PROCESS_SETUID`.
    pub uid: uv_uid_t,
    /// Group id, with `UV_PROCESS_SETGID`.
    pub gid: uv_gid_t,
}
/// See [`uv_process_options_s`].
pub type uv_process_options_t = uv_process_options_s;

/// Options of `uv_thread_create_ex`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uv_thread_options_s {
    /// `uv_thread_create_flags`.
    pub flags: c_uint,
    /// Stack size in bytes, with `UV_THREAD_HAS_STACK_SIZE`.
    pub stack_size: usize,
}
/// See [`uv_thread_options_s`].
pub type uv_thread_options_t = uv_thread_options_s;

/// See `uv_replace_allocator`.
pub type uv_malloc_func = Option<unsafe extern "C" fn(size: usize) -> *mut c_void>;
/// See `uv_replace_allocator`.
pub type uv_realloc_func = Option<unsafe extern "C" fn(ptr: *mut c_void, size: usize) -> *mut c_void>;
/// See `uv_replace_allocator`.
pub type uv_calloc_func = Option<unsafe extern "C" fn(count: usize, size: usize) -> *mut c_void>;
/// See `uv_replace_allocator`.
pub type uv_free_func = Option<unsafe extern "C" fn(ptr: *mut c_void)>;

/// Asked for the buffer of a read that is about to happen.
pub type uv_alloc_cb =
    Option<unsafe extern "C" fn(handle: *mut uv_handle_t, suggested_size: usize, buf: *mut uv_buf_t)>;
/// Receives what was read: bytes, 0 for nothing, `UV_EOF` or another `UV_E…`.
pub type uv_read_cb = Option<unsafe extern "C" fn(stream: *mut uv_stream_t, nread: isize, buf: *const uv_buf_t)>;
/// See `uv_write`.
pub type uv_write_cb = Option<unsafe extern "C" fn(req: *mut uv_write_t, status: c_int)>;
/// See `uv_tcp_connect`.
pub type uv_connect_cb = Option<unsafe extern "C" fn(req: *mut uv_connect_t, status: c_int)>;
/// See `uv_shutdown`.
pub type uv_shutdown_cb = Option<unsafe extern "C" fn(req: *mut uv_shutdown_t, status: c_int)>;
/// See `uv_listen`.
pub type uv_connection_cb = Option<unsafe extern "C" fn(server: *mut uv_stream_t, status: c_int)>;
/// See `uv_close`.
pub type uv_close_cb = Option<unsafe extern "C" fn(handle: *mut uv_handle_t)>;
/// See `uv_poll_start`.
pub type uv_poll_cb = Option<unsafe extern "C" fn(handle: *mut uv_poll_t, status: c_int, events: c_int)>;
/// See `uv_timer_start`.
pub type uv_timer_cb = Option<unsafe extern "C" fn(handle: *mut uv_timer_t)>;
/// See `uv_async_init`.
pub type uv_async_cb = Option<unsafe extern "C" fn(handle: *mut uv_async_t)>;
/// See `uv_prepare_start`.
pub type uv_prepare_cb = Option<unsafe extern "C" fn(handle: *mut uv_prepare_t)>;
/// See `uv_check_start`.
pub type uv_check_cb = Option<unsafe extern "C" fn(handle: *mut uv_check_t)>;
/// See `uv_idle_start`.
pub type uv_idle_cb = Option<unsafe extern "C" fn(handle: *mut uv_idle_t)>;
/// See `uv_spawn`.
pub type uv_exit_cb = Option<unsafe extern "C" fn(process: *mut uv_process_t, exit_status: i64, term_signal: c_int)>;
/// See `uv_walk`.
pub type uv_walk_cb = Option<unsafe extern "C" fn(handle: *mut uv_handle_t, arg: *mut c_void)>;
/// See `uv_fs_*`.
pub type uv_fs_cb = Option<unsafe extern "C" fn(req: *mut uv_fs_t)>;
/// See `uv_queue_work`.
pub type uv_work_cb = Option<unsafe extern "C" fn(req: *mut uv_work_t)>;
/// See `uv_queue_work`.
pub type uv_after_work_cb = Option<unsafe extern "C" fn(req: *mut uv_work_t, status: c_int)>;
/// See `uv_getaddrinfo`.
pub type uv_getaddrinfo_cb =
    Option<unsafe extern "C" fn(req: *mut uv_getaddrinfo_t, status: c_int, res: *mut addrinfo)>;
/// See `uv_getnameinfo`.
pub type uv_getnameinfo_cb = Option<
    unsafe extern "C" fn(req: *mut uv_getnameinfo_t, status: c_int, hostname: *const c_char, service: *const c_char),
>;
/// See `uv_random`.
pub type uv_random_cb =
    Option<unsafe extern "C" fn(req: *mut uv_random_t, status: c_int, buf: *mut c_void, buflen: usize)>;
/// See `uv_fs_event_start`.
pub type uv_fs_event_cb =
    Option<unsafe extern "C" fn(handle: *mut uv_fs_event_t, filename: *const c_char, events: c_int, status: c_int)>;
/// See `uv_fs_poll_start`.
pub type uv_fs_poll_cb = Option<
    unsafe extern "C" fn(handle: *mut uv_fs_poll_t, status: c_int, prev: *const uv_stat_t, curr: *const uv_stat_t),
>;
/// See `uv_signal_start`.
pub type uv_signal_cb = Option<unsafe extern "C" fn(handle: *mut uv_signal_t, signum: c_int)>;
/// See `uv_udp_send`.
pub type uv_udp_send_cb = Option<unsafe extern "C" fn(req: *mut uv_udp_send_t, status: c_int)>;
/// See `uv_udp_recv_start`.
pub type uv_udp_recv_cb = Option<
    unsafe extern "C" fn(
        handle: *mut uv_udp_t,
        nread: isize,
        buf: *const uv_buf_t,
        addr: *const sockaddr,
        flags: c_uint,
    ),
>;
/// See `uv_thread_create`.
pub type uv_thread_cb = Option<unsafe extern "C" fn(arg: *mut c_void)>;

// The enums of C. Rust takes them as integers: any bit pattern may arrive from C.
/// An `UV_*` handle type.
pub type uv_handle_type = c_uint;
/// An `UV_*` request type.
pub type uv_req_type = c_uint;
/// `UV_RUN_*`.
pub type uv_run_mode = c_uint;
/// `UV_LOOP_*`, `UV_METRICS_IDLE_TIME`.
pub type uv_loop_option = c_uint;
/// `UV_CLOCK_*`.
pub type uv_clock_id = c_uint;
/// `UV_JOIN_GROUP`, `UV_LEAVE_GROUP`.
pub type uv_membership = c_uint;
/// `UV_TTY_MODE_*`.
pub type uv_tty_mode_t = c_uint;
/// `UV_TTY_SUPPORTED`, `UV_TTY_UNSUPPORTED`.
pub type uv_tty_vtermstate_t = c_uint;
/// `UV_DIRENT_*`.
pub type uv_dirent_type_t = c_uint;
/// `UV_FS_*`; `UV_FS_UNKNOWN` is -1, so the C type is signed.
pub type uv_fs_type = c_int;
/// `UV_IGNORE`, `UV_CREATE_PIPE` …
pub type uv_stdio_flags = c_uint;

macro_rules! constants {
    ($($type:ty: $($name:ident = $value:expr),+;)+) => { $($(
        #[allow(dead_code, reason = "the tables are complete whether or not the library reads each value")]
        pub(crate) const $name: $type = $value;
    )+)+ };
}

constants! {
    uv_handle_type: UV_UNKNOWN_HANDLE = 0, UV_ASYNC = 1, UV_CHECK = 2, UV_FS_EVENT = 3, UV_FS_POLL = 4, UV_HANDLE = 5,
        UV_IDLE = 6, UV_NAMED_PIPE = 7, UV_POLL = 8, UV_PREPARE = 9, UV_PROCESS = 10, UV_STREAM = 11, UV_TCP = 12,
        UV_TIMER = 13, UV_TTY = 14, UV_UDP = 15, UV_SIGNAL = 16, UV_FILE = 17, UV_HANDLE_TYPE_MAX = 18;
    uv_req_type: UV_UNKNOWN_REQ = 0, UV_REQ = 1, UV_CONNECT = 2, UV_WRITE = 3, UV_SHUTDOWN = 4, UV_UDP_SEND = 5,
        UV_FS = 6, UV_WORK = 7, UV_GETADDRINFO = 8, UV_GETNAMEINFO = 9, UV_RANDOM = 10, UV_REQ_TYPE_MAX = 11;
    uv_run_mode: UV_RUN_DEFAULT = 0, UV_RUN_ONCE = 1, UV_RUN_NOWAIT = 2;
    uv_loop_option: UV_LOOP_BLOCK_SIGNAL = 0, UV_METRICS_IDLE_TIME = 1, UV_LOOP_USE_IO_URING_SQPOLL = 2;
    uv_clock_id: UV_CLOCK_MONOTONIC = 0, UV_CLOCK_REALTIME = 1;
    uv_membership: UV_LEAVE_GROUP = 0, UV_JOIN_GROUP = 1;
    uv_tty_mode_t: UV_TTY_MODE_NORMAL = 0, UV_TTY_MODE_RAW = 1, UV_TTY_MODE_IO = 2, UV_TTY_MODE_RAW_VT = 3;
    uv_tty_vtermstate_t: UV_TTY_SUPPORTED = 0, UV_TTY_UNSUPPORTED = 1;
    uv_dirent_type_t: UV_DIRENT_UNKNOWN = 0, UV_DIRENT_FILE = 1, UV_DIRENT_DIR = 2, UV_DIRENT_LINK = 3,
        UV_DIRENT_FIFO = 4, UV_DIRENT_SOCKET = 5, UV_DIRENT_CHAR = 6, UV_DIRENT_BLOCK = 7;
    uv_fs_type: UV_FS_UNKNOWN = -1, UV_FS_CUSTOM = 0, UV_FS_OPEN = 1, UV_FS_CLOSE = 2, UV_FS_READ = 3, UV_FS_WRITE = 4,
        UV_FS_SENDFILE = 5, UV_FS_STAT = 6, UV_FS_LSTAT = 7, UV_FS_FSTAT = 8, UV_FS_FTRUNCATE = 9, UV_FS_UTIME = 10,
        UV_FS_FUTIME = 11, UV_FS_ACCESS = 12, UV_FS_CHMOD = 13, UV_FS_FCHMOD = 14, UV_FS_FSYNC = 15,
        UV_FS_FDATASYNC = 16, UV_FS_UNLINK = 17, UV_FS_RMDIR = 18, UV_FS_MKDIR = 19, UV_FS_MKDTEMP = 20,
        UV_FS_RENAME = 21, UV_FS_SCANDIR = 22, UV_FS_LINK = 23, UV_FS_SYMLINK = 24, UV_FS_READLINK = 25,
        UV_FS_CHOWN = 26, UV_FS_FCHOWN = 27, UV_FS_REALPATH = 28, UV_FS_COPYFILE = 29, UV_FS_LCHOWN = 30,
        UV_FS_OPENDIR = 31, UV_FS_READDIR = 32, UV_FS_CLOSEDIR = 33, UV_FS_STATFS = 34, UV_FS_MKSTEMP = 35,
        UV_FS_LUTIME = 36;
    c_uint: UV_TCP_IPV6ONLY = 1, UV_TCP_REUSEPORT = 2,
        UV_UDP_IPV6ONLY = 1, UV_UDP_PARTIAL = 2, UV_UDP_REUSEADDR = 4, UV_UDP_MMSG_CHUNK = 8, UV_UDP_MMSG_FREE = 16,
        UV_UDP_LINUX_RECVERR = 32, UV_UDP_REUSEPORT = 64, UV_UDP_RECVMMSG = 256,
        UV_PIPE_NO_TRUNCATE = 1, UV_THREAD_HAS_STACK_SIZE = 1,
        UV_IGNORE = 0, UV_CREATE_PIPE = 1, UV_INHERIT_FD = 2, UV_INHERIT_STREAM = 4, UV_READABLE_PIPE = 0x10,
        UV_WRITABLE_PIPE = 0x20, UV_NONBLOCK_PIPE = 0x40,
        UV_PROCESS_SETUID = 1, UV_PROCESS_SETGID = 2, UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS = 4,
        UV_PROCESS_DETACHED = 8, UV_PROCESS_WINDOWS_HIDE = 16, UV_PROCESS_WINDOWS_HIDE_CONSOLE = 32,
        UV_PROCESS_WINDOWS_HIDE_GUI = 64, UV_PROCESS_WINDOWS_FILE_PATH_EXACT_NAME = 128,
        UV_FS_EVENT_WATCH_ENTRY = 1, UV_FS_EVENT_STAT = 2, UV_FS_EVENT_RECURSIVE = 4;
    c_int: UV_READABLE = 1, UV_WRITABLE = 2, UV_DISCONNECT = 4, UV_PRIORITIZED = 8, UV_RENAME = 1, UV_CHANGE = 2,
        UV_FS_COPYFILE_EXCL = 1, UV_FS_COPYFILE_FICLONE = 2, UV_FS_COPYFILE_FICLONE_FORCE = 4,
        UV_FS_SYMLINK_DIR = 1, UV_FS_SYMLINK_JUNCTION = 2,
        UV_PRIORITY_LOW = 19, UV_PRIORITY_HIGHEST = -20,
        UV_THREAD_PRIORITY_HIGHEST = 2, UV_THREAD_PRIORITY_ABOVE_NORMAL = 1, UV_THREAD_PRIORITY_NORMAL = 0,
        UV_THREAD_PRIORITY_BELOW_NORMAL = -1, UV_THREAD_PRIORITY_LOWEST = -2;
    c_double: UV_FS_UTIME_NOW = f64::INFINITY;
}
