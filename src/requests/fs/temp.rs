//! Files and directories with names of their own.

use crate::abi::*;
use crate::model::request::FsReq;
use crate::sys::call::outcome;

pub(super) fn mkdtemp(req: FsReq) -> Result<isize> {
    // SAFETY: our copy.
    let made = unsafe { libc::mkdtemp(req.path.get().cast_mut()) };
    if made.is_null() { Err(Errno::last()) } else { Ok(0) }
}

pub(super) fn mkstemp(req: FsReq) -> Result<isize> {
    let path = req.path.get().cast_mut();
    // SAFETY: our copy.
    let opened = outcome(unsafe { libc::mkostemp(path, libc::O_CLOEXEC) } as isize);
    if opened.is_err() {
        // SAFETY: our copy; there is a NUL at least.
        unsafe { *path = 0 };
    }
    opened
}
