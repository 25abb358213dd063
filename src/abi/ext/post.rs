//! What one loop sends another.

use std::cell::Cell;

use libc::{c_int, c_void};

use crate::abi::{uv__queue, uv__work, uv_loop_t, uv_req_type};

/// A call of `uvring_post`.
#[repr(C)]
pub struct uvring_post_s {
    /// The user's own pointer; never touched by the library.
    pub data: Cell<*mut c_void>,
    /// `UV_UNKNOWN_REQ`. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    /// 0.
    pub status: Cell<c_int>,
    /// The loop that it is sent to.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Private to the library.
    pub queue: uv__queue,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 6]>,
    /// What travels along: a number, a socket, a pointer.
    pub value: Cell<u64>,
    /// Private to the library.
    pub cb: Cell<uvring_post_cb>,
    /// Private to the library.
    pub work: uv__work,
}

/// See [`uvring_post_s`].
pub type uvring_post_t = uvring_post_s;

/// Called on the loop that the request was sent to. The request may be freed or used again.
pub type uvring_post_cb = Option<unsafe extern "C" fn(req: *mut uvring_post_t)>;
