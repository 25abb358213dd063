//! An operation as a value, said once for the ring (`sqe.rs`) and once for a plain system call (`perform.rs`).
//!
//! The kernel has a claim on the memory that a submission points to until its completion is taken; nothing in Rust holds
//! a reference to it meanwhile (law 4). Requests keep that memory valid (law 2).

pub(crate) mod perform;
pub(crate) mod send;
pub(crate) mod sqe;
pub(crate) mod table;

use std::ops::Deref;

use libc::{c_char, c_int, c_uint, mode_t};

use crate::abi::{Errno, Result, uv_buf_t};

pub(crate) use table::OpKey;

/// A file operation that both the ring and a plain system call can do: a description, which nobody carries out before it is a
/// [`Submission`].
#[derive(Clone, Copy)]
pub(crate) enum FileOp {
    /// `openat(dir, path, flags | O_CLOEXEC, mode)`
    Open { dir: c_int, path: *const c_char, flags: c_int, mode: mode_t },
    /// `close(fd)`
    Close { fd: c_int },
    /// `preadv(fd, bufs, offset)`; from the current position if `offset` is -1.
    Read { fd: c_int, bufs: *const uv_buf_t, nbufs: c_uint, offset: i64 },
    /// `pwritev(fd, bufs, offset)`; at the current position if `offset` is -1.
    Write { fd: c_int, bufs: *const uv_buf_t, nbufs: c_uint, offset: i64 },
    /// `statx(fd, path, flags, …)` into `out`.
    Stat { fd: c_int, path: *const c_char, flags: c_int, out: *mut libc::statx },
    /// `fsync(fd)`
    Fsync { fd: c_int },
    /// `fdatasync(fd)`
    Fdatasync { fd: c_int },
    /// `ftruncate(fd, length)`
    Ftruncate { fd: c_int, length: i64 },
    /// `unlinkat(dir, path, flags)`
    Unlink { dir: c_int, path: *const c_char, flags: c_int },
    /// `renameat2(dir, path, new_dir, new_path, flags)`
    Rename { dir: c_int, path: *const c_char, new_dir: c_int, new_path: *const c_char, flags: c_uint },
    /// `mkdirat(dir, path, mode)`
    Mkdir { dir: c_int, path: *const c_char, mode: mode_t },
    /// `linkat(dir, path, new_dir, new_path, flags)`
    Link { dir: c_int, path: *const c_char, new_dir: c_int, new_path: *const c_char, flags: c_int },
    /// `symlinkat(path, dir, new_path)`
    Symlink { path: *const c_char, dir: c_int, new_path: *const c_char },
}

/// A file operation that may be carried out, because what it points to is there.
#[derive(Clone, Copy)]
pub(crate) struct Submission(FileOp);

impl Submission {
    /// The only way to one that points to something.
    ///
    /// # Safety
    /// Laws 2 and 4: from the moment that it is handed to the ring, to the pool or to `perform`, until it has completed, what `op`
    /// points to is valid, long enough, and behind no Rust reference.
    pub(crate) unsafe fn new(op: FileOp) -> Submission {
        Submission(op)
    }

    /// `close(fd)`, which points to nothing.
    pub(crate) fn close(fd: c_int) -> Submission {
        Submission(FileOp::Close { fd })
    }

    /// `ftruncate(fd, length)`, which points to nothing.
    pub(crate) fn ftruncate(fd: c_int, length: i64) -> Submission {
        Submission(FileOp::Ftruncate { fd, length })
    }
}

impl Deref for Submission {
    type Target = FileOp;

    fn deref(&self) -> &FileOp {
        &self.0
    }
}

/// What came of a submission.
#[derive(Clone, Copy)]
pub(crate) struct Completion {
    /// Whose it is.
    pub(crate) key: OpKey,
    /// Ready events of a poll, the value of a call, or a negative `errno`.
    pub(crate) result: i32,
}

/// The most that one call of the kernel moves (its MAX_RW_COUNT). As libuv since 1.53, the library refuses to send or write
/// more at once: what was moved would not be what was asked for.
pub(crate) const MOST_BYTES: usize = 0x7fff_f000;

/// The most buffers that one write to a stream, or one datagram, may have: more is taken for a count that was negative.
const MOST_BUFFERS: c_uint = 1024 * 1024;

/// `UV_EINVAL` for no buffers or more than [`MOST_BUFFERS`], which are not looked at then, and for more than [`MOST_BYTES`] in them.
///
/// # Safety
/// `bufs` has `nbufs` buffers, if that is a count which passes.
pub(crate) unsafe fn check_buffers(bufs: *const uv_buf_t, nbufs: c_uint) -> Result {
    if nbufs == 0 || nbufs > MOST_BUFFERS {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { check_total(bufs, nbufs) }
}

/// `UV_EINVAL` for buffers that hold more than [`MOST_BYTES`] together.
///
/// # Safety
/// `bufs` has `nbufs` buffers.
pub(crate) unsafe fn check_total(bufs: *const uv_buf_t, nbufs: c_uint) -> Result {
    let mut left = MOST_BYTES;
    for i in 0..nbufs as usize {
        // SAFETY: the caller's.
        left = left.checked_sub(unsafe { (*bufs.add(i)).len }).ok_or(Errno::EINVAL)?;
    }
    Ok(())
}

/// How many buffers one read fills: with more than [`MOST_BYTES`] together the kernel would fill one of them in part, or refuse
/// them all.
///
/// # Safety
/// `bufs` is NULL or has `nbufs` buffers.
pub(crate) unsafe fn filled_at_once(bufs: *const uv_buf_t, nbufs: c_uint) -> c_uint {
    let nbufs = nbufs.min(perform::IOV_MAX);
    if bufs.is_null() || nbufs == 1 {
        return nbufs;
    }
    let mut left = MOST_BYTES;
    for i in 0..nbufs {
        // SAFETY: the caller's.
        match left.checked_sub(unsafe { (*bufs.add(i as usize)).len }) {
            Some(rest) => left = rest,
            None => return i.max(1),
        }
    }
    nbufs
}
