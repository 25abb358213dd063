//! Submission to one plain system call, for the thread pool and for calls that wait.
//!
//! Argument for the unsafe code: the memory that an operation points to is valid until it has completed (laws 2 and 4);
//! paths that C gave are checked by the kernel.

use libc::{c_int, c_uint, iovec, off_t};

use super::{FileOp, MOST_BYTES};
use crate::abi::{Errno, Result, uv_buf_t};
use crate::sys::call::{outcome, retry, retry_long};

/// How many buffers one system call takes (`IOV_MAX`).
pub(crate) const IOV_MAX: c_uint = 1024;

/// Does the operation and waits for it. A read that a signal interrupts is `UV_EINTR`; everything else is tried again.
pub(crate) fn perform(op: &FileOp) -> Result<isize> {
    match *op {
        // SAFETY: the module's argument.
        FileOp::Open { path, flags, mode } => retry(|| unsafe { libc::open(path, flags | libc::O_CLOEXEC, mode) }),
        FileOp::Close { fd } => close(fd),
        FileOp::Read { fd, bufs, nbufs, offset } => read(fd, bufs, nbufs.min(IOV_MAX), offset),
        FileOp::Write { fd, bufs, nbufs, offset } => write_all(fd, bufs, nbufs as usize, offset),
        FileOp::Stat { fd, path, flags, out } => {
            const MASK: c_uint = libc::STATX_BASIC_STATS | libc::STATX_BTIME | libc::STATX_MNT_ID_UNIQUE;
            // SAFETY: the module's argument.
            retry(|| unsafe { libc::statx(fd, path, flags, MASK, out) })
        }
        // SAFETY: no pointers.
        FileOp::Fsync { fd } => retry(|| unsafe { libc::fsync(fd) }),
        // SAFETY: no pointers.
        FileOp::Fdatasync { fd } => retry(|| unsafe { libc::fdatasync(fd) }),
        // SAFETY: no pointers.
        FileOp::Ftruncate { fd, length } => retry(|| unsafe { libc::ftruncate(fd, length) }),
        // SAFETY: the module's argument.
        FileOp::Unlink { path } => retry(|| unsafe { libc::unlink(path) }),
        // SAFETY: the module's argument.
        FileOp::Rename { path, new_path } => retry(|| unsafe { libc::rename(path, new_path) }),
        // SAFETY: the module's argument.
        FileOp::Mkdir { path, mode } => retry(|| unsafe { libc::mkdir(path, mode) }),
        // SAFETY: the module's argument.
        FileOp::Link { path, new_path } => retry(|| unsafe { libc::link(path, new_path) }),
        // SAFETY: the module's argument.
        FileOp::Symlink { path, new_path } => retry(|| unsafe { libc::symlink(path, new_path) }),
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

fn read(fd: c_int, bufs: *const uv_buf_t, nbufs: c_uint, offset: off_t) -> Result<isize> {
    let iov = bufs.cast::<iovec>();
    // SAFETY: the module's argument; a `uv_buf_t` is an `iovec`. The kernel refuses a length that leads out of all memory,
    // though it would not go there.
    outcome(unsafe {
        match (nbufs, offset < 0) {
            (1, true) => libc::read(fd, (*iov).iov_base, (*iov).iov_len.min(MOST_BYTES)),
            (1, false) => libc::pread(fd, (*iov).iov_base, (*iov).iov_len.min(MOST_BYTES), offset),
            (_, true) => libc::readv(fd, iov, nbufs as c_int),
            (_, false) => libc::preadv(fd, iov, nbufs as c_int, offset),
        }
    })
}

fn write(fd: c_int, bufs: *const uv_buf_t, nbufs: usize, offset: off_t) -> Result<isize> {
    let iov = bufs.cast::<iovec>();
    // SAFETY: as in `read`.
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
fn write_all(fd: c_int, bufs: *const uv_buf_t, nbufs: usize, offset: off_t) -> Result<isize> {
    let mut total = 0isize;
    // The next buffer, and how much of it is written.
    let (mut next, mut within) = (0, 0);
    while next < nbufs {
        let at = if offset < 0 { -1 } else { offset + total as off_t };
        // SAFETY: `next` is below the number of buffers.
        let first = unsafe { *bufs.add(next) };
        let written = if within > 0 {
            let rest = uv_buf_t { base: first.base.wrapping_add(within), len: first.len - within };
            write(fd, &raw const rest, 1, at)
        } else {
            write(fd, bufs.wrapping_add(next), (nbufs - next).min(IOV_MAX as usize), at)
        };
        let written = match written {
            Ok(n) if n > 0 => n,
            Ok(_) => break,
            Err(e) => return if total == 0 { Err(e) } else { Ok(total) },
        };
        total += written;
        within += written as usize;
        // SAFETY: `next` is below the number of buffers.
        while next < nbufs && within >= unsafe { (*bufs.add(next)).len } {
            // SAFETY: it still is.
            within -= unsafe { (*bufs.add(next)).len };
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
        let op = FileOp::Write { fd: fds[1], bufs: bufs.as_ptr(), nbufs: 4, offset: -1 };
        assert_eq!(perform(&op), Ok(65_536));
        assert_eq!(perform(&op), Err(Errno::EAGAIN));
        assert_eq!(perform(&FileOp::Close { fd: fds[0] }), Ok(0));
        assert_eq!(perform(&FileOp::Close { fd: fds[1] }), Ok(0));
    }
}
