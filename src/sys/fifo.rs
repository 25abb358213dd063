//! Waiting for the writer of a FIFO that was opened for reading without waiting.

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, pollfd};

use crate::abi::{Errno, Result};
use crate::sys::call;
use crate::sys::inotify;

/// Waits as the open itself would have done: until the FIFO has a writer, or has had one. With the descriptor that there is and not
/// by a second open: a writer may have come, written and left in between, for whom that would wait in vain.
pub(crate) fn wait_for_writer(fifo: c_int) -> Result {
    let opened = watch(fifo)?;
    let scratch = scratch()?;
    loop {
        // In this order: who comes after the look is seen by the wait.
        if has_writer(fifo, scratch[1].as_raw_fd())? || wait(fifo, opened.as_raw_fd())? {
            return Ok(());
        }
    }
}

/// An inotify descriptor that tells of everyone who opens the FIFO.
fn watch(fifo: c_int) -> Result<OwnedFd> {
    let mut path = [0; 32];
    write!(&mut path[..], "/proc/self/fd/{fifo}\0").map_err(|_| Errno::ENAMETOOLONG)?;
    // SAFETY: a fresh descriptor of our own.
    let opened = unsafe { OwnedFd::from_raw_fd(inotify::open()?) };
    let path = CStr::from_bytes_until_nul(&path).map_err(|_| Errno::ENAMETOOLONG)?;
    inotify::add(opened.as_raw_fd(), path, libc::IN_OPEN)?;
    Ok(opened)
}

/// A pipe.
fn scratch() -> Result<[OwnedFd; 2]> {
    let ends = call::pipe(0)?;
    // SAFETY: fresh descriptors of our own.
    Ok(ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Whether the FIFO has a writer now, or data. Nothing is taken from it: what `tee` copies goes away with the scratch pipe.
fn has_writer(fifo: c_int, scratch: c_int) -> Result<bool> {
    // SAFETY: no pointers.
    let copied = unsafe { libc::tee(fifo, scratch, 1, libc::SPLICE_F_NONBLOCK) };
    match copied {
        1.. => Ok(true),
        0 => Ok(false),
        // Nothing to copy, but there may be.
        _ if Errno::last() == Errno::EAGAIN => Ok(true),
        _ => Err(Errno::last()),
    }
}

/// Waits until someone opens the FIFO. True if there has been a writer: it left data, or hung up.
fn wait(fifo: c_int, opened: c_int) -> Result<bool> {
    let mut polled = [fifo, opened].map(|fd| pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: the array outlives the call and has the length given.
    if unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) } < 0 && Errno::last() != Errno::EINTR {
        return Err(Errno::last());
    }
    let mut records = [0; inotify::LONGEST];
    // SAFETY: our own buffer, with its length. There may be nothing to read.
    let _ = unsafe { inotify::read(opened, records.as_mut_ptr(), records.len()) };
    Ok(polled[0].revents != 0)
}
