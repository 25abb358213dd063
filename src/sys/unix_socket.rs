//! Sockets of the unix domain and their names.
//!
//! A name is a path, or, beginning with a NUL, a name in the kernel's own ("abstract") space, where every byte counts;
//! the empty name asks for one of these to be made up.

use std::mem::{offset_of, size_of};

use libc::{c_char, c_int, sockaddr, sockaddr_un, socklen_t};

use crate::abi::{Errno, Result};
use crate::sys::call::retry;
use crate::sys::socket;

/// Bytes of the longest name.
pub(crate) const LONGEST: usize = size_of::<sockaddr_un>() - BEFORE;
/// Bytes before the name.
const BEFORE: usize = offset_of!(sockaddr_un, sun_path);

/// An address of the unix domain.
#[repr(C)]
pub(crate) struct Name {
    address: sockaddr_un,
    /// Ends a path that fills the address, for those who look at it as a string (Valgrind does).
    _nul: c_char,
    len: socklen_t,
}

impl Name {
    /// The address with this name, which must fit.
    pub(crate) fn new(name: &[u8]) -> Name {
        // SAFETY: all zero bytes are valid.
        let mut address: sockaddr_un = unsafe { std::mem::zeroed() };
        address.sun_family = libc::AF_UNIX as u16;
        for (to, from) in address.sun_path.iter_mut().zip(name) {
            *to = *from as c_char;
        }
        Name { address, _nul: 0, len: (BEFORE + name.len().min(LONGEST)) as socklen_t }
    }

    /// What the kernel answers to `ask`.
    fn asked(fd: c_int, ask: unsafe extern "C" fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int) -> Result<Name> {
        let mut name = Name::new(b"");
        name.len = size_of::<sockaddr_un>() as socklen_t;
        // SAFETY: `len` is the room there is.
        match unsafe { ask(fd, (&raw mut name.address).cast(), &raw mut name.len) } {
            0 => Ok(name),
            _ => Err(Errno::last()),
        }
    }

    /// The name alone. A path ends before its NUL.
    pub(crate) fn bytes(&self) -> &[u8] {
        // The kernel counts the NUL that follows a path of full length, which lies outside.
        let len = (self.len as usize).saturating_sub(BEFORE).min(LONGEST);
        // SAFETY: chars and bytes are alike, and `len` is at most the array's.
        let all = unsafe { std::slice::from_raw_parts(self.address.sun_path.as_ptr().cast::<u8>(), len) };
        match all {
            [0, ..] => all,
            _ => all.split(|b| *b == 0).next().unwrap_or(all),
        }
    }
}

/// The socket's own name.
pub(crate) fn own_name(fd: c_int) -> Result<Name> {
    Name::asked(fd, libc::getsockname)
}

/// The name of the socket that this one is connected to.
pub(crate) fn peer_name(fd: c_int) -> Result<Name> {
    Name::asked(fd, libc::getpeername)
}

/// A new stream socket, non-blocking.
pub(crate) fn open() -> Result<c_int> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd) }
}

/// A new stream socket, bound to `name`.
pub(crate) fn open_bound(name: &Name) -> Result<c_int> {
    let fd = open()?;
    // SAFETY: an address and its length.
    if unsafe { libc::bind(fd, (&raw const name.address).cast(), name.len) } != 0 {
        let error = Errno::last();
        socket::close(fd);
        return Err(error);
    }
    Ok(fd)
}

/// Connects. A connection that is under way counts as made.
pub(crate) fn connect(fd: c_int, name: &Name) -> Result {
    // SAFETY: an address and its length.
    match retry(|| unsafe { libc::connect(fd, (&raw const name.address).cast(), name.len) }) {
        Err(Errno(e)) if e != -libc::EINPROGRESS => Err(Errno(e)),
        _ => Ok(()),
    }
}

/// Lets the kernel queue up to `backlog` connections.
pub(crate) fn listen(fd: c_int, backlog: c_int) -> Result {
    // SAFETY: no pointers.
    match unsafe { libc::listen(fd, backlog) } {
        0 => Ok(()),
        _ => Err(Errno::last()),
    }
}

/// Gives the socket file at `path` exactly these permissions.
///
/// # Safety
/// `path` is a C string.
pub(crate) unsafe fn chmod(path: *const c_char, mode: libc::mode_t) -> Result {
    // SAFETY: the caller's promise.
    match unsafe { libc::chmod(path, mode) } {
        0 => Ok(()),
        _ => Err(Errno::last()),
    }
}

/// Removes the socket file at `path`, if it is still there.
///
/// # Safety
/// `path` is a C string.
pub(crate) unsafe fn unlink(path: *const c_char) {
    // SAFETY: the caller's promise.
    unsafe { libc::unlink(path) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds() {
        assert_eq!(Name::new(b"a/b").bytes(), b"a/b");
        assert_eq!(Name::new(b"").bytes(), b"");
        assert_eq!(Name::new(b"\0a\0b").bytes(), b"\0a\0b");
        assert_eq!(Name::new(&[b'x'; LONGEST]).bytes(), [b'x'; LONGEST]);
        assert_eq!(Name::new(&[b'x'; 200]).bytes().len(), LONGEST);
    }

    #[test]
    #[cfg_attr(miri, ignore = "unix sockets")]
    fn made_up_name_is_abstract() {
        let fd = open_bound(&Name::new(b"")).unwrap();
        let name = own_name(fd).unwrap();
        assert_eq!((name.bytes().len(), name.bytes()[0]), (6, 0));
        assert!(matches!(peer_name(fd), Err(Errno::ENOTCONN)));
        socket::close(fd);
    }
}
