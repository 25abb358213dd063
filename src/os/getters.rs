//! What bindings ask instead of reading structs: sizes, type names, fields.
//!
//! Argument for the unsafe code: each function takes a pointer to a live object of the type it names (laws 1 and 2) and
//! reads or writes one cell of it.

use std::mem::size_of;

use libc::{c_char, c_int, c_uint, c_void};

use crate::abi::*;

/// A `uv_buf_t` of `len` bytes at `base`.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_buf_init(base: *mut c_char, len: c_uint) -> uv_buf_t {
    uv_buf_t { base, len: len as usize }
}

/// Size of `uv_loop_t` in bytes.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_size() -> usize {
    size_of::<uv_loop_t>()
}

/// Size in bytes of the struct for a handle type, or `(size_t) -1` if there is none.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_size(r#type: uv_handle_type) -> usize {
    match r#type {
        UV_ASYNC => size_of::<uv_async_t>(),
        UV_CHECK => size_of::<uv_check_t>(),
        UV_FS_EVENT => size_of::<uv_fs_event_t>(),
        UV_FS_POLL => size_of::<uv_fs_poll_t>(),
        UV_HANDLE => size_of::<uv_handle_t>(),
        UV_IDLE => size_of::<uv_idle_t>(),
        UV_NAMED_PIPE => size_of::<uv_pipe_t>(),
        UV_POLL => size_of::<uv_poll_t>(),
        UV_PREPARE => size_of::<uv_prepare_t>(),
        UV_PROCESS => size_of::<uv_process_t>(),
        UV_STREAM => size_of::<uv_stream_t>(),
        UV_TCP => size_of::<uv_tcp_t>(),
        UV_TIMER => size_of::<uv_timer_t>(),
        UV_TTY => size_of::<uv_tty_t>(),
        UV_UDP => size_of::<uv_udp_t>(),
        UV_SIGNAL => size_of::<uv_signal_t>(),
        _ => usize::MAX,
    }
}

/// Size in bytes of the struct for a request type, or `(size_t) -1` if there is none.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_req_size(r#type: uv_req_type) -> usize {
    match r#type {
        UV_REQ => size_of::<uv_req_t>(),
        UV_CONNECT => size_of::<uv_connect_t>(),
        UV_WRITE => size_of::<uv_write_t>(),
        UV_SHUTDOWN => size_of::<uv_shutdown_t>(),
        UV_UDP_SEND => size_of::<uv_udp_send_t>(),
        UV_FS => size_of::<uv_fs_t>(),
        UV_WORK => size_of::<uv_work_t>(),
        UV_GETADDRINFO => size_of::<uv_getaddrinfo_t>(),
        UV_GETNAMEINFO => size_of::<uv_getnameinfo_t>(),
        UV_RANDOM => size_of::<uv_random_t>(),
        _ => usize::MAX,
    }
}

/// The name of a handle type, such as "tcp", or NULL if there is no such type. The string is static.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_type_name(r#type: uv_handle_type) -> *const c_char {
    let name = match r#type {
        UV_ASYNC => c"async",
        UV_CHECK => c"check",
        UV_FS_EVENT => c"fs_event",
        UV_FS_POLL => c"fs_poll",
        UV_HANDLE => c"handle",
        UV_IDLE => c"idle",
        UV_NAMED_PIPE => c"pipe",
        UV_POLL => c"poll",
        UV_PREPARE => c"prepare",
        UV_PROCESS => c"process",
        UV_STREAM => c"stream",
        UV_TCP => c"tcp",
        UV_TIMER => c"timer",
        UV_TTY => c"tty",
        UV_UDP => c"udp",
        UV_SIGNAL => c"signal",
        UV_FILE => c"file",
        _ => return std::ptr::null(),
    };
    name.as_ptr()
}

/// The name of a request type, such as "write", or NULL if there is no such type. The string is static.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_req_type_name(r#type: uv_req_type) -> *const c_char {
    let name = match r#type {
        UV_REQ => c"req",
        UV_CONNECT => c"connect",
        UV_WRITE => c"write",
        UV_SHUTDOWN => c"shutdown",
        UV_UDP_SEND => c"udp_send",
        UV_FS => c"fs",
        UV_WORK => c"work",
        UV_GETADDRINFO => c"getaddrinfo",
        UV_GETNAMEINFO => c"getnameinfo",
        UV_RANDOM => c"random",
        _ => return std::ptr::null(),
    };
    name.as_ptr()
}

