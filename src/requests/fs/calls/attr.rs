//! Permissions, owners, times, and where links lead.

use libc::{c_char, c_double, c_int};

use super::launch;
use crate::abi::*;
use crate::requests::fs::request::begin;

/// Asks whether the process may use a file, as `access(2)`; `mode` is `F_OK` or a sum of `R_OK`, `W_OK`, `X_OK`. See
/// `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_access(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_ACCESS, cb).and_then(|req| {
            req.flags.set(mode);
            req.with_path(path)
        })
    })
}

/// Sets permission bits, as `chmod(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_chmod(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_CHMOD, cb).and_then(|req| {
            req.mode.set(mode as libc::mode_t);
            req.with_path(path)
        })
    })
}

/// Sets the permission bits of an open file, as `fchmod(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_fchmod(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FCHMOD, cb) }.inspect(|req| {
        req.file.set(file);
        req.mode.set(mode as libc::mode_t);
    }))
}

/// Sets owner and group, as `chown(2)`; -1 leaves one as it is. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_chown(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    uid: uv_uid_t,
    gid: uv_gid_t,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_CHOWN, cb).and_then(|req| {
            req.uid.set(uid);
            req.gid.set(gid);
            req.with_path(path)
        })
    })
}

/// Sets owner and group of an open file, as `fchown(2)`; -1 leaves one as it is. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_fchown(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    uid: uv_uid_t,
    gid: uv_gid_t,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FCHOWN, cb) }.inspect(|req| {
        req.file.set(file);
        req.uid.set(uid);
        req.gid.set(gid);
    }))
}

/// Sets owner and group, as `lchown(2)`: of a symbolic link itself. -1 leaves one as it is. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_lchown(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    uid: uv_uid_t,
    gid: uv_gid_t,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_LCHOWN, cb).and_then(|req| {
            req.uid.set(uid);
            req.gid.set(gid);
            req.with_path(path)
        })
    })
}

/// Sets the times of last access and last modification, in seconds since 1970 with fractions. `UV_FS_UTIME_NOW` stands
/// for the present, `UV_FS_UTIME_OMIT` leaves one as it is. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_utime(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    atime: c_double,
    mtime: c_double,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_UTIME, cb).and_then(|req| {
            req.atime.set(atime);
            req.mtime.set(mtime);
            req.with_path(path)
        })
    })
}

/// Like `uv_fs_utime`, of an open file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_futime(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    atime: c_double,
    mtime: c_double,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FUTIME, cb) }.inspect(|req| {
        req.file.set(file);
        req.atime.set(atime);
        req.mtime.set(mtime);
    }))
}

/// Like `uv_fs_utime`; of a symbolic link itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_lutime(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    atime: c_double,
    mtime: c_double,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_LUTIME, cb).and_then(|req| {
            req.atime.set(atime);
            req.mtime.set(mtime);
            req.with_path(path)
        })
    })
}

/// Reads a symbolic link, as `readlink(2)`. `req->ptr` is the text, ended by a NUL, which `uv_fs_req_cleanup` frees. See
/// `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_readlink(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_READLINK, cb).and_then(|req| req.with_path(path)) })
}

/// The absolute path without links, `.` and `..`, as `realpath(3)`. `req->ptr` is the path, which `uv_fs_req_cleanup`
/// frees. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_realpath(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_REALPATH, cb).and_then(|req| req.with_path(path)) })
}
