//! The file's own position, where the ring reads or writes there. The kernel leaves it where it was (6.18) if a worker does a part and then
//! meets an error, as on a full disk or at the limit of a file's size: the part counts, and the next bytes would be written over it.

use libc::{c_int, off_t};

use super::cached;
use crate::abi::UV_FS_WRITE;
use crate::model::files::BEFORE;
use crate::model::request::FsReq;
use crate::sys::call;

/// Notes it, before the ring is given the request.
pub(super) fn note(req: FsReq) {
    let before = seek(req.file.get(), 0, libc::SEEK_CUR);
    req.set_word(BEFORE, before.map_or(0, |before| before as usize + 1));
}

/// Moves it behind the `result` bytes of a request that was noted, if that is less than was asked for and the kernel has not.
pub(super) fn mend(req: FsReq, result: i32) {
    let Some(before) = req.word(BEFORE).checked_sub(1) else { return };
    req.set_word(BEFORE, 0);
    let done = usize::try_from(result).unwrap_or(0);
    let asked = req.buffers().bytes();
    let fd = req.file.get();
    if (1..asked).contains(&done) && seek(fd, 0, libc::SEEK_CUR) == Some(before as off_t) {
        let appends = req.fs_type.get() == UV_FS_WRITE && cached::open_flags(fd) & libc::O_APPEND != 0;
        let (to, whence) = if appends { (0, libc::SEEK_END) } else { ((before + done) as off_t, libc::SEEK_SET) };
        let _ = seek(fd, to, whence);
    }
}

/// The new position, if the file has one.
fn seek(fd: c_int, to: off_t, whence: c_int) -> Option<off_t> {
    // SAFETY: no pointers.
    call::outcome(unsafe { libc::lseek(fd, to, whence) } as isize).ok().map(|position| position as off_t)
}
