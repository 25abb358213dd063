//! Files: many at once, and paths that begin at a directory's descriptor.

use libc::{c_char, c_int, c_uint};

use crate::abi::ext::{
    UVRING_CWD, UVRING_STAT_NOFOLLOW, uvring_load_item_t, uvring_many_cb, uvring_many_t, uvring_stat_item_t,
};
use crate::abi::{
    Errno, IntoC, Result, UV_FS_LINK, UV_FS_LSTAT, UV_FS_MKDIR, UV_FS_OPEN, UV_FS_RENAME, UV_FS_STAT, UV_FS_SYMLINK,
    UV_FS_UNLINK, uv_fs_cb, uv_fs_t, uv_loop_t,
};
use crate::model::event_loop::Loop;
use crate::model::ext_request::Many;
use crate::requests::fs::at::{of_one, of_two};
use crate::requests::fs::many::{self, Items};

/// Asks about `n` files, as `uv_fs_stat` does, or, with `UVRING_STAT_NOFOLLOW` in `flags`, `uv_fs_lstat`, by several threads of the
/// pool at a time. `cb` is called once, when every item has its `status`; `req->failed` tells how many have another than 0.
///
/// The array, and the paths, belong to the library until then: items are written to from other threads, in any order.
/// `uvring_cancel` leaves out what was not begun: those items have `UV_ECANCELED`.
///
/// Returns 0; `UV_EINVAL` for NULL in place of an argument, or unknown flags; `UV_ENOMEM`; `UV_EAGAIN` if the system has no thread for it.
/// Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_stat_many(
    r#loop: *mut uv_loop_t,
    req: *mut uvring_many_t,
    items: *mut uvring_stat_item_t,
    n: usize,
    flags: c_uint,
    cb: uvring_many_cb,
) -> c_int {
    if flags & !UVRING_STAT_NOFOLLOW != 0 {
        return Errno::EINVAL.0;
    }
    let flags = if flags == 0 { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: laws 2 and 5.
    unsafe { start(r#loop, req, items.is_null(), Items::Stat { items, flags }, n, cb) }.into_c()
}

/// Reads `n` files from their beginnings, each into its item's memory, by several threads of the pool at a time: open, read, close.
/// `cb` is called once, when every item has its `status`; `req->failed` tells how many have another than 0.
///
/// The array, the paths and the memory belong to the library until then. `uvring_cancel` leaves out what was not begun: those items
/// have `UV_ECANCELED`. An item whose `base` is NULL has `UV_EINVAL`.
///
/// Returns 0; `UV_EINVAL` for NULL in place of an argument; `UV_ENOMEM`; `UV_EAGAIN` if the system has no thread for it. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_load_many(
    r#loop: *mut uv_loop_t,
    req: *mut uvring_many_t,
    items: *mut uvring_load_item_t,
    n: usize,
    cb: uvring_many_cb,
) -> c_int {
    // SAFETY: laws 2 and 5.
    unsafe { start(r#loop, req, items.is_null(), Items::Load { items }, n, cb) }.into_c()
}

/// # Safety
/// Laws 2 and 5 for what is not NULL.
unsafe fn start(
    event_loop: *mut uv_loop_t,
    req: *mut uvring_many_t,
    lacks_items: bool,
    items: Items,
    n: usize,
    cb: uvring_many_cb,
) -> Result {
    if event_loop.is_null() || req.is_null() || (lacks_items && n > 0) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { many::start(Loop::from_c(event_loop), Many::from_c(req), items, n, cb) }
}

/// As `uv_fs_open`; a relative path begins at the directory `dir`, a descriptor, or `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_openat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_one(r#loop, req, UV_FS_OPEN, (dir, path), (flags, mode), cb) }
}

/// As `uv_fs_stat`, or, with `UVRING_STAT_NOFOLLOW` in `flags`, `uv_fs_lstat`; a relative path begins at the directory `dir`, a
/// descriptor, or `UVRING_CWD`. `UV_EINVAL` for unknown flags.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_statat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    flags: c_uint,
    cb: uv_fs_cb,
) -> c_int {
    if flags & !UVRING_STAT_NOFOLLOW != 0 {
        return Errno::EINVAL.0;
    }
    let fs_type = if flags == 0 { UV_FS_STAT } else { UV_FS_LSTAT };
    // SAFETY: law 2.
    unsafe { of_one(r#loop, req, fs_type, (dir, path), (0, 0), cb) }
}

/// As `uv_fs_mkdir`; a relative path begins at the directory `dir`, a descriptor, or `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_mkdirat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_one(r#loop, req, UV_FS_MKDIR, (dir, path), (0, mode), cb) }
}

/// As `uv_fs_unlink`, or, with `AT_REMOVEDIR` in `flags`, `uv_fs_rmdir`: `unlinkat(2)`. `dir` is a descriptor, or `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_unlinkat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_one(r#loop, req, UV_FS_UNLINK, (dir, path), (flags, 0), cb) }
}

/// As `uv_fs_rename`, with the flags of `renameat2(2)`: `RENAME_NOREPLACE`, `RENAME_EXCHANGE`. `dir` and `new_dir` are descriptors, or
/// `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_renameat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    new_dir: c_int,
    new_path: *const c_char,
    flags: c_uint,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_two(r#loop, req, UV_FS_RENAME, ((dir, path), (new_dir, new_path)), flags as c_int, cb) }
}

/// As `uv_fs_link`, with the flags of `linkat(2)`: `AT_SYMLINK_FOLLOW`. `dir` and `new_dir` are descriptors, or `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_linkat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    dir: c_int,
    path: *const c_char,
    new_dir: c_int,
    new_path: *const c_char,
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_two(r#loop, req, UV_FS_LINK, ((dir, path), (new_dir, new_path)), flags, cb) }
}

/// As `uv_fs_symlink`: makes a symbolic link at `path` that leads to `target`; a relative `path` begins at the directory `dir`, a
/// descriptor, or `UVRING_CWD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_fs_symlinkat(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    target: *const c_char,
    dir: c_int,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    unsafe { of_two(r#loop, req, UV_FS_SYMLINK, ((UVRING_CWD, target), (dir, path)), 0, cb) }
}
