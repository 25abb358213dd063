//! The handles as C sees them: every field of libuv 1.53.0, at its place. Shapes only.
//!
//! Each field is a `Cell`, so that a shared reference to a handle never forbids C to write to it, and padding is
//! explicit, so that no byte of the struct lies outside a cell. Behaviour lives in `model/handle.rs` and `handles/`.

use std::cell::Cell;

use libc::{c_char, c_int, c_uint, c_void, termios};

use super::*;

/// Base of all handles; every handle begins with these fields.
#[repr(C)]
pub struct uv_handle_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
}

/// See [`uv_handle_s`].
pub type uv_handle_t = uv_handle_s;

/// A stream: the base of `uv_tcp_t`, `uv_pipe_t` and `uv_tty_t`.
#[repr(C)]
pub struct uv_stream_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Bytes that `uv_write` took and the kernel has not accepted yet.
    pub write_queue_size: Cell<usize>,
    /// Allocation callback given to `uv_read_start`.
    pub alloc_cb: Cell<uv_alloc_cb>,
    /// Read callback given to `uv_read_start`.
    pub read_cb: Cell<uv_read_cb>,
    /// The connect request under way, or NULL.
    pub connect_req: Cell<*mut uv_connect_t>,
    /// The shutdown request under way, or NULL.
    pub shutdown_req: Cell<*mut uv_shutdown_t>,
    /// What the stream wants from, and has at, the driver.
    pub io_watcher: uv__io_t,
    /// Write requests not yet written, in order.
    pub write_queue: uv__queue,
    /// Write requests written, awaiting their callbacks.
    pub write_completed_queue: uv__queue,
    /// Given to `uv_listen`.
    pub connection_cb: Cell<uv_connection_cb>,
    /// An error of bind or connect that is reported later.
    pub delayed_error: Cell<c_int>,
    /// A connection taken from the kernel that `uv_accept` has not claimed, or -1.
    pub accepted_fd: Cell<c_int>,
    /// Further descriptors received over an IPC pipe.
    pub queued_fds: Cell<*mut c_void>,
}

/// See [`uv_stream_s`].
pub type uv_stream_t = uv_stream_s;

/// A TCP stream or listening socket.
#[repr(C)]
pub struct uv_tcp_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Bytes that `uv_write` took and the kernel has not accepted yet.
    pub write_queue_size: Cell<usize>,
    /// Allocation callback given to `uv_read_start`.
    pub alloc_cb: Cell<uv_alloc_cb>,
    /// Read callback given to `uv_read_start`.
    pub read_cb: Cell<uv_read_cb>,
    /// The connect request under way, or NULL.
    pub connect_req: Cell<*mut uv_connect_t>,
    /// The shutdown request under way, or NULL.
    pub shutdown_req: Cell<*mut uv_shutdown_t>,
    /// What the stream wants from, and has at, the driver.
    pub io_watcher: uv__io_t,
    /// Write requests not yet written, in order.
    pub write_queue: uv__queue,
    /// Write requests written, awaiting their callbacks.
    pub write_completed_queue: uv__queue,
    /// Given to `uv_listen`.
    pub connection_cb: Cell<uv_connection_cb>,
    /// An error of bind or connect that is reported later.
    pub delayed_error: Cell<c_int>,
    /// A connection taken from the kernel that `uv_accept` has not claimed, or -1.
    pub accepted_fd: Cell<c_int>,
    /// Further descriptors received over an IPC pipe.
    pub queued_fds: Cell<*mut c_void>,
}

/// See [`uv_tcp_s`].
pub type uv_tcp_t = uv_tcp_s;

