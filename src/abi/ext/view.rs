//! Memory that the library lends: pools, and views of what is in them.

use std::cell::Cell;

use libc::{c_char, c_uint, c_void, sockaddr};

use crate::abi::{uv_loop_t, uv_stream_t, uv_udp_t};

/// Received bytes, in memory of a pool. A callback's view is valid until the callback returns; who needs it longer keeps it
/// (`uvring_view_keep`) and releases it once (`uvring_view_release`). Views outlive their stream, not their pool.
#[repr(C)]
pub struct uvring_view_s {
    /// The bytes, one after the other. They may be written to.
    pub base: Cell<*mut c_char>,
    /// How many.
    pub len: Cell<usize>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 4]>,
}

/// See [`uvring_view_s`].
pub type uvring_view_t = uvring_view_s;

/// How a pool is to be.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uvring_pool_options_s {
    /// `sizeof(uvring_pool_options_t)`.
    pub size: usize,
    /// Bytes of a buffer, a multiple of 4096; 0 for 128 KiB. One serves many receives.
    pub buffer_size: usize,
    /// How many buffers it has, a power of two, at most 32768; 0 for 16. They are allocated when they are needed.
    pub buffers: c_uint,
    /// How many it grows to while views are kept; 0 for four times `buffers`.
    pub buffers_max: c_uint,
    /// A stream that holds so many bytes in kept views is not received from until some are released; 0 for a quarter of the pool.
    pub stream_max: usize,
    /// 0.
    pub flags: c_uint,
    /// 0.
    pub reserved: c_uint,
}

/// See [`uvring_pool_options_s`].
pub type uvring_pool_options_t = uvring_pool_options_s;

/// Memory to receive into. Not a handle: it does not keep the loop alive.
#[repr(C)]
pub struct uvring_pool_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 14]>,
}

/// See [`uvring_pool_s`].
pub type uvring_pool_t = uvring_pool_s;

/// Called when the last kept view of a pool that is being closed was released; the memory is gone, and `pool` the caller's.
pub type uvring_pool_close_cb = Option<unsafe extern "C" fn(pool: *mut uvring_pool_t)>;

/// Called with `nread` received bytes in `view`; or with `UV_EOF` or another error, without a view: receiving has stopped then.
/// `nread` is never 0.
pub type uvring_recv_cb =
    Option<unsafe extern "C" fn(stream: *mut uv_stream_t, nread: isize, view: *mut uvring_view_t)>;

/// Called with a datagram in `view`, which may be empty, and its sender; or with an error in `nread`, where `view` and `addr` may be
/// NULL. `flags` are those of `uv_udp_recv_cb`.
pub type uvring_udp_recv_cb = Option<
    unsafe extern "C" fn(
        handle: *mut uv_udp_t,
        nread: isize,
        view: *mut uvring_view_t,
        addr: *const sockaddr,
        flags: c_uint,
    ),
>;
