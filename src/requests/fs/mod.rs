//! File operations: the life of a `uv_fs_t`.
//!
//! A call clears the request, fills in what it was given, and lets it `go`. Without a callback the operation is done at
//! once, and neither the loop nor any memory but the caller's is touched. With one, paths and buffers are copied, the loop
//! counts the request, and `tiers` chooses where it runs; its result comes in a poll phase.

mod attr;
mod cached;
pub(crate) mod calls;
mod copy;
mod dir;
mod mounts;
mod open;
mod route;
pub(crate) mod stat;
mod temp;
mod threadless;
mod tiers;

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_uint, c_void};

use crate::abi::*;
use crate::base::alloc;
use crate::model::event_loop::Loop;
use crate::model::files::Stage;
pub(crate) use crate::model::request::FsReq;
use crate::op::FileOp;
use crate::op::perform::{IOV_MAX, perform};

pub(crate) use stat::stat_at_once;
pub(crate) use tiers::{before_poll, cancel, deliver_finished, leave_run, on_ring};

/// Gives back what the library allocated for a request: copies of paths, entries of a directory, strings. To be called
/// when the request is done, and before it is used again; a second call does nothing, as does NULL or a request whose
/// bytes are all 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_req_cleanup(req: *mut uv_fs_t) {
    if !req.is_null() {
        // SAFETY: law 2.
        unsafe { FsReq::from_c(req) }.cleanup();
    }
}

/// Begins a call: a clean request, or `UV_EINVAL` without one, and for a callback without a loop.
///
/// # Safety
/// `req` is NULL or memory for a request (law 2).
unsafe fn begin(event_loop: *mut uv_loop_t, req: *mut uv_fs_t, fs_type: uv_fs_type, cb: uv_fs_cb) -> Result<FsReq> {
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
    req.bufs.set(ptr::null_mut());
    req.nbufs.set(0);
    req.set_stage(Stage::Idle);
    Ok(req)
}

/// What a call returns to C: the result of a request that was let go, or why it could not be.
fn launch(req: Result<FsReq>) -> c_int {
    match req {
        Ok(req) => req.go(),
        Err(e) => e.0,
    }
}

impl FsReq {
    fn is_async(self) -> bool {
        self.cb.get().is_some()
    }

    /// Notes the path; a copy if the caller will not wait.
    fn with_path(self, path: *const c_char) -> Result<FsReq> {
        if !self.is_async() {
            self.path.set(path);
            return Ok(self);
        }
        // SAFETY: C promises a string.
        let copy = alloc::strdup(unsafe { CStr::from_ptr(path) })?;
        self.path.set(copy);
        Ok(self)
    }

