//! System calls on datagram sockets. Calls that signals interrupt are made again.

use std::mem::{MaybeUninit, size_of, zeroed};
use std::ptr;

use libc::{c_int, c_uint, c_void, mmsghdr, msghdr, sa_family_t, sockaddr, sockaddr_storage, socklen_t};

use crate::abi::{Errno, Result, uv_buf_t};
use crate::sys::call::{outcome, retry_long};

/// A socket address of any family that datagrams are sent to, and its length.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    storage: sockaddr_storage,
    len: socklen_t,
}

impl Address {
    /// The length of an address by its family: Internet addresses and paths. `UV_EINVAL` for other families.
    ///
    /// # Safety
    /// `addr` is a socket address.
    pub(crate) unsafe fn len_of(addr: *const sockaddr) -> Result<socklen_t> {
        // SAFETY: each address begins with its family; programs may pass one in a byte array.
        match c_int::from(unsafe { (&raw const (*addr).sa_family).read_unaligned() }) {
            libc::AF_INET => Ok(size_of::<libc::sockaddr_in>() as socklen_t),
            libc::AF_INET6 => Ok(size_of::<libc::sockaddr_in6>() as socklen_t),
            libc::AF_UNIX => Ok(size_of::<libc::sockaddr_un>() as socklen_t),
            _ => Err(Errno::EINVAL),
        }
    }

    /// A copy of the caller's address. `UV_EINVAL` for families that [`len_of`](Address::len_of) does not know.
    ///
    /// # Safety
    /// `addr` is a socket address.
    pub(crate) unsafe fn read(addr: *const sockaddr) -> Result<Address> {
        // SAFETY: the caller's.
        let len = unsafe { Address::len_of(addr) }?;
        let mut copy = Address { storage: none(), len };
        // SAFETY: an address of that family has that many bytes, and `storage` has room for the longest.
        unsafe { ptr::copy_nonoverlapping(addr.cast::<u8>(), (&raw mut copy.storage).cast(), len as usize) };
        Ok(copy)
    }

    /// All interfaces, any port. `family` is AF_INET or AF_INET6.
    pub(crate) fn any(family: c_int) -> Address {
        let len =
            if family == libc::AF_INET6 { size_of::<libc::sockaddr_in6>() } else { size_of::<libc::sockaddr_in>() };
        let mut address = Address { storage: none(), len: len as socklen_t };
        address.storage.ss_family = family as sa_family_t;
        address
    }

    pub(crate) fn family(&self) -> c_int {
        c_int::from(self.storage.ss_family)
    }

    pub(crate) fn is_internet(&self) -> bool {
        self.family() == libc::AF_INET || self.family() == libc::AF_INET6
    }

    /// For a request to keep.
    pub(crate) fn storage(&self) -> sockaddr_storage {
        self.storage
    }

    fn as_ptr(&self) -> *const sockaddr {
        (&raw const self.storage).cast()
    }
}

fn none() -> sockaddr_storage {
    // SAFETY: zeros are an address without a family.
    unsafe { zeroed() }
}

/// A call's answer, or the error.
/// Makes the call again as long as signals interrupt it.
fn again(call: impl FnMut() -> isize) -> Result<usize> {
    retry_long(call).map(|n| n as usize)
}

/// A new socket, non-blocking and closed on exec.
pub(crate) fn socket(family: c_int) -> Result<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) };
    if fd == -1 { Err(Errno::last()) } else { Ok(fd) }
}

/// Sets an option to a value of the type that the option has.
pub(crate) fn set_option<T>(fd: c_int, level: c_int, name: c_int, value: &T) -> Result {
    // SAFETY: the kernel reads the value and keeps nothing.
    let result = unsafe { libc::setsockopt(fd, level, name, ptr::from_ref(value).cast(), size_of::<T>() as socklen_t) };
    outcome(result as isize).map(drop)
}

/// Binds a socket.
pub(crate) fn bind(fd: c_int, address: &Address) -> Result {
    // SAFETY: the address has that length.
    outcome(unsafe { libc::bind(fd, address.as_ptr(), address.len) } as isize).map(drop)
}

/// Connects a socket.
pub(crate) fn connect(fd: c_int, address: &Address) -> Result {
    // SAFETY: the address has that length.
    again(|| unsafe { libc::connect(fd, address.as_ptr(), address.len) } as isize).map(drop)
}

/// Takes a socket's connection away.
pub(crate) fn disconnect(fd: c_int) -> Result {
    connect(fd, &Address { storage: none(), len: size_of::<sockaddr>() as socklen_t })
}

/// True for a socket of IPv4 or IPv6.
pub(crate) fn is_internet(fd: c_int) -> bool {
    let domain = super::socket::get_option(fd, libc::SOL_SOCKET, libc::SO_DOMAIN);
    matches!(domain, Ok(libc::AF_INET | libc::AF_INET6))
}

/// True if the socket is connected.
pub(crate) fn is_connected(fd: c_int) -> bool {
    let (mut peer, mut len) = (none(), size_of::<sockaddr_storage>() as socklen_t);
    // SAFETY: room for any address, and its length.
    unsafe { libc::getpeername(fd, (&raw mut peer).cast(), &raw mut len) == 0 }
}

