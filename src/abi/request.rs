//! The requests as C sees them: every field of libuv 1.53.0, at its place. Shapes only.

use std::cell::Cell;

use libc::{addrinfo, c_char, c_double, c_int, c_uint, c_void, mode_t, off_t, sockaddr_storage};

use super::*;

/// Base of all requests; every request begins with these fields.
#[repr(C)]
pub struct uv_req_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
}

/// See [`uv_req_s`].
pub type uv_req_t = uv_req_s;

/// A shutdown of a stream's write side.
#[repr(C)]
pub struct uv_shutdown_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The stream.
    pub handle: Cell<*mut uv_stream_t>,
    /// Called when all queued writes have ended.
    pub cb: Cell<uv_shutdown_cb>,
}

/// See [`uv_shutdown_s`].
pub type uv_shutdown_t = uv_shutdown_s;

/// A connection attempt.
#[repr(C)]
pub struct uv_connect_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// Called with the outcome.
    pub cb: Cell<uv_connect_cb>,
    /// The stream.
    pub handle: Cell<*mut uv_stream_t>,
    /// Private to the library.
    pub queue: uv__queue,
}

/// See [`uv_connect_s`].
pub type uv_connect_t = uv_connect_s;

/// A write to a stream.
#[repr(C)]
pub struct uv_write_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// Called when the kernel has taken all bytes, or on failure.
    pub cb: Cell<uv_write_cb>,
    /// The handle that is passed along, or NULL.
    pub send_handle: Cell<*mut uv_stream_t>,
    /// The stream.
    pub handle: Cell<*mut uv_stream_t>,
    /// Link in a write queue of the stream.
    pub queue: uv__queue,
    /// The first buffer that is not written whole.
    pub write_index: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// The buffers: `bufsml`, or allocated.
    pub bufs: Cell<*mut uv_buf_t>,
    /// How many buffers.
    pub nbufs: Cell<c_uint>,
    /// Outcome: 0 or `UV_E…`.
    pub error: Cell<c_int>,
    /// Room for a few buffers.
    pub bufsml: Cell<[uv_buf_t; 4]>,
}

/// See [`uv_write_s`].
pub type uv_write_t = uv_write_s;

/// A datagram to send.
#[repr(C)]
pub struct uv_udp_send_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The socket.
    pub handle: Cell<*mut uv_udp_t>,
    /// Called when it has been sent.
    pub cb: Cell<uv_udp_send_cb>,
    /// Link in a queue of the socket.
    pub queue: uv__queue,
    /// Where to.
    pub u: Cell<uv__udp_addr>,
    /// How many buffers.
    pub nbufs: Cell<c_uint>,
    pub(crate) _pad1: Cell<c_uint>,
    /// The buffers: `bufsml`, or allocated.
    pub bufs: Cell<*mut uv_buf_t>,
    /// Bytes sent, or `UV_E…`.
    pub status: Cell<isize>,
    /// Called when it has been sent.
    pub send_cb: Cell<uv_udp_send_cb>,
    /// Room for a few buffers.
    pub bufsml: Cell<[uv_buf_t; 4]>,
}

/// See [`uv_udp_send_s`].
pub type uv_udp_send_t = uv_udp_send_s;

/// A name lookup.
#[repr(C)]
pub struct uv_getaddrinfo_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// The job on the thread pool.
    pub work_req: uv__work,
    /// Called with the outcome.
    pub cb: Cell<uv_getaddrinfo_cb>,
    /// Private copy of the hints, or NULL.
    pub hints: Cell<*mut addrinfo>,
    /// Private copy of the name, or NULL.
    pub hostname: Cell<*mut c_char>,
    /// Private copy of the service, or NULL.
    pub service: Cell<*mut c_char>,
    /// The answer, for `uv_freeaddrinfo`.
    pub addrinfo: Cell<*mut addrinfo>,
    /// Outcome: 0 or `UV_EAI_…`.
    pub retcode: Cell<c_int>,
    pub(crate) _pad1: Cell<c_uint>,
}

