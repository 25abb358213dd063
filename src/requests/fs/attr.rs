//! Permissions, owners, times, and where links lead.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use libc::{c_char, c_double, c_int, timespec};

use super::{begin, give, launch};
use crate::abi::*;
use crate::base::alloc;
use crate::model::request::FsReq;
use crate::op::perform::{retry, retry_long};

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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_ACCESS, cb) }.and_then(|req| {
        req.flags.set(mode);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_CHMOD, cb) }.and_then(|req| {
        req.mode.set(mode as libc::mode_t);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_CHOWN, cb) }.and_then(|req| {
        req.uid.set(uid);
        req.gid.set(gid);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_LCHOWN, cb) }.and_then(|req| {
        req.uid.set(uid);
        req.gid.set(gid);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_UTIME, cb) }.and_then(|req| {
        req.atime.set(atime);
        req.mtime.set(mtime);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_LUTIME, cb) }.and_then(|req| {
        req.atime.set(atime);
        req.mtime.set(mtime);
        req.with_path(path)
    }))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_READLINK, cb) }.and_then(|req| req.with_path(path)))
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
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_REALPATH, cb) }.and_then(|req| req.with_path(path)))
}

pub(super) fn access(req: FsReq) -> Result<isize> {
    // SAFETY: C promises a path.
    retry(|| unsafe { libc::access(req.path.get(), req.flags.get()) })
}

pub(super) fn chmod(req: FsReq) -> Result<isize> {
    let mode = req.mode.get();
    // SAFETY: C promises a path.
    retry(|| unsafe {
        match req.fs_type.get() {
            UV_FS_FCHMOD => libc::fchmod(req.file.get(), mode),
            _ => libc::chmod(req.path.get(), mode),
        }
    })
}

pub(super) fn chown(req: FsReq) -> Result<isize> {
    let (uid, gid) = (req.uid.get(), req.gid.get());
    // SAFETY: C promises a path.
    retry(|| unsafe {
        match req.fs_type.get() {
            UV_FS_FCHOWN => libc::fchown(req.file.get(), uid, gid),
            UV_FS_LCHOWN => libc::lchown(req.path.get(), uid, gid),
            _ => libc::chown(req.path.get(), uid, gid),
        }
    })
}

/// A point in time for the kernel, with the nanoseconds cut off towards 1970. One that no clock shows has absurd nanoseconds,
/// which the kernel refuses.
fn timestamp(seconds: c_double) -> timespec {
    if seconds.is_infinite() {
        return timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW };
    }
    if seconds.is_nan() {
        return timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT };
    }
    let whole = seconds as i64;
    let rest = ((seconds - whole as c_double) * 1e9) as i64;
    if rest < 0 {
        return timespec { tv_sec: whole.saturating_sub(1), tv_nsec: rest + 1_000_000_000 };
    }
    timespec { tv_sec: whole, tv_nsec: rest }
}

pub(super) fn utime(req: FsReq) -> Result<isize> {
    let times = [timestamp(req.atime.get()), timestamp(req.mtime.get())];
    // SAFETY: C promises a path; two times.
    retry(|| unsafe {
        match req.fs_type.get() {
            UV_FS_FUTIME => libc::futimens(req.file.get(), times.as_ptr()),
            UV_FS_LUTIME => libc::utimensat(libc::AT_FDCWD, req.path.get(), times.as_ptr(), libc::AT_SYMLINK_NOFOLLOW),
            _ => libc::utimensat(libc::AT_FDCWD, req.path.get(), times.as_ptr(), 0),
        }
    })
}

/// A string for `uv_fs_req_cleanup` to free.
fn give_text(req: FsReq, text: &[u8]) -> Result<isize> {
    let copy = alloc::bytes_z(text)?;
    give(req, NonNull::new(copy.cast()).ok_or(Errno::ENOMEM)?)
}

pub(super) fn readlink(req: FsReq) -> Result<isize> {
    // No link of Linux leads to more than a page.
    let mut text = MaybeUninit::<[u8; 4096]>::uninit();
    // SAFETY: C promises a path; `text` has room.
    let len = retry_long(|| unsafe { libc::readlink(req.path.get(), text.as_mut_ptr().cast(), 4096) })?;
    // SAFETY: the kernel has written `len` bytes.
    give_text(req, unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), len as usize) })
}

pub(super) fn realpath(req: FsReq) -> Result<isize> {
    // SAFETY: C promises a path.
    let path = unsafe { libc::realpath(req.path.get(), std::ptr::null_mut()) };
    if path.is_null() {
        return Err(Errno::last());
    }
    // SAFETY: a string that libc has allocated, whatever allocator the program prefers.
    unsafe {
        let given = give_text(req, CStr::from_ptr(path).to_bytes());
        libc::free(path.cast());
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_off() {
        let parts = |seconds| {
            let t = timestamp(seconds);
            (t.tv_sec, t.tv_nsec)
        };
        assert_eq!(parts(1_291_404_900.25), (1_291_404_900, 250_000_000));
        assert_eq!(parts(-1.5), (-2, 500_000_000));
        assert_eq!(parts(-14_245_440.25), (-14_245_441, 750_000_000));
        assert_eq!(parts(-1e-12), (0, 0));
        assert_eq!(parts(-0.3), (-1, 700_000_000));
        assert!(parts(1e300).1 > 999_999_999 && parts(-1e300).1 < 0);
        assert_eq!(parts(f64::NEG_INFINITY), (0, libc::UTIME_NOW));
        assert_eq!(parts(f64::NAN), (0, libc::UTIME_OMIT));
    }
}
