//! The functions for C. Here those of operations that a ring knows, open to symlink, and how a request begins and ends; the others in
//! the files below.

mod attr;
mod copy;
mod dir;
pub(crate) mod stat;
mod temp;

use std::ptr;

use libc::{c_char, c_int, c_uint};

use super::request::begin;
use super::run::run;
use super::{dir as directories, stages};
use crate::abi::*;
use crate::base::alloc;
use crate::model::job::WithJob;
use crate::model::request::FsReq;
use crate::op::{check_total, filled_at_once};

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

/// Opens a file, as `open(2)`, always with `O_CLOEXEC`. `req->result` is the descriptor.
///
/// As for all `uv_fs_*` functions: with a callback the call returns 0 and `cb` is called from the loop when the operation
/// is done; without one the operation is done at once, `loop` is not used, and the call returns `req->result`. Errors are
/// those of the system call; `UV_EINVAL` if `req` is NULL, `UV_ENOMEM` if there is no memory for copies. What a request
/// holds is given back by `uv_fs_req_cleanup`. Not thread-safe with a callback; thread-safe without.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_open(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    flags: c_int,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_OPEN, cb).and_then(|req| {
            req.flags.set(flags);
            req.mode.set(mode as libc::mode_t);
            req.with_path(path)
        })
    })
}

/// Closes a descriptor, as `close(2)`. An interrupted close counts as done. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_close(r#loop: *mut uv_loop_t, req: *mut uv_fs_t, file: uv_file, cb: uv_fs_cb) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_CLOSE, cb) }.inspect(|req| req.file.set(file)))
}

/// Reads into buffers, as `preadv(2)`, or as `readv(2)` from the current position if `offset` is negative. `req->result`
/// is the number of bytes, 0 at the end of the file. At most `IOV_MAX` buffers are filled, and none beyond 2 GiB together.
///
/// The buffers must stay valid until the operation is done; the array of them need not. `UV_EINVAL` if there are no
/// buffers. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_read(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    offset: i64,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises `nbufs` buffers.
    launch(unsafe {
        begin(r#loop, req, UV_FS_READ, cb).and_then(|req| {
            req.file.set(file);
            req.off.set(offset);
            req.with_buffers(bufs, filled_at_once(bufs, nbufs))
        })
    })
}

/// Writes buffers, as `pwritev(2)`, or as `writev(2)` at the current position if `offset` is negative. Any number of
/// buffers is written, with as many system calls as it takes. `req->result` is the number of bytes, which is less than the
/// whole if an error came in between.
///
/// The buffers must stay valid until the operation is done; the array of them need not. `UV_EINVAL` if there are no
/// buffers. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_write(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    offset: i64,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises `nbufs` buffers.
    launch(unsafe {
        begin(r#loop, req, UV_FS_WRITE, cb).and_then(|req| {
            req.file.set(file);
            req.off.set(offset);
            if !bufs.is_null() {
                check_total(bufs, nbufs)?;
            }
            req.with_buffers(bufs, nbufs)
        })
    })
}

/// Writes a file's data and metadata to its device, as `fsync(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_fsync(r#loop: *mut uv_loop_t, req: *mut uv_fs_t, file: uv_file, cb: uv_fs_cb) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FSYNC, cb) }.inspect(|req| req.file.set(file)))
}

/// Writes a file's data to its device, as `fdatasync(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_fdatasync(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FDATASYNC, cb) }.inspect(|req| req.file.set(file)))
}

/// Makes a file `offset` bytes long, as `ftruncate(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_ftruncate(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    file: uv_file,
    offset: i64,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_FTRUNCATE, cb) }.inspect(|req| {
        req.file.set(file);
        req.off.set(offset);
    }))
}

/// Removes a name, as `unlink(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_unlink(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe { begin(r#loop, req, UV_FS_UNLINK, cb).and_then(|req| req.with_path(path)) })
}

/// Renames a file, as `rename(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_rename(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    new_path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises two strings.
    launch(unsafe { begin(r#loop, req, UV_FS_RENAME, cb).and_then(|req| req.with_paths(path, new_path)) })
}

/// Makes a directory, as `mkdir(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_mkdir(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    mode: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises a string.
    launch(unsafe {
        begin(r#loop, req, UV_FS_MKDIR, cb).and_then(|req| {
            req.mode.set(mode as libc::mode_t);
            req.with_path(path)
        })
    })
}

/// Gives the file at `path` a second name, as `link(2)`. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_link(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    new_path: *const c_char,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises two strings.
    launch(unsafe { begin(r#loop, req, UV_FS_LINK, cb).and_then(|req| req.with_paths(path, new_path)) })
}

/// Makes a symbolic link at `new_path` that leads to `path`, as `symlink(2)`. `flags` means nothing on Linux. See
/// `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_symlink(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    new_path: *const c_char,
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises two strings.
    launch(unsafe {
        begin(r#loop, req, UV_FS_SYMLINK, cb).and_then(|req| {
            req.flags.set(flags);
            req.with_paths(path, new_path)
        })
    })
}

/// What a call returns to C: the result of a request that was let go, or why it could not be.
pub(super) fn launch(req: Result<FsReq>) -> c_int {
    match req {
        Ok(req) => req.go(),
        Err(e) => e.0,
    }
}

impl FsReq {
    /// Starts the request, or does it if there is nobody to call back. Its result, or 0 if it was started.
    fn go(self) -> c_int {
        if !self.is_async() {
            run(self);
            return self.result.get() as c_int;
        }
        let event_loop = self.event_loop();
        event_loop.count_request(1);
        stages::start(event_loop, self);
        0
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
                UV_FS_READDIR => directories::forget_names(self),
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
