//! Opens on the ring: which are not tried there, and what has to be made up for afterwards.
//!
//! The ring opens without waiting. What a plain open waits for, the pool makes up for: it waits for the writer of a FIFO, or opens a
//! device once more. Until then the request keeps the ring's descriptor, so that nobody sees the file closed.

#![deny(unsafe_code)]

use libc::{S_IFCHR, S_IFIFO, c_int};

use super::cached;
use crate::abi::*;
use crate::model::files::FIRST_FD;
use crate::model::request::FsReq;
use crate::op::Submission;
use crate::op::perform::perform;
use crate::sys::fifo;

/// The ring opens without waiting. True if a plain open of this file may wait, and so has to be made, or made up for.
pub(super) fn must_be_repeated(req: FsReq, fd: c_int) -> bool {
    let flags = req.flags.get();
    match cached::kind(fd) {
        // One that is opened for writing has its reader, or would have failed.
        S_IFIFO => flags & libc::O_ACCMODE == libc::O_RDONLY && flags & (libc::O_NONBLOCK | libc::O_PATH) == 0,
        S_IFCHR => flags & (libc::O_NONBLOCK | libc::O_PATH) == 0,
        _ => false,
    }
}

/// Waits for the writer of a FIFO that the ring has opened. False if the request was none of that kind, or that did not work.
pub(super) fn made_up_for(req: FsReq) -> bool {
    let Some(fd) = req.word(FIRST_FD).checked_sub(1) else { return false };
    let fifo = fd as c_int;
    if cached::kind(fifo) != S_IFIFO || fifo::wait_for_writer(fifo).is_err() {
        return false;
    }
    req.set_word(FIRST_FD, 0);
    req.set_result(Ok(fd as isize));
    true
}

/// Takes the ring's descriptor of a device that nobody may open twice. True if the request was for such a one.
pub(super) fn was_possible_once(req: FsReq) -> bool {
    let Some(fd) = req.word(FIRST_FD).checked_sub(1) else { return false };
    if req.result.get() != Errno::EBUSY.0 as isize {
        return false;
    }
    req.set_word(FIRST_FD, 0);
    req.set_result(Ok(fd as isize));
    true
}

/// Closes the descriptor that the ring's open gave, if there is one.
pub(super) fn close_first(req: FsReq) {
    if let Some(fd) = req.word(FIRST_FD).checked_sub(1) {
        req.set_word(FIRST_FD, 0);
        let _ = perform(&Submission::close(fd as c_int));
    }
}
