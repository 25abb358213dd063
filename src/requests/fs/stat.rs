//! What is known of files and file systems: `uv_fs_stat`, `uv_fs_lstat`, `uv_fs_fstat`, `uv_fs_statfs`.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use libc::{c_char, c_int, c_long};

use super::request::{answer_stat, give, stat_target};
use super::{cached, mounts};
use crate::abi::*;
use crate::base::alloc;
use crate::model::request::FsReq;
use crate::op::perform::perform;
use crate::op::{FileOp, Submission};
use crate::sys::call::retry;
use crate::sys::stat::from_statx;

pub(super) fn stat(req: FsReq) -> Result<isize> {
    if req.is_async() && cached::confirm(req) {
        answer_stat(req, req.statbuf.get());
        return Ok(0);
    }
    let (fd, path, flags) = stat_target(req);
    // SAFETY: the request's path (law 2).
    let stat = unsafe {
        ask(fd, path, flags, |answer| {
            let is_unknown = mounts::number(answer).is_some_and(|mount| mounts::class_of(mount).is_none());
            if req.is_async() && req.may_leave_pool() && is_unknown {
                cached::learn(req);
            }
        })
    }?;
    answer_stat(req, stat);
    Ok(0)
}

/// Asks the kernel, and waits for the answer, which `seen` gets to see if it comes by `statx`.
///
/// # Safety
/// `path` is a string.
pub(super) unsafe fn ask(
    fd: c_int,
    path: *const c_char,
    flags: c_int,
    seen: impl FnOnce(&libc::statx),
) -> Result<uv_stat_t> {
    let mut out = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the caller's, and room for the answer.
    let op = unsafe { Submission::new(FileOp::Stat { fd, path, flags, out: out.as_mut_ptr() }) };
    match perform(&op) {
        Ok(_) => {
            // SAFETY: zero bytes are a valid answer, and the kernel has written another.
            let out = unsafe { out.assume_init() };
            seen(&out);
            Ok(from_statx(&out))
        }
        // Not known, or forbidden by a filter that knows only the older calls: `stat` itself never gives these.
        Err(e) if e == Errno::ENOSYS || e == Errno::EPERM || e == Errno::EINVAL || e == Errno::ENOTSUP => {
            // SAFETY: the caller's.
            unsafe { older(fd, path, flags) }
        }
        Err(e) => Err(e),
    }
}

/// Without `statx`.
///
/// # Safety
/// `path` is a string.
#[allow(clippy::useless_conversion, reason = "the number of links is 32 bits wide on aarch64")]
unsafe fn older(fd: c_int, path: *const c_char, flags: c_int) -> Result<uv_stat_t> {
    let mut out = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the caller's; `out` has room.
    retry(|| unsafe {
        if flags & libc::AT_EMPTY_PATH != 0 {
            libc::fstat(fd, out.as_mut_ptr())
        } else {
            libc::fstatat(fd, path, out.as_mut_ptr(), flags)
        }
    })?;
    // SAFETY: the kernel has written it.
    let out = unsafe { out.assume_init() };
    let changed = uv_timespec_t { tv_sec: out.st_ctime, tv_nsec: out.st_ctime_nsec as c_long };
    Ok(uv_stat_t {
        st_dev: out.st_dev,
        st_mode: out.st_mode.into(),
        st_nlink: u64::from(out.st_nlink),
        st_uid: out.st_uid.into(),
        st_gid: out.st_gid.into(),
        st_rdev: out.st_rdev,
        st_ino: out.st_ino,
        st_size: out.st_size as u64,
        st_blksize: out.st_blksize as u64,
        st_blocks: out.st_blocks as u64,
        st_flags: 0,
        st_gen: 0,
        st_atim: uv_timespec_t { tv_sec: out.st_atime, tv_nsec: out.st_atime_nsec as c_long },
        st_mtim: uv_timespec_t { tv_sec: out.st_mtime, tv_nsec: out.st_mtime_nsec as c_long },
        st_ctim: changed,
        // As good as can be known.
        st_birthtim: changed,
    })
}

pub(super) fn statfs(req: FsReq) -> Result<isize> {
    let mut out = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: C promises a path; `out` has room.
    retry(|| unsafe { libc::statfs(req.path.get(), out.as_mut_ptr()) })?;
    // SAFETY: the kernel has written it.
    let out = unsafe { out.assume_init() };
    let answer: NonNull<uv_statfs_t> = alloc::boxed(uv_statfs_t {
        f_type: out.f_type as u64,
        f_bsize: out.f_bsize as u64,
        f_blocks: out.f_blocks,
        f_bfree: out.f_bfree,
        f_bavail: out.f_bavail,
        f_files: out.f_files,
        f_ffree: out.f_ffree,
        f_frsize: out.f_frsize as u64,
        f_spare: [0; 3],
    })?;
    give(req, answer.cast())
}
