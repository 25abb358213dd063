//! Reading from streams by requests.

use std::cell::Cell;

use libc::{c_int, c_uint, c_void};

use crate::abi::{uv__queue, uv_buf_t, uv_loop_t, uv_req_type, uv_stream_t};

/// A read from a stream, of `uvring_read`.
#[repr(C)]
pub struct uvring_read_s {
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
    /// Once the callback has begun: how many bytes are in the buffers, also where `status` is an error.
    pub done: Cell<usize>,
    /// Private to the library, as all that follows: how many bytes are wanted.
    pub at_least: Cell<usize>,
    /// The first buffer that is not full.
    pub read_index: Cell<c_uint>,
    /// How many buffers.
    pub nbufs: Cell<c_uint>,
    /// The buffers: `bufsml`, or allocated.
    pub bufs: Cell<*mut uv_buf_t>,
    /// Room for a few buffers.
    pub bufsml: Cell<[uv_buf_t; 4]>,
}

/// See [`uvring_read_s`].
pub type uvring_read_t = uvring_read_s;

/// Called with `status` 0 when as many bytes are there as were wanted, or more; or with an error, `UV_EOF` among them. `req->done`
/// tells how many there are, in either case.
pub type uvring_read_cb = Option<unsafe extern "C" fn(req: *mut uvring_read_t, status: c_int)>;
