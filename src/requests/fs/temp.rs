//! Files and directories with names of their own.

use std::ffi::CStr;

use libc::{c_char, c_int};

use super::{begin, launch};
use crate::abi::*;
use crate::base::alloc;
use crate::model::request::FsReq;
use crate::op::perform::outcome;

/// Makes a directory with a name of its own, as `mkdtemp(3)`: the six `X` at the end of `tpl` are replaced. `req->path` is
/// the name. `UV_EINVAL` if `tpl` does not end so. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_mkdtemp(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    tpl: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_MKDTEMP, cb) }.and_then(|req| with_template(req, tpl)))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_MKSTEMP, cb) }.and_then(|req| with_template(req, tpl)))
}

/// Notes a copy of the template, whether or not the caller waits: it is written to.
fn with_template(req: FsReq, template: *const c_char) -> Result<FsReq> {
    // SAFETY: C promises a string.
    req.path.set(alloc::strdup(unsafe { CStr::from_ptr(template) })?);
    Ok(req)
}

pub(super) fn mkdtemp(req: FsReq) -> Result<isize> {
    // SAFETY: our copy.
    let made = unsafe { libc::mkdtemp(req.path.get().cast_mut()) };
    if made.is_null() { Err(Errno::last()) } else { Ok(0) }
}

pub(super) fn mkstemp(req: FsReq) -> Result<isize> {
    let path = req.path.get().cast_mut();
    // SAFETY: our copy.
    let opened = outcome(unsafe { libc::mkostemp(path, libc::O_CLOEXEC) } as isize);
    if opened.is_err() {
        // SAFETY: as above; there is a NUL at least.
        unsafe { *path = 0 };
    }
    opened
}
