//! Directories.

use libc::{c_char, c_int};

use super::launch;
use crate::abi::*;
use crate::model::request::FsReq;
use crate::requests::fs::dir::next;
use crate::requests::fs::request::begin;

/// Removes an empty directory, as `rmdir(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_rmdir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_RMDIR, cb).and_then(|req| req.with_path(path)) })
}

/// Lists a directory, sorted by name, without `.` and `..`. `req->result` is the number of entries, which
/// `uv_fs_scandir_next` gives one by one. `flags` means nothing. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_scandir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_SCANDIR, cb).and_then(|req| {
            req.flags.set(flags);
            req.with_path(path)
        })
    })
}

/// Gives the next entry of a directory that `uv_fs_scandir` listed. The name is valid until the list ends, or until
/// `uv_fs_req_cleanup`. The type is `UV_DIRENT_UNKNOWN` on file systems that do not tell.
///
/// Returns 0, `UV_EOF` after the last entry, or the error that the listing ended with. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_scandir_next(req: *mut uv_fs_t, ent: *mut uv_dirent_t) -> c_int {
    // SAFETY: law 2.
    match next(unsafe { FsReq::from_c(req) }) {
        Ok(entry) => {
            // SAFETY: C promises a place for it.
            unsafe { ent.write(entry) };
            0
        }
        Err(e) => e.0,
    }
}

/// Opens a directory for `uv_fs_readdir`. `req->ptr` is a `uv_dir_t`, which only `uv_fs_closedir` frees. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_opendir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_OPENDIR, cb).and_then(|req| req.with_path(path)) })
}

/// Reads the next entries of an open directory into `dir->dirents`, `dir->nentries` at most, without `.` and `..`.
/// `req->result` is their number, 0 at the end. Their names are freed by `uv_fs_req_cleanup`, which must be called before
/// the directory is closed. `UV_EINVAL` if there is no directory or no place for entries. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_readdir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: *mut uv_dir_t,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_READDIR, cb) }.and_then(|req| {
        // SAFETY: C promises a directory, or NULL.
        if dir.is_null() || unsafe { (*dir).dir.is_null() || (*dir).dirents.is_null() } {
            return Err(Errno::EINVAL);
        }
        req.ptr.set(dir.cast());
        Ok(req)
    }))
}

/// Closes an open directory and frees it. `UV_EINVAL` if there is none. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_closedir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: *mut uv_dir_t,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_CLOSEDIR, cb) }.and_then(|req| {
        if dir.is_null() {
            return Err(Errno::EINVAL);
        }
        req.ptr.set(dir.cast());
        Ok(req)
    }))
}
