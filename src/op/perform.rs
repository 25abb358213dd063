//! Submission to one plain system call, for the thread pool and for calls that wait.
//!
//! Argument for the unsafe code: who made the submission has promised that what it points to is valid until it has completed (laws 2
//! and 4); paths that C gave are checked by the kernel.

use libc::{c_int, c_uint, iovec, off_t};

use super::{FileOp, MOST_BYTES, Submission};
use crate::abi::{Errno, Result, uv_buf_t};
use crate::sys::call::{outcome, retry, retry_long};

/// How many buffers one system call takes (`IOV_MAX`).
pub(crate) const IOV_MAX: c_uint = 1024;

/// Does the operation and waits for it. A read that a signal interrupts is `UV_EINTR`; everything else is tried again.
pub(crate) fn perform(op: &Submission) -> Result<isize> {
    // SAFETY: the module's argument.
    unsafe { call(**op) }
}

/// # Safety
/// The module's argument.
unsafe fn call(op: FileOp) -> Result<isize> {
    // SAFETY: the caller's.
    unsafe {
        match op {
            FileOp::Open { dir, path, flags, mode } => retry(|| libc::openat(dir, path, flags | libc::O_CLOEXEC, mode)),
            FileOp::Close { fd } => close(fd),
            FileOp::Read { fd, bufs, nbufs, offset } => read(fd, bufs, nbufs.min(IOV_MAX), offset),
            FileOp::Write { fd, bufs, nbufs, offset } => write_all(fd, bufs, nbufs as usize, offset),
            FileOp::Stat { fd, path, flags, out } => {
                const MASK: c_uint = libc::STATX_BASIC_STATS | libc::STATX_BTIME | libc::STATX_MNT_ID_UNIQUE;
                retry(|| libc::statx(fd, path, flags, MASK, out))
            }
            FileOp::Fsync { fd } => retry(|| libc::fsync(fd)),
            FileOp::Fdatasync { fd } => retry(|| libc::fdatasync(fd)),
            FileOp::Ftruncate { fd, length } => retry(|| libc::ftruncate(fd, length)),
            FileOp::Unlink { dir, path, flags } => retry(|| libc::unlinkat(dir, path, flags)),
            // A filter may not know the newer call.
            FileOp::Rename { dir, path, new_dir, new_path, flags: 0 } => {
                retry(|| libc::renameat(dir, path, new_dir, new_path))
            }
            FileOp::Rename { dir, path, new_dir, new_path, flags } => {
                retry(|| libc::renameat2(dir, path, new_dir, new_path, flags))
            }
            FileOp::Mkdir { dir, path, mode } => retry(|| libc::mkdirat(dir, path, mode)),
            FileOp::Link { dir, path, new_dir, new_path, flags } => {
                retry(|| libc::linkat(dir, path, new_dir, new_path, flags))
            }
            FileOp::Symlink { path, dir, new_path } => retry(|| libc::symlinkat(path, dir, new_path)),
        }
    }
}

/// Never tried again: the kernel has let go of the descriptor whatever it says, and the number may be another's by now.
fn close(fd: c_int) -> Result<isize> {
    // SAFETY: no pointers.
    match outcome(unsafe { libc::close(fd) } as isize) {
        Err(e) if e == Errno::EINTR || e == Errno::from_sys(libc::EINPROGRESS) => Ok(0),
        done => done,
    }
}

/// # Safety
/// The module's argument.
unsafe fn read(fd: c_int, bufs: *const uv_buf_t, nbufs: c_uint, offset: off_t) -> Result<isize> {
    let iov = bufs.cast::<iovec>();
    // SAFETY: the caller's; a `uv_buf_t` is an `iovec`. The kernel refuses a length that leads out of all memory, though it would
    // not go there.
    outcome(unsafe {
        match (nbufs, offset < 0) {
            (1, true) => libc::read(fd, (*iov).iov_base, (*iov).iov_len.min(MOST_BYTES)),
            (1, false) => libc::pread(fd, (*iov).iov_base, (*iov).iov_len.min(MOST_BYTES), offset),
            (_, true) => libc::readv(fd, iov, nbufs as c_int),
            (_, false) => libc::preadv(fd, iov, nbufs as c_int, offset),
        }
    })
}

/// # Safety
/// The module's argument.
unsafe fn write(fd: c_int, bufs: *const uv_buf_t, nbufs: usize, offset: off_t) -> Result<isize> {
    let iov = bufs.cast::<iovec>();
    // SAFETY: the caller's; a `uv_buf_t` is an `iovec`.
    retry_long(|| unsafe {
        match (nbufs, offset < 0) {
            (1, true) => libc::write(fd, (*iov).iov_base, (*iov).iov_len),
            (1, false) => libc::pwrite(fd, (*iov).iov_base, (*iov).iov_len, offset),
            (_, true) => libc::writev(fd, iov, nbufs as c_int),
            (_, false) => libc::pwritev(fd, iov, nbufs as c_int, offset),
        }
    })
}

/// Writes buffer after buffer until all is written, or nothing more can be. An error counts only if nothing was written.
///
/// # Safety
/// The module's argument.
unsafe fn write_all(fd: c_int, bufs: *const uv_buf_t, nbufs: usize, offset: off_t) -> Result<isize> {
    // SAFETY: the caller's; what is asked for is below the number of buffers.
    let buf = |at: usize| unsafe { *bufs.add(at) };
    let mut total = 0isize;
    // The next buffer, and how much of it is written.
    let (mut next, mut within) = (0, 0);
    while next < nbufs {
        let at = if offset < 0 { -1 } else { offset + total as off_t };
        // What is left of one that was written in part, or those that are whole.
        let rest = uv_buf_t { base: buf(next).base.wrapping_add(within), len: buf(next).len - within };
        let (from, count) = if within > 0 {
            (&raw const rest, 1)
        } else {
            (bufs.wrapping_add(next), (nbufs - next).min(IOV_MAX as usize))
        };
        // SAFETY: the caller's.
        let written = match unsafe { write(fd, from, count, at) } {
            Ok(n) if n > 0 => n,
            Ok(_) => break,
            Err(e) => return if total == 0 { Err(e) } else { Ok(total) },
        };
        total += written;
        within += written as usize;
        while next < nbufs && within >= buf(next).len {
            within -= buf(next).len;
            next += 1;
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buf(bytes: &[u8]) -> uv_buf_t {
        uv_buf_t { base: bytes.as_ptr().cast_mut().cast(), len: bytes.len() }
    }

    #[test]
    #[cfg_attr(miri, ignore = "vectored writes")]
    fn a_full_pipe_gives_what_was_written() {
        let mut fds = [0; 2];
        // SAFETY: room for two descriptors.
        assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) }, 0);
        let big = vec![7u8; 50_000];
        let bufs = [buf(&big), buf(b""), buf(&big), buf(&big)];
        // SAFETY: the buffers outlive both calls.
        let op = unsafe { Submission::new(FileOp::Write { fd: fds[1], bufs: bufs.as_ptr(), nbufs: 4, offset: -1 }) };
        assert_eq!(perform(&op), Ok(65_536));
        assert_eq!(perform(&op), Err(Errno::EAGAIN));
        assert_eq!(perform(&Submission::close(fds[0])), Ok(0));
        assert_eq!(perform(&Submission::close(fds[1])), Ok(0));
    }
}
