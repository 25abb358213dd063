//! System calls on descriptors and sockets that more than one handle needs.

use libc::c_int;

/// Closes a descriptor; EINTR and EINPROGRESS count as done, as the kernel has let go of it then.
pub(crate) fn close(fd: c_int) {
    // SAFETY: the caller owns the descriptor.
    unsafe { libc::close(fd) };
}