/// See [`uv_getaddrinfo_s`].
pub type uv_getaddrinfo_t = uv_getaddrinfo_s;

/// A reverse name lookup.
#[repr(C)]
pub struct uv_getnameinfo_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// The job on the thread pool.
    pub work_req: uv__work,
    /// Called with the outcome.
    pub getnameinfo_cb: Cell<uv_getnameinfo_cb>,
    /// The address asked about.
    pub storage: Cell<sockaddr_storage>,
    /// `NI_*` flags.
    pub flags: Cell<c_int>,
    /// The name found.
    pub host: Cell<[c_char; 1025]>,
    /// The service found.
    pub service: Cell<[c_char; 32]>,
    pub(crate) _pad1: Cell<[u8; 3]>,
    /// Outcome: 0 or `UV_EAI_…`.
    pub retcode: Cell<c_int>,
    pub(crate) _pad2: Cell<c_uint>,
}

/// See [`uv_getnameinfo_s`].
pub type uv_getnameinfo_t = uv_getnameinfo_s;

/// A job for the thread pool.
#[repr(C)]
pub struct uv_work_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Runs on a thread of the pool.
    pub work_cb: Cell<uv_work_cb>,
    /// Runs on the loop's thread afterwards.
    pub after_work_cb: Cell<uv_after_work_cb>,
    /// The job on the thread pool.
    pub work_req: uv__work,
}

/// See [`uv_work_s`].
pub type uv_work_t = uv_work_s;

/// A request for random bytes.
#[repr(C)]
pub struct uv_random_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Outcome: 0 or `UV_E…`.
    pub status: Cell<c_int>,
    pub(crate) _pad1: Cell<c_uint>,
    /// What is filled.
    pub buf: Cell<*mut c_void>,
    /// Its length in bytes.
    pub buflen: Cell<usize>,
    /// Called with the outcome.
    pub cb: Cell<uv_random_cb>,
    /// The job on the thread pool.
    pub work_req: uv__work,
}

/// See [`uv_random_s`].
pub type uv_random_t = uv_random_s;

/// A file system operation.
#[repr(C)]
pub struct uv_fs_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// One of the `UV_*` request types. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    pub(crate) _pad0: Cell<c_uint>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 5]>,
    /// Reserved for the library (`uv_write_nwritten`).
    pub write_extra: Cell<uv__req_write_extra_s>,
    /// Which operation.
    pub fs_type: Cell<uv_fs_type>,
    pub(crate) _pad1: Cell<c_uint>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Called when done; NULL makes the call synchronous.
    pub cb: Cell<uv_fs_cb>,
    /// Result: non-negative, or `UV_E…`.
    pub result: Cell<isize>,
    /// What the operation gave: `&statbuf`, a string, a directory …
    pub ptr: Cell<*mut c_void>,
    /// The path, readable until `uv_fs_req_cleanup`.
    pub path: Cell<*const c_char>,
    /// Result of the stat operations.
    pub statbuf: Cell<uv_stat_t>,
    /// The second path of rename, link, symlink, copyfile.
    pub new_path: Cell<*const c_char>,
    /// The descriptor.
    pub file: Cell<uv_file>,
    /// Flags of the operation.
    pub flags: Cell<c_int>,
    /// Permission bits.
    pub mode: Cell<mode_t>,
    /// How many buffers.
    pub nbufs: Cell<c_uint>,
    /// The buffers: `bufsml`, or allocated.
    pub bufs: Cell<*mut uv_buf_t>,
    /// The offset, or -1 for the current position.
    pub off: Cell<off_t>,
    /// New owner.
    pub uid: Cell<uv_uid_t>,
    /// New group.
    pub gid: Cell<uv_gid_t>,
    /// Access time in seconds.
    pub atime: Cell<c_double>,
    /// Modification time in seconds.
    pub mtime: Cell<c_double>,
    /// The job on the thread pool.
    pub work_req: uv__work,
    /// Room for a few buffers.
    pub bufsml: Cell<[uv_buf_t; 4]>,
}

/// See [`uv_fs_s`].
pub type uv_fs_t = uv_fs_s;
