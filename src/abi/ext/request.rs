//! What every uvring request begins with.

use std::cell::Cell;

use libc::{c_int, c_void};

use crate::abi::{uv__queue, uv_loop_t, uv_req_type};

/// Base of all requests of this header; every one begins with these fields. From a successful call until its callback has begun
/// a request belongs to the library; in the callback it may be freed or used again.
#[repr(C)]
pub struct uvring_req_s {
    /// The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it.
    pub data: Cell<*mut c_void>,
    /// `UV_UNKNOWN_REQ`: `uv_cancel` gives `UV_EINVAL`. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    /// Once the callback has begun: 0, or the error.
    pub status: Cell<c_int>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Private to the library.
    pub queue: uv__queue,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 6]>,
}

/// See [`uvring_req_s`].
pub type uvring_req_t = uvring_req_s;
