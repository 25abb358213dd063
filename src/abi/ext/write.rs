//! Writing to streams.

use std::cell::Cell;

use libc::{c_int, c_uint, c_void};

use crate::abi::{uv__queue, uv_buf_t, uv_loop_t, uv_req_type, uv_stream_t};

/// A write to a stream, of `uvring_write` and its like.
#[repr(C)]
pub struct uvring_write_s {
    /// The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it.
    pub data: Cell<*mut c_void>,
    /// `UV_UNKNOWN_REQ`. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    /// Once the callback has begun: 0, or the error.
    pub status: Cell<c_int>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Private to the library.
    pub queue: uv__queue,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 6]>,
    /// The stream.
    pub handle: Cell<*mut uv_stream_t>,
    /// Once the callback has begun: how many bytes the kernel took, also where `status` is an error.
    pub done: Cell<usize>,
    /// 1 if the kernel copied what `uvring_write_zc` was given.
    pub copied: Cell<c_uint>,
    /// Private to the library, as all that follows: the first buffer that is not written whole.
    pub write_index: Cell<c_uint>,
    /// How many buffers.
    pub nbufs: Cell<c_uint>,
    /// 0.
    pub padding: Cell<c_uint>,
    /// The buffers: `bufsml`, or allocated.
    pub bufs: Cell<*mut uv_buf_t>,
    /// Room for a few buffers.
    pub bufsml: Cell<[uv_buf_t; 4]>,
}

/// See [`uvring_write_s`].
pub type uvring_write_t = uvring_write_s;

/// Called when the kernel has taken all bytes, or with an error; `req->done` tells how many it took.
pub type uvring_write_cb = Option<unsafe extern "C" fn(req: *mut uvring_write_t, status: c_int)>;

/// Called with `above` 1 when more bytes than the high watermark wait in the stream, and with 0 when they are down to the low one.
pub type uvring_watermark_cb = Option<unsafe extern "C" fn(stream: *mut uv_stream_t, above: c_int)>;

/// Called when the kernel has let go of the memory that `uvring_write_zc` was given: memory and request are the caller's again.
pub type uvring_release_cb = Option<unsafe extern "C" fn(req: *mut uvring_write_t)>;
