//! Files and directories with names of their own.

use libc::{c_char, c_int};

use super::launch;
use crate::abi::*;
use crate::base::alloc;
use crate::model::request::FsReq;
use crate::requests::fs::request::begin;
use std::ffi::CStr;

/// Makes a directory with a name of its own, as `mkdtemp(3)`: the six `X` at the end of `tpl` are replaced. `req->path` is
/// the name. `UV_EINVAL` if `tpl` does not end so. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_mkdtemp(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    tpl: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_MKDTEMP, cb).and_then(|req| with_template(req, tpl)) })
}

/// Makes and opens a file with a name of its own, as `mkostemp(3)` with `O_CLOEXEC`: the six `X` at the end of `tpl` are
/// replaced. `req->path` is the name, empty after a failure, `req->result` the descriptor. `UV_EINVAL` if `tpl` does not
/// end so. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_mkstemp(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    tpl: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_MKSTEMP, cb).and_then(|req| with_template(req, tpl)) })
}

/// Notes a copy of the template, whether or not the caller waits: it is written to.
///
/// # Safety
/// `template` is a string.
unsafe fn with_template(req: FsReq, template: *const c_char) -> Result<FsReq> {
    // SAFETY: the caller's.
    req.path.set(alloc::strdup(unsafe { CStr::from_ptr(template) })?);
    Ok(req)
}