/// `loop->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_get_data(r#loop: *const uv_loop_t) -> *mut c_void {
    // SAFETY: a live loop.
    unsafe { (*r#loop).data.get() }
}

/// Sets `loop->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loop_set_data(r#loop: *mut uv_loop_t, data: *mut c_void) {
    // SAFETY: a live loop.
    unsafe { (*r#loop).data.set(data) }
}

/// `handle->type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_get_type(handle: *const uv_handle_t) -> uv_handle_type {
    // SAFETY: law 1.
    unsafe { (*handle).r#type.get() }
}

/// `handle->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_get_data(handle: *const uv_handle_t) -> *mut c_void {
    // SAFETY: law 1.
    unsafe { (*handle).data.get() }
}

/// Sets `handle->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_set_data(handle: *mut uv_handle_t, data: *mut c_void) {
    // SAFETY: law 1.
    unsafe { (*handle).data.set(data) }
}

/// The loop that a handle belongs to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_handle_get_loop(handle: *const uv_handle_t) -> *mut uv_loop_t {
    // SAFETY: law 1.
    unsafe { (*handle).r#loop.get() }
}

/// `req->type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_req_get_type(req: *const uv_req_t) -> uv_req_type {
    // SAFETY: law 2.
    unsafe { (*req).r#type.get() }
}

/// `req->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_req_get_data(req: *const uv_req_t) -> *mut c_void {
    // SAFETY: law 2.
    unsafe { (*req).data.get() }
}

/// Sets `req->data`, the user's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_req_set_data(req: *mut uv_req_t, data: *mut c_void) {
    // SAFETY: law 2.
    unsafe { (*req).data.set(data) }
}

/// Bytes that `uv_write` took and the kernel has not accepted yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_stream_get_write_queue_size(stream: *const uv_stream_t) -> usize {
    // SAFETY: law 1.
    unsafe { (*stream).write_queue_size.get() }
}

/// Bytes that `uv_udp_send` took and the kernel has not accepted yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_get_send_queue_size(handle: *const uv_udp_t) -> usize {
    // SAFETY: law 1.
    unsafe { (*handle).send_queue_size.get() }
}

/// Datagrams that `uv_udp_send` took and the kernel has not accepted yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_get_send_queue_count(handle: *const uv_udp_t) -> usize {
    // SAFETY: law 1.
    unsafe { (*handle).send_queue_count.get() }
}

/// The process id of a child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_process_get_pid(process: *const uv_process_t) -> uv_pid_t {
    // SAFETY: law 1.
    unsafe { (*process).pid.get() }
}

/// Which operation a file system request is (`UV_FS_*`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_type(req: *const uv_fs_t) -> uv_fs_type {
    // SAFETY: law 2.
    unsafe { (*req).fs_type.get() }
}

/// The result of a file system request: not negative, or `UV_E…`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_result(req: *const uv_fs_t) -> isize {
    // SAFETY: law 2.
    unsafe { (*req).result.get() }
}

/// The system's `errno` for a file system request that failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_system_error(req: *const uv_fs_t) -> c_int {
    // SAFETY: law 2.
    unsafe { (*req).result.get().wrapping_neg() as c_int }
}

/// What a file system request gave besides its result: a stat, a string, a directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_ptr(req: *const uv_fs_t) -> *mut c_void {
    // SAFETY: law 2.
    unsafe { (*req).ptr.get() }
}

/// The path of a file system request, or NULL; good until `uv_fs_req_cleanup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_path(req: *const uv_fs_t) -> *const c_char {
    // SAFETY: law 2.
    unsafe { (*req).path.get() }
}

/// The stat result inside a file system request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_get_statbuf(req: *mut uv_fs_t) -> *mut uv_stat_t {
    // SAFETY: law 2.
    unsafe { (*req).statbuf.as_ptr() }
}
