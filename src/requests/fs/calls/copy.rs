//! Copies of files, and from one descriptor to another.

use libc::{c_char, c_int};

use super::launch;
use crate::abi::*;
use crate::op::MOST_BYTES;
use crate::requests::fs::copy::{EXCL, FICLONE, FICLONE_FORCE};
use crate::requests::fs::request::begin;

/// Copies the file at `path` to `new_path`, with its permission bits, and, where that is permitted, its owner, group and time of
/// last access.
///
/// An existing target is overwritten, unless `flags` has `UV_FS_COPYFILE_EXCL` (`UV_EEXIST`). With
/// `UV_FS_COPYFILE_FICLONE` the two share their blocks where the file system can do it; with
/// `UV_FS_COPYFILE_FICLONE_FORCE` they share them, or the call fails. A target that could not be completed is removed.
/// `UV_EINVAL` for other flags. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_copyfile(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    path: *const c_char,
    new_path: *const c_char,
    flags: c_int,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2; C promises two strings.
    launch(unsafe {
        begin(r#loop, req, UV_FS_COPYFILE, cb).and_then(|req| {
            if flags & !(EXCL | FICLONE | FICLONE_FORCE) != 0 {
                return Err(Errno::EINVAL);
            }
            req.flags.set(flags);
            req.with_paths(path, new_path)
        })
    })
}

/// Copies up to `length` bytes of `in_fd`, from `in_offset` on, to the current position of `out_fd`. `req->result` is the
/// number of bytes, which may be smaller, 0 at the end of the file. A source without positions, as a pipe, is read from where it
/// is; a target that does not block is waited for. See `uv_fs_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_fs_sendfile(
    r#loop: *mut uv_loop_t,
    req: *mut uv_fs_t,
    out_fd: uv_file,
    in_fd: uv_file,
    in_offset: i64,
    length: usize,
    cb: uv_fs_cb,
) -> c_int {
    // SAFETY: law 2.
    launch(unsafe { begin(r#loop, req, UV_FS_SENDFILE, cb) }.and_then(|req| {
        if length > MOST_BYTES {
            return Err(Errno::EINVAL);
        }
        // As libuv keeps them: the source in `flags`, the length in the first small buffer.
        req.file.set(out_fd);
        req.flags.set(in_fd);
        req.off.set(in_offset);
        req.bufsml.as_array_of_cells()[0].set(uv_buf_t { base: std::ptr::null_mut(), len: length });
        Ok(req)
    }))
}
