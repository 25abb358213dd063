//! System calls on descriptors and sockets that more than one handle needs.

use libc::c_int;

use crate::abi::{Errno, Result};

/// Closes a descriptor; EINTR and EINPROGRESS count as done, as the kernel has let go of it then.
pub(crate) fn close(fd: c_int) {
    // SAFETY: the caller owns the descriptor.
    unsafe { libc::close(fd) };
}

/// A descriptor that is good for nothing but to be given up, or -1.
pub(crate) fn spare() -> c_int {
    // SAFETY: constant paths.
    unsafe {
        let fd = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd != -1 { fd } else { libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) }
    }
}

/// Makes a descriptor non-blocking, or blocking.
pub(crate) fn set_nonblocking(fd: c_int, on: bool) -> Result {
    let mut on = c_int::from(on);
    loop {
        // SAFETY: FIONBIO reads an int.
        if unsafe { libc::ioctl(fd, libc::FIONBIO, &raw mut on) } == 0 {
            return Ok(());
        }
        let error = Errno::last();
        if error != Errno::EINTR {
            return Err(error);
        }
    }
}
