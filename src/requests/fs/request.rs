//! A file request: what it is given, which operation it is, what came of it.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_uint, c_void};

use crate::abi::*;
use crate::base::alloc;
use crate::base::buffers::{self, Buffers};
use crate::model::files::Stage;
use crate::model::request::FsReq;
use crate::op::perform::IOV_MAX;
use crate::op::{FileOp, Submission};

/// Begins a call: a clean request, or `UV_EINVAL` without one, and for a callback without a loop.
///
/// # Safety
/// `req` is NULL or memory for a request (law 2).
pub(super) unsafe fn begin(
    event_loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    fs_type: uv_fs_type,
    cb: uv_fs_cb,
) -> Result<FsReq> {
    if req.is_null() || (event_loop.is_null() && cb.is_some()) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: as the caller promises.
    let req = unsafe { FsReq::from_c(req) };
    req.r#type.set(UV_FS);
    req.fs_type.set(fs_type);
    req.r#loop.set(event_loop);
    req.cb.set(cb);
    req.result.set(0);
    req.ptr.set(ptr::null_mut());
    req.path.set(ptr::null());
    req.new_path.set(ptr::null());
    // Where relative paths begin, the second in a field that operations on paths have no other use for.
    req.file.set(libc::AT_FDCWD);
    req.off.set(libc::AT_FDCWD.into());
    req.flags.set(0);
    req.bufs.set(ptr::null_mut());
    req.nbufs.set(0);
    req.set_stage(Stage::Idle);
    Ok(req)
}

impl FsReq {
    pub(super) fn is_async(self) -> bool {
        self.cb.get().is_some()
    }

    /// Notes the path; a copy if the caller will not wait.
    ///
    /// # Safety
    /// `path` is a string (law 2).
    pub(super) unsafe fn with_path(self, path: *const c_char) -> Result<FsReq> {
        if !self.is_async() {
            self.path.set(path);
            return Ok(self);
        }
        // SAFETY: the caller's.
        let copy = alloc::strdup(unsafe { CStr::from_ptr(path) })?;
        self.path.set(copy);
        Ok(self)
    }

    /// Notes both paths; copies in one piece of memory if the caller will not wait.
    ///
    /// # Safety
    /// Both are strings (law 2).
    pub(super) unsafe fn with_paths(self, path: *const c_char, new_path: *const c_char) -> Result<FsReq> {
        if !self.is_async() {
            self.path.set(path);
            self.new_path.set(new_path);
            return Ok(self);
        }
        // SAFETY: the caller's.
        let (first, second) = unsafe { (CStr::from_ptr(path), CStr::from_ptr(new_path)) };
        let (first, second) = (first.to_bytes_with_nul(), second.to_bytes_with_nul());
        let copy = alloc::malloc(first.len() + second.len()).cast::<u8>();
        if copy.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: room for both.
        unsafe {
            ptr::copy_nonoverlapping(first.as_ptr(), copy, first.len());
            ptr::copy_nonoverlapping(second.as_ptr(), copy.add(first.len()), second.len());
        }
        self.path.set(copy.cast());
        self.new_path.set(copy.wrapping_add(first.len()).cast());
        Ok(self)
    }

    /// Notes the buffers; a copy of the array if the caller will not wait.
    ///
    /// # Safety
    /// `bufs` is NULL or has `nbufs` buffers, which the operation may use until its callback (laws 2 and 4).
    pub(super) unsafe fn with_buffers(self, bufs: *const uv_buf_t, nbufs: c_uint) -> Result<FsReq> {
        if bufs.is_null() || nbufs == 0 {
            return Err(Errno::EINVAL);
        }
        let mut place = bufs.cast_mut();
        if self.is_async() {
            // SAFETY: the caller's, and the request's own room.
            place = unsafe { buffers::keep(bufs, nbufs, self.small_buffers())? };
        }
        self.bufs.set(place);
        self.nbufs.set(nbufs);
        Ok(self)
    }