/// A unix domain socket or a pipe.
#[repr(C)]
pub struct uv_pipe_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Bytes that `uv_write` took and the kernel has not accepted yet.
    pub write_queue_size: Cell<usize>,
    /// Allocation callback given to `uv_read_start`.
    pub alloc_cb: Cell<uv_alloc_cb>,
    /// Read callback given to `uv_read_start`.
    pub read_cb: Cell<uv_read_cb>,
    /// The connect request under way, or NULL.
    pub connect_req: Cell<*mut uv_connect_t>,
    /// The shutdown request under way, or NULL.
    pub shutdown_req: Cell<*mut uv_shutdown_t>,
    /// What the stream wants from, and has at, the driver.
    pub io_watcher: uv__io_t,
    /// Write requests not yet written, in order.
    pub write_queue: uv__queue,
    /// Write requests written, awaiting their callbacks.
    pub write_completed_queue: uv__queue,
    /// Given to `uv_listen`.
    pub connection_cb: Cell<uv_connection_cb>,
    /// An error of bind or connect that is reported later.
    pub delayed_error: Cell<c_int>,
    /// A connection taken from the kernel that `uv_accept` has not claimed, or -1.
    pub accepted_fd: Cell<c_int>,
    /// Further descriptors received over an IPC pipe.
    pub queued_fds: Cell<*mut c_void>,
    /// Non-zero if handles may be passed over this pipe.
    pub ipc: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
    /// The bound name, owned by the library, or NULL.
    pub pipe_fname: Cell<*const c_char>,
}

/// See [`uv_pipe_s`].
pub type uv_pipe_t = uv_pipe_s;

/// A terminal.
#[repr(C)]
pub struct uv_tty_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Bytes that `uv_write` took and the kernel has not accepted yet.
    pub write_queue_size: Cell<usize>,
    /// Allocation callback given to `uv_read_start`.
    pub alloc_cb: Cell<uv_alloc_cb>,
    /// Read callback given to `uv_read_start`.
    pub read_cb: Cell<uv_read_cb>,
    /// The connect request under way, or NULL.
    pub connect_req: Cell<*mut uv_connect_t>,
    /// The shutdown request under way, or NULL.
    pub shutdown_req: Cell<*mut uv_shutdown_t>,
    /// What the stream wants from, and has at, the driver.
    pub io_watcher: uv__io_t,
    /// Write requests not yet written, in order.
    pub write_queue: uv__queue,
    /// Write requests written, awaiting their callbacks.
    pub write_completed_queue: uv__queue,
    /// Given to `uv_listen`.
    pub connection_cb: Cell<uv_connection_cb>,
    /// An error of bind or connect that is reported later.
    pub delayed_error: Cell<c_int>,
    /// A connection taken from the kernel that `uv_accept` has not claimed, or -1.
    pub accepted_fd: Cell<c_int>,
    /// Further descriptors received over an IPC pipe.
    pub queued_fds: Cell<*mut c_void>,
    /// Terminal attributes as found.
    pub orig_termios: Cell<termios>,
    /// The mode that is set.
    pub mode: Cell<c_int>,
}

/// See [`uv_tty_s`].
pub type uv_tty_t = uv_tty_s;

/// A UDP socket.
#[repr(C)]
pub struct uv_udp_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Bytes queued for sending.
    pub send_queue_size: Cell<usize>,
    /// Send requests queued.
    pub send_queue_count: Cell<usize>,
    /// Given to `uv_udp_recv_start`.
    pub alloc_cb: Cell<uv_alloc_cb>,
    /// Given to `uv_udp_recv_start`.
    pub recv_cb: Cell<uv_udp_recv_cb>,
    /// What the socket wants from, and has at, the driver.
    pub io_watcher: uv__io_t,
    /// Send requests not yet sent, in order.
    pub write_queue: uv__queue,
    /// Send requests sent, awaiting their callbacks.
    pub write_completed_queue: uv__queue,
}

/// See [`uv_udp_s`].
pub type uv_udp_t = uv_udp_s;

/// Readiness of a descriptor that the user owns.
#[repr(C)]
pub struct uv_poll_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_poll_start`.
    pub poll_cb: Cell<uv_poll_cb>,
    /// What is polled.
    pub io_watcher: uv__io_t,
}

/// See [`uv_poll_s`].
pub type uv_poll_t = uv_poll_s;

/// A timer.
#[repr(C)]
pub struct uv_timer_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_timer_start`.
    pub timer_cb: Cell<uv_timer_cb>,
    /// Place in the loop's timer heap.
    pub node: Cell<uv__timer_node>,
    /// Loop time in milliseconds at which the timer is due.
    pub timeout: Cell<u64>,
    /// Repeat interval in milliseconds, or 0.
    pub repeat: Cell<u64>,
    /// Order of starting, to break ties.
    pub start_id: Cell<u64>,
}