/// Describes a message: where to or from, and its parts.
pub(crate) fn message(name: *const sockaddr, len: socklen_t, bufs: *const uv_buf_t, count: usize) -> msghdr {
    // SAFETY: zeros are an empty message.
    let mut message: msghdr = unsafe { zeroed() };
    message.msg_name = name.cast_mut().cast();
    message.msg_namelen = len;
    // A `uv_buf_t` is laid out as an iovec.
    message.msg_iov = bufs.cast_mut().cast();
    message.msg_iovlen = count as _;
    message
}

/// A full queue of the device is no different from a full socket buffer: later there is room.
fn full_is_again(error: Errno) -> Errno {
    if error == Errno::ENOBUFS { Errno::EAGAIN } else { error }
}

/// Sends a message without control data; gives its length. `UV_EAGAIN` if there is no room now.
///
/// # Safety
/// The message's name and buffers are valid.
pub(crate) unsafe fn send(fd: c_int, message: &msghdr) -> Result<usize> {
    // SAFETY: the caller's.
    again(|| unsafe {
        if message.msg_iovlen == 1 {
            // Spares the kernel the copies of header and vector: 0.1 of 2.3 µs for an echo of 64 bytes.
            let part = *message.msg_iov;
            libc::sendto(fd, part.iov_base, part.iov_len, 0, message.msg_name.cast(), message.msg_namelen)
        } else {
            libc::sendmsg(fd, ptr::from_ref(message), 0)
        }
    })
    .map_err(full_is_again)
}

/// Sends messages in order; gives how many were sent, or the error of the first. `UV_EAGAIN` if there is no room now.
///
/// # Safety
/// The messages' names and buffers are valid.
pub(crate) unsafe fn send_many(fd: c_int, messages: &mut [mmsghdr]) -> Result<usize> {
    let count = messages.len() as c_uint;
    // SAFETY: the caller's; the kernel writes the lengths sent.
    again(|| unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), count, 0) } as isize).map_err(full_is_again)
}

/// Receives a message; gives its length.
///
/// # Safety
/// The places for name, data and control data are valid.
pub(crate) unsafe fn receive(fd: c_int, message: &mut msghdr, flags: c_int) -> Result<usize> {
    // SAFETY: the caller's.
    again(|| unsafe { libc::recvmsg(fd, ptr::from_mut(message), flags) })
}

/// Receives a message of one part as `receive` does, cheaper, but does not tell in its flags whether it was cut.
///
/// # Safety
/// The places for name and data are valid.
pub(crate) unsafe fn receive_plain(fd: c_int, message: &mut msghdr) -> Result<usize> {
    // SAFETY: the caller's.
    again(|| unsafe {
        let part = *message.msg_iov;
        libc::recvfrom(fd, part.iov_base, part.iov_len, 0, message.msg_name.cast(), &raw mut message.msg_namelen)
    })
}

/// Receives messages; gives how many.
///
/// # Safety
/// The places for names, data and control data are valid.
pub(crate) unsafe fn receive_many(fd: c_int, messages: &mut [mmsghdr], flags: c_int) -> Result<usize> {
    let count = messages.len() as c_uint;
    // SAFETY: the caller's. No time limit.
    again(|| unsafe { libc::recvmmsg(fd, messages.as_mut_ptr(), count, flags as _, ptr::null_mut()) } as isize)
}

/// Room for the report that comes with a message of a socket's error queue.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ReportRoom([MaybeUninit<u64>; 32]);

impl ReportRoom {
    pub(crate) const fn new() -> ReportRoom {
        ReportRoom([MaybeUninit::uninit(); 32])
    }

    /// Has `message` leave its report here.
    pub(crate) fn lend(&mut self, message: &mut msghdr) {
        message.msg_control = self.0.as_mut_ptr().cast();
        message.msg_controllen = size_of::<ReportRoom>() as _;
    }
}

/// What the error queue says of a message.
pub(crate) struct Report {
    /// The error.
    pub(crate) error: Errno,
    /// Who reported it: a host or router. NULL if unknown; else it lies in the report's room.
    pub(crate) offender: *const sockaddr,
}

/// The report that came with a message.
///
/// # Safety
/// `message` was received, into a `ReportRoom` that is still there.
pub(crate) unsafe fn report(message: &msghdr) -> Option<Report> {
    // SAFETY: the kernel wrote whole control messages, and the macros stay within them.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = next.as_ref() {
            let kind = (header.cmsg_level, header.cmsg_type);
            if kind == (libc::SOL_IP, libc::IP_RECVERR) || kind == (libc::SOL_IPV6, libc::IPV6_RECVERR) {
                let report = libc::CMSG_DATA(next).cast::<libc::sock_extended_err>();
                // The address stands behind the report.
                let offender = report.add(1).cast::<c_void>().cast::<sockaddr>();
                let unknown = c_int::from((*offender).sa_family) == libc::AF_UNSPEC;
                let error = Errno::from_sys((*report).ee_errno as c_int);
                return Some(Report { error, offender: if unknown { ptr::null() } else { offender } });
            }
            next = libc::CMSG_NXTHDR(message, next);
        }
    }
    None
}
