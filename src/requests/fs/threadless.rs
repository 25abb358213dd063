//! File requests for which the system has no thread to give.
//!
//! They are done on the loop's own thread: late, but done, and no dearer than the call without a callback. (A failed close would leak
//! its descriptor, and a watcher would take a failed stat for the end of its file.) What may wait until somebody else acts, maybe a
//! callback of this very loop, fails with `UV_EAGAIN`.

use libc::{S_IFIFO, S_IFMT, S_IFSOCK, c_char, c_int, c_short};

use super::cached;
use crate::abi::*;
use crate::model::request::FsReq;

/// True if a request may have to wait for another process or a callback.
pub(super) fn may_wait(req: FsReq) -> bool {
    let fd = req.file.get();
    // SAFETY: the request's paths (law 2).
    let names_fifo = |path| unsafe { is_fifo(fd, path) };
    match req.fs_type.get() {
        UV_FS_OPEN => req.flags.get() & (libc::O_NONBLOCK | libc::O_PATH) == 0 && names_fifo(req.path.get()),
        UV_FS_COPYFILE => names_fifo(req.path.get()) || names_fifo(req.new_path.get()),
        UV_FS_READ => !is_ready(fd, libc::POLLIN),
        UV_FS_WRITE => takes_part(fd),
        UV_FS_SENDFILE => takes_part(fd) || !is_ready(req.flags.get(), libc::POLLIN),
        _ => false,
    }
}

/// True if a write may wait although there is room for some of it, or if there is none.
fn takes_part(fd: c_int) -> bool {
    matches!(cached::kind(fd), S_IFIFO | S_IFSOCK) || !is_ready(fd, libc::POLLOUT)
}

/// # Safety
/// `path` is a string.
unsafe fn is_fifo(dir: c_int, path: *const c_char) -> bool {
    // SAFETY: all zero bytes are valid; the caller's, and a place for the answer.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstatat(dir, path, &raw mut stat, 0) == 0 && stat.st_mode & S_IFMT == S_IFIFO
    }
}

/// True for regular files, directories and descriptors that are not open, too.
fn is_ready(fd: c_int, events: c_short) -> bool {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one descriptor.
    fd < 0 || unsafe { libc::poll(&raw mut poll, 1, 0) } != 0
}
