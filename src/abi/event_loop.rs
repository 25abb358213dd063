//! The loop as C sees it. Shape only; behaviour lives in the crate's `event_loop.rs`.
//!
//! What is embedded is named by its struct, not its alias: cbindgen then writes the struct first.

use std::cell::{Cell, UnsafeCell};

use libc::{c_int, c_uint, c_ulong, c_void};

use super::*;

/// An event loop.
#[repr(C)]
pub struct uv_loop_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// Handles that are active and referenced.
    pub active_handles: Cell<c_uint>,
    pub(crate) _pad0: Cell<c_uint>,
    /// All handles of the loop.
    pub handle_queue: uv__queue,
    /// How many requests are under way.
    pub active_reqs: Cell<uv__active_reqs>,
    /// The loop's state in Rust.
    pub internal_fields: Cell<*mut c_void>,
    /// Non-zero once `uv_stop` was called; programs write it too.
    pub stop_flag: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// Private to the library.
    pub flags: Cell<c_ulong>,
    /// The descriptor that `uv_backend_fd` gives.
    pub backend_fd: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
    /// Watchers whose callback waits for the pending phase.
    pub pending_queue: uv__queue,
    /// Watchers whose wish differs from what the driver has.
    pub watcher_queue: uv__queue,
    /// Active watchers by descriptor.
    pub watchers: Cell<*mut *mut uv__io_t>,
    /// Length of `watchers`.
    pub nwatchers: Cell<c_uint>,
    /// How many descriptors are watched.
    pub nfds: Cell<c_uint>,
    /// Finished thread pool jobs.
    pub wq: uv__queue,
    /// Guards `wq`.
    pub wq_mutex: UnsafeCell<uv_mutex_t>,
    /// Kept for its size.
    pub wq_async: uv_async_s,
    /// Kept for its size.
    pub cloexec_lock: UnsafeCell<uv_rwlock_t>,
    /// Handles to finish in the closing phase.
    pub closing_handles: Cell<*mut uv_handle_t>,
    /// Children that are running.
    pub process_handles: uv__queue,
    /// Active prepare handles.
    pub prepare_handles: uv__queue,
    /// Active check handles.
    pub check_handles: uv__queue,
    /// Active idle handles.
    pub idle_handles: uv__queue,
    /// Async handles in the order of their initialisation.
    pub async_handles: uv__queue,
    /// Kept for its size.
    pub async_unused: Cell<Option<unsafe extern "C" fn()>>,
    /// The wake-up descriptor.
    pub async_io_watcher: uv__io_t,
    /// Kept for its size.
    pub async_wfd: Cell<c_int>,
    pub(crate) _pad3: Cell<c_uint>,
    /// Private to the library.
    pub timer_heap: Cell<uv__timer_heap>,
    /// Number of timers started.
    pub timer_counter: Cell<u64>,
    /// Loop time in milliseconds, cached for the turn.
    pub time: Cell<u64>,
    /// Where the signal handler leaves its messages.
    pub signal_pipefd: Cell<[c_int; 2]>,
    /// Watches `signal_pipefd[0]`.
    pub signal_io_watcher: uv__io_t,
    /// Watches SIGCHLD where it has to be.
    pub child_watcher: uv_signal_s,
    /// A spare descriptor, given up when the process has no more.
    pub emfile_fd: Cell<c_int>,
    pub(crate) _pad4: Cell<c_uint>,
    /// Watches `inotify_fd`.
    pub inotify_read_watcher: uv__io_t,
    /// The inotify watches of the loop.
    pub inotify_watchers: Cell<*mut c_void>,
    /// The inotify descriptor, or -1.
    pub inotify_fd: Cell<c_int>,
    pub(crate) _pad5: Cell<c_uint>,
}

/// See [`uv_loop_s`].
pub type uv_loop_t = uv_loop_s;