/// See [`uv_timer_s`].
pub type uv_timer_t = uv_timer_s;

/// Wakes a loop from any thread.
#[repr(C)]
pub struct uv_async_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_async_init`.
    pub async_cb: Cell<uv_async_cb>,
    /// Link in `loop->async_handles`.
    pub queue: uv__queue,
    /// Non-zero from a send until its callback.
    pub pending: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
}

/// See [`uv_async_s`].
pub type uv_async_t = uv_async_s;

/// A child process.
#[repr(C)]
pub struct uv_process_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Called once when the child has exited; programs replace it.
    pub exit_cb: Cell<uv_exit_cb>,
    /// Process id of the child.
    pub pid: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
    /// Link in `loop->process_handles`.
    pub queue: uv__queue,
    /// Wait status of the exited child.
    pub status: Cell<c_int>,
    pub(crate) _pad3: Cell<c_uint>,
}

/// See [`uv_process_s`].
pub type uv_process_t = uv_process_s;

/// Watches a signal.
#[repr(C)]
pub struct uv_signal_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_signal_start`.
    pub signal_cb: Cell<uv_signal_cb>,
    /// The signal watched, or 0.
    pub signum: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
    /// Private to the library.
    pub tree_entry: Cell<uv__signal_tree_entry>,
    /// Signals caught by the handler.
    pub caught_signals: Cell<c_uint>,
    /// Signals delivered to the callback.
    pub dispatched_signals: Cell<c_uint>,
}

/// See [`uv_signal_s`].
pub type uv_signal_t = uv_signal_s;

/// Watches a file or directory for changes.
#[repr(C)]
pub struct uv_fs_event_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// The watched path, owned by the library, or NULL.
    pub path: Cell<*mut c_char>,
    /// Given to `uv_fs_event_start`.
    pub cb: Cell<uv_fs_event_cb>,
    /// Link among the watchers of one inotify descriptor.
    pub watchers: uv__queue,
    /// inotify watch descriptor, or -1.
    pub wd: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
}

/// See [`uv_fs_event_s`].
pub type uv_fs_event_t = uv_fs_event_s;

/// Watches a path by regular stat calls.
#[repr(C)]
pub struct uv_fs_poll_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Private to the library.
    pub poll_ctx: Cell<*mut c_void>,
}

/// See [`uv_fs_poll_s`].
pub type uv_fs_poll_t = uv_fs_poll_s;

/// Runs before each poll phase.
#[repr(C)]
pub struct uv_prepare_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_prepare_start`.
    pub prepare_cb: Cell<uv_prepare_cb>,
    /// Link in `loop->prepare_handles`.
    pub queue: uv__queue,
}

/// See [`uv_prepare_s`].
pub type uv_prepare_t = uv_prepare_s;

/// Runs after each poll phase.
#[repr(C)]
pub struct uv_check_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_check_start`.
    pub check_cb: Cell<uv_check_cb>,
    /// Link in `loop->check_handles`.
    pub queue: uv__queue,
}

/// See [`uv_check_s`].
pub type uv_check_t = uv_check_s;

/// Runs in each turn, and keeps the loop from sleeping.
#[repr(C)]
pub struct uv_idle_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop the handle belongs to. Read-only for users.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// One of the `UV_*` handle types. Read-only for users.
    pub r#type: Cell<uv_handle_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Called in the closing phase after `uv_close`.
    pub close_cb: Cell<uv_close_cb>,
    /// Link in `loop->handle_queue`.
    pub handle_queue: uv__queue,
    /// Four words reserved for the library.
    pub u: Cell<uv__handle_u>,
    /// Next handle in `loop->closing_handles`.
    pub next_closing: Cell<*mut uv_handle_t>,
    /// `UV_HANDLE_*` bits; programs copy and test them.
    pub flags: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Given to `uv_idle_start`.
    pub idle_cb: Cell<uv_idle_cb>,
    /// Link in `loop->idle_handles`.
    pub queue: uv__queue,
}

/// See [`uv_idle_s`].
pub type uv_idle_t = uv_idle_s;
