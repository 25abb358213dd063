//! What is known of files and file systems.

use libc::{c_char, c_int};

use super::launch;
use crate::abi::*;
use crate::model::event_loop::Loop;
use crate::requests::fs::request::begin;
use crate::requests::fs::stages;

/// Asks about the file that a path leads to, as `stat(2)`, with the time of creation where the file system keeps it. The
/// answer is in `req->statbuf`, and `req->ptr` points there. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_stat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_STAT, cb).and_then(|req| req.with_path(path)) })
}

/// Like `uv_fs_stat`; if the path names a symbolic link, the answer is about the link itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_lstat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_LSTAT, cb).and_then(|req| req.with_path(path)) })
}

/// Like `uv_fs_stat`, about an open file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_fstat(r#loop: *mut uv_loop_t, req: *mut uv_fs_t, file: uv_file, cb: uv_fs_cb) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FSTAT, cb) }.inspect(|req| req.file.set(file)))
}

/// Asks about the file system that holds `path`, as `statfs(2)`. `req->ptr` is a `uv_statfs_t`, which
/// `uv_fs_req_cleanup` frees. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_statfs(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_STATFS, cb).and_then(|req| req.with_path(path)) })
}

/// `uv_fs_stat` for a request of the library's own, which nobody cancels: what can be seen without waiting is seen before this returns.
///
/// # Safety
/// Laws 2 and 5; `path` is a string.
pub(crate) unsafe fn stat_at_once(event_loop: Loop, req: *mut uv_fs_t, path: *const c_char, cb: uv_fs_cb) -> Result {
    // SAFETY: the caller's.
    let req = unsafe { begin(event_loop.as_ptr(), req, UV_FS_STAT, cb)?.with_path(path)? };
    event_loop.count_request(1);
    stages::start_at_once(event_loop, req);
    Ok(())
}
