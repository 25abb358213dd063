//! Operations on paths that begin at a directory's descriptor. Each is a request as those without, which begin at the working directory.

use libc::{c_char, c_int};

use super::calls::launch;
use super::request::begin;
use crate::abi::*;

/// A directory's descriptor and a path.
pub(crate) type Place = (c_int, *const c_char);

/// Starts an operation on a path, with the permission bits and flags that it may have.
///
/// # Safety
/// Laws 2 and 5; a loop is needed only with a callback. The path is a string.
pub(crate) unsafe fn of_one(
    event_loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    fs_type: uv_fs_type,
    (dir, path): Place,
    (flags, mode): (c_int, c_int),
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: the caller's.
    launch(unsafe { begin(event_loop, req, fs_type, cb) }.and_then(|req| {
        req.file.set(dir);
        req.flags.set(flags);
        req.mode.set(mode as libc::mode_t);
        // SAFETY: the caller's.
        unsafe { req.with_path(path) }
    }))
}

/// Starts an operation on two paths.
///
/// # Safety
/// As for `of_one`.
pub(crate) unsafe fn of_two(
    event_loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    fs_type: uv_fs_type,
    (from, to): (Place, Place),
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: the caller's.
    launch(unsafe { begin(event_loop, req, fs_type, cb) }.and_then(|req| {
        req.file.set(from.0);
        req.off.set(to.0.into());
        req.flags.set(flags);
        // SAFETY: the caller's.
        unsafe { req.with_paths(from.1, to.1) }
    }))
}