    /// The operation as a value, if it is one that a ring knows.
    pub(super) fn operation(self) -> Option<Submission> {
        let (path, new_path) = (self.path.get(), self.new_path.get());
        let (bufs, nbufs) = (self.bufs.get().cast_const(), self.nbufs.get());
        // The rest of a request is whatever the caller's memory held, unless the operation has set it.
        let (fd, mode) = (|| self.file.get(), || self.mode.get());
        let offset = || self.off.get().max(-1);
        let (dir, new_dir, flags) = (self.file.get(), self.off.get() as c_int, self.flags.get());
        let op = match self.fs_type.get() {
            UV_FS_OPEN => FileOp::Open { dir, path, flags, mode: mode() },
            UV_FS_CLOSE => FileOp::Close { fd: fd() },
            UV_FS_READ => FileOp::Read { fd: fd(), bufs, nbufs: nbufs.min(IOV_MAX), offset: offset() },
            UV_FS_WRITE => FileOp::Write { fd: fd(), bufs, nbufs, offset: offset() },
            UV_FS_FSYNC => FileOp::Fsync { fd: fd() },
            UV_FS_FDATASYNC => FileOp::Fdatasync { fd: fd() },
            UV_FS_FTRUNCATE => FileOp::Ftruncate { fd: fd(), length: self.off.get() },
            UV_FS_UNLINK => FileOp::Unlink { dir, path, flags },
            UV_FS_RENAME => FileOp::Rename { dir, path, new_dir, new_path, flags: flags as c_uint },
            UV_FS_MKDIR => FileOp::Mkdir { dir, path, mode: mode() },
            UV_FS_LINK => FileOp::Link { dir, path, new_dir, new_path, flags },
            UV_FS_SYMLINK => FileOp::Symlink { path, dir: new_dir, new_path },
            _ => return None,
        };
        // SAFETY: what `with_path`, `with_paths` and `with_buffers` have noted is valid until the callback, or the end of the call
        // without one, and nobody looks at it meanwhile (laws 2 and 4).
        Some(unsafe { Submission::new(op) })
    }

    /// True if a file operation must stay in the pool whatever happens, where libuv's users can cancel it.
    pub(super) fn is_pool_only(self) -> bool {
        !self.is_stat() && self.operation().is_none()
    }

    /// Notes how the operation ended.
    pub(super) fn set_result(self, result: Result<isize>) {
        self.result.set(match result {
            Ok(value) => value,
            Err(e) => e.0 as isize,
        });
    }

    /// The buffers of a request with a callback, which nobody uses now.
    pub(super) fn buffers(self) -> Buffers {
        // SAFETY: `with_buffers` kept as many.
        unsafe { Buffers::of(self.bufs.get(), self.nbufs.get() as usize) }
    }

    /// Lets go of the buffers; the operation has ended.
    pub(super) fn drop_buffers(self) {
        let bufs = self.bufs.replace(ptr::null_mut());
        self.nbufs.set(0);
        if self.is_async() {
            // SAFETY: `with_buffers` kept them, or there are none.
            unsafe { buffers::give_back(bufs, self.small_buffers()) };
        }
    }

    /// Where a short array of buffers is kept.
    fn small_buffers(self) -> *mut uv_buf_t {
        // SAFETY: the address alone (law 2).
        unsafe { (&raw mut (*self.as_ptr()).bufsml).cast() }
    }
}

/// Notes what an operation allocated, for `uv_fs_req_cleanup`.
pub(super) fn give(req: FsReq, memory: NonNull<c_void>) -> Result<isize> {
    req.ptr.set(memory.as_ptr());
    Ok(0)
}

/// Where a stat request looks: descriptor, path, flags of `statx`.
pub(super) fn stat_target(req: FsReq) -> (c_int, *const c_char, c_int) {
    match req.fs_type.get() {
        UV_FS_FSTAT => (req.file.get(), c"".as_ptr(), libc::AT_EMPTY_PATH),
        UV_FS_LSTAT => (req.file.get(), req.path.get(), libc::AT_SYMLINK_NOFOLLOW),
        _ => (req.file.get(), req.path.get(), 0),
    }
}

/// Notes the answer of a stat request.
pub(super) fn answer_stat(req: FsReq, stat: uv_stat_t) {
    req.statbuf.set(stat);
    req.ptr.set(req.statbuf.as_ptr().cast());
}
