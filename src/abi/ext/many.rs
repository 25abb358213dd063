//! Many small things in one call.

use std::cell::Cell;

use libc::{c_char, c_int, c_uint, c_void};

use crate::abi::{uv__queue, uv_loop_t, uv_req_type, uv_stat_t};

/// `dir` of an item, or of a call with `at` in its name: paths begin at the working directory. (`AT_FDCWD`)
pub const UVRING_CWD: c_int = -100;
const _: () = assert!(UVRING_CWD == libc::AT_FDCWD);

/// Flag: of a symbolic link itself, as `uv_fs_lstat`.
pub const UVRING_STAT_NOFOLLOW: c_uint = 1;

/// A call of `uvring_fs_stat_many` or `uvring_fs_load_many`.
#[repr(C)]
pub struct uvring_many_s {
    /// The user's own pointer; never touched by the library. `uv_req_get_data` and `uv_req_set_data` work on it.
    pub data: Cell<*mut c_void>,
    /// `UV_UNKNOWN_REQ`. Read-only for users.
    pub r#type: Cell<uv_req_type>,
    /// Once the callback has begun: 0, or `UV_ECANCELED` or `UV_ETIMEDOUT` if some items were left out.
    pub status: Cell<c_int>,
    /// The loop.
    pub r#loop: Cell<*mut uv_loop_t>,
    /// Private to the library.
    pub queue: uv__queue,
    /// Reserved for the library.
    pub reserved: Cell<[*mut c_void; 6]>,
    /// Once the callback has begun: how many items have another status than 0.
    pub failed: Cell<usize>,
    /// Reserved for the library.
    pub more: Cell<[*mut c_void; 8]>,
}

/// See [`uvring_many_s`].
pub type uvring_many_t = uvring_many_s;

/// Called when all items have their status. `status` is 0 also where some failed.
pub type uvring_many_cb = Option<unsafe extern "C" fn(req: *mut uvring_many_t, status: c_int)>;

/// A question of `uvring_fs_stat_many`, and its answer.
#[repr(C)]
pub struct uvring_stat_item_s {
    /// In: the path.
    pub path: *const c_char,
    /// In: a descriptor of the directory where a relative path begins, or `UVRING_CWD`.
    pub dir: c_int,
    /// Out: 0, or the error.
    pub status: c_int,
    /// Out, with a status of 0: the answer.
    pub stat: uv_stat_t,
}

/// See [`uvring_stat_item_s`].
pub type uvring_stat_item_t = uvring_stat_item_s;

/// A file for `uvring_fs_load_many`.
#[repr(C)]
pub struct uvring_load_item_s {
    /// In: the path.
    pub path: *const c_char,
    /// In: a descriptor of the directory where a relative path begins, or `UVRING_CWD`.
    pub dir: c_int,
    /// Out: 0, or the error.
    pub status: c_int,
    /// In: where the bytes go, from the file's first on.
    pub base: *mut c_char,
    /// In: the room there.
    pub len: usize,
    /// Out, with a status of 0: how many bytes came.
    pub done: usize,
    /// Out, with a status of 0: how long the file is. If that is more than `done`, `len` was too little.
    pub size: u64,
}

/// See [`uvring_load_item_s`].
pub type uvring_load_item_t = uvring_load_item_s;