    /// Notes both paths; copies in one piece of memory if the caller will not wait.
    fn with_paths(self, path: *const c_char, new_path: *const c_char) -> Result<FsReq> {
        if !self.is_async() {
            self.path.set(path);
            self.new_path.set(new_path);
            return Ok(self);
        }
        // SAFETY: C promises strings.
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
    fn with_buffers(self, bufs: *const uv_buf_t, nbufs: c_uint) -> Result<FsReq> {
        if bufs.is_null() || nbufs == 0 {
            return Err(Errno::EINVAL);
        }
        let mut place = bufs.cast_mut();
        if self.is_async() {
            let count = nbufs as usize;
            place = self.bufsml.as_ptr().cast();
            if count > self.bufsml.as_array_of_cells().len() {
                place = count.checked_mul(size_of::<uv_buf_t>()).map_or(ptr::null_mut(), alloc::malloc).cast();
                if place.is_null() {
                    return Err(Errno::ENOMEM);
                }
            }
            // SAFETY: C promises `nbufs` buffers; `place` has room for as many.
            unsafe { ptr::copy_nonoverlapping(bufs, place, count) };
        }
        self.bufs.set(place);
        self.nbufs.set(nbufs);
        Ok(self)
    }

    /// Starts the request, or does it if there is nobody to call back. Its result, or 0 if it was started.
    fn go(self) -> c_int {
        if !self.is_async() {
            run(self);
            return self.result.get() as c_int;
        }
        // SAFETY: with a callback the loop must be one.
        let event_loop = unsafe { Loop::from_c(self.r#loop.get()) };
        event_loop.count_request(1);
        tiers::start(event_loop, self);
        0
    }

    /// The operation as a value, if it is one that a ring knows.
    fn operation(self) -> Option<FileOp> {
        let (path, new_path) = (self.path.get(), self.new_path.get());
        let (bufs, nbufs) = (self.bufs.get().cast_const(), self.nbufs.get());
        // The rest of a request is whatever the caller's memory held, unless the operation has set it.
        let (fd, mode) = (|| self.file.get(), || self.mode.get());
        let offset = || self.off.get().max(-1);
        Some(match self.fs_type.get() {
            UV_FS_OPEN => FileOp::Open { path, flags: self.flags.get(), mode: mode() },
            UV_FS_CLOSE => FileOp::Close { fd: fd() },
            UV_FS_READ => FileOp::Read { fd: fd(), bufs, nbufs: nbufs.min(IOV_MAX), offset: offset() },
            UV_FS_WRITE => FileOp::Write { fd: fd(), bufs, nbufs, offset: offset() },
            UV_FS_FSYNC => FileOp::Fsync { fd: fd() },
            UV_FS_FDATASYNC => FileOp::Fdatasync { fd: fd() },
            UV_FS_FTRUNCATE => FileOp::Ftruncate { fd: fd(), length: self.off.get() },
            UV_FS_UNLINK => FileOp::Unlink { path },
            UV_FS_RENAME => FileOp::Rename { path, new_path },
            UV_FS_MKDIR => FileOp::Mkdir { path, mode: mode() },
            UV_FS_LINK => FileOp::Link { path, new_path },
            UV_FS_SYMLINK => FileOp::Symlink { path, new_path },
            _ => return None,
        })
    }

    /// True if a file operation must stay in the pool whatever happens, where libuv's users can cancel it.
    pub(super) fn is_pool_only(self) -> bool {
        !self.is_stat() && self.operation().is_none()
    }

    /// Notes how the operation ended.
    fn set_result(self, result: Result<isize>) {
        self.result.set(match result {
            Ok(value) => value,
            Err(e) => e.0 as isize,
        });
    }

    /// Lets go of the buffers; the operation has ended.
    fn drop_buffers(self) {
        let bufs = self.bufs.replace(ptr::null_mut());
        self.nbufs.set(0);
        if self.is_async() && !bufs.is_null() && bufs != self.bufsml.as_ptr().cast() {
            // SAFETY: `with_buffers` made the copy.
            unsafe { alloc::free(bufs.cast()) };
        }
    }

    fn cleanup(self) {
        let fs_type = self.fs_type.get();
        // mkdtemp and mkstemp write into their path, which is therefore always a copy.
        if self.is_async() || fs_type == UV_FS_MKDTEMP || fs_type == UV_FS_MKSTEMP {
            // SAFETY: ours, or NULL; `new_path` lies in the same memory.
            unsafe { alloc::free(self.path.get().cast_mut().cast()) };
        }
        self.path.set(ptr::null());
        self.new_path.set(ptr::null());
        if !self.ptr.get().is_null() {
            match fs_type {
                UV_FS_READDIR => dir::forget_names(self),
                // The directory is the caller's until `uv_fs_closedir`.
                UV_FS_OPENDIR | UV_FS_CLOSEDIR => {}
                _ if self.ptr.get() == self.statbuf.as_ptr().cast() => {}
                // SAFETY: a string, a list of entries or a statfs that the operation allocated.
                _ => unsafe { alloc::free(self.ptr.get()) },
            }
        }
        self.ptr.set(ptr::null_mut());
        self.drop_buffers();
    }
}

/// Does the operation in the calling thread.
fn run(req: FsReq) {
    let result = match req.fs_type.get() {
        UV_FS_ACCESS => attr::access(req),
        UV_FS_CHMOD | UV_FS_FCHMOD => attr::chmod(req),
        UV_FS_CHOWN | UV_FS_FCHOWN | UV_FS_LCHOWN => attr::chown(req),
        UV_FS_UTIME | UV_FS_FUTIME | UV_FS_LUTIME => attr::utime(req),
        UV_FS_READLINK => attr::readlink(req),
        UV_FS_REALPATH => attr::realpath(req),
        UV_FS_STAT | UV_FS_LSTAT | UV_FS_FSTAT => stat::stat(req),
        UV_FS_STATFS => stat::statfs(req),
        UV_FS_COPYFILE => copy::copyfile(req),
        UV_FS_SENDFILE => copy::sendfile(req),
        UV_FS_SCANDIR => dir::scandir(req),
        UV_FS_OPENDIR => dir::opendir(req),
        UV_FS_READDIR => dir::readdir(req),
        UV_FS_CLOSEDIR => dir::closedir(req),
        UV_FS_RMDIR => dir::rmdir(req),
        UV_FS_MKDTEMP => temp::mkdtemp(req),
        UV_FS_MKSTEMP => temp::mkstemp(req),
        _ => req.operation().map_or(Err(Errno::ENOSYS), |op| perform(&op)),
    };
    req.set_result(result);
    req.drop_buffers();
}

/// Notes what an operation allocated, for `uv_fs_req_cleanup`.
fn give(req: FsReq, memory: NonNull<c_void>) -> Result<isize> {
    req.ptr.set(memory.as_ptr());
    Ok(0)
}
