//! Permissions, owners, times, and where links lead.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use libc::{c_double, timespec};

use super::request::give;
use crate::abi::*;
use crate::base::alloc;
use crate::model::request::FsReq;
use crate::sys::call::{retry, retry_long};

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
