//! System calls on descriptors and sockets that more than one handle needs.

use std::mem::MaybeUninit;

use libc::c_int;

use crate::abi::*;

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

/// `O_RDONLY`, `O_WRONLY` or `O_RDWR`: what the descriptor was opened for.
pub(crate) fn access_mode(fd: c_int) -> Result<c_int> {
    // SAFETY: no pointers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 { Err(Errno::last()) } else { Ok(flags & libc::O_ACCMODE) }
}

/// Makes `to` a copy of `fd`, close-on-exec; what `to` was is closed.
pub(crate) fn duplicate_to(fd: c_int, to: c_int) -> Result {
    loop {
        // SAFETY: the caller owns both.
        if unsafe { libc::dup3(fd, to, libc::O_CLOEXEC) } != -1 {
            return Ok(());
        }
        let error = Errno::last();
        if error != Errno::EINTR && error != Errno::EBUSY {
            return Err(error);
        }
    }
}

/// The type of handle for a descriptor that is no terminal.
pub(crate) fn guess(fd: c_int) -> uv_handle_type {
    let mut state = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat fills it in if it succeeds.
    let mode = unsafe {
        if libc::fstat(fd, state.as_mut_ptr()) != 0 {
            return UV_UNKNOWN_HANDLE;
        }
        state.assume_init().st_mode
    };
    match mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFCHR => UV_FILE,
        libc::S_IFIFO => UV_NAMED_PIPE,
        libc::S_IFSOCK => match (option(fd, libc::SO_DOMAIN), option(fd, libc::SO_TYPE)) {
            (Some(libc::AF_INET | libc::AF_INET6), Some(libc::SOCK_STREAM)) => UV_TCP,
            (Some(libc::AF_INET | libc::AF_INET6), Some(libc::SOCK_DGRAM)) => UV_UDP,
            (Some(libc::AF_UNIX), Some(libc::SOCK_STREAM)) => UV_NAMED_PIPE,
            _ => UV_UNKNOWN_HANDLE,
        },
        _ => UV_UNKNOWN_HANDLE,
    }
}

/// An option of the socket level that is a number.
fn option(fd: c_int, name: c_int) -> Option<c_int> {
    let mut value: c_int = 0;
    let mut len = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: `len` is the room there is.
    let result = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut len) };
    (result == 0).then_some(value)
}
