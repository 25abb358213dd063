//! UDP handles: a datagram socket, made when it is first needed.
//!
//! A handle is active while it receives (`recv_cb` is set and readability wanted) or has requests queued. A request is in
//! `write_queue` until the kernel has taken its datagram or refused it, then in `write_completed_queue` until its callback.
//! `send_queue_size` and `send_queue_count` count both.

pub(crate) mod lend;
mod multicast;
mod receive;
mod send;

use std::ptr;

use libc::{c_int, c_uint, c_void, sockaddr};

use crate::abi::*;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Udp, flag};
use crate::model::io_watcher::{self as io, Part};
use crate::sys::datagram;
use crate::sys::datagram::Address;
use crate::sys::socket;

/// Initialises a UDP handle; the socket is made when it is first needed. Returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_init(r#loop: *mut uv_loop_t, handle: *mut uv_udp_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Udp::from_c(handle).init(Loop::from_c(r#loop), 0) }.into_c()
}

/// Initialises a UDP handle. The low 8 bits of `flags` are the socket's family, `AF_INET` or `AF_INET6`: the socket is made
/// at once; or `AF_UNSPEC`. `UV_UDP_RECVMMSG` asks for several datagrams per system call; the buffers that `alloc_cb`
/// gives should then hold multiples of 64 KiB.
/// `UV_EINVAL` for other flags, and what the system answers to the socket's making. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_init_ex(r#loop: *mut uv_loop_t, handle: *mut uv_udp_t, flags: c_uint) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Udp::from_c(handle).init(Loop::from_c(r#loop), flags) }.into_c()
}

/// Uses an existing datagram socket: IPv4, IPv6, unix, raw … It becomes non-blocking, gets `SO_REUSEADDR` and belongs to
/// the handle. The same as `uv_udp_open_ex` with `UV_UDP_REUSEADDR`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_open(handle: *mut uv_udp_t, sock: uv_os_sock_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.open(sock, UV_UDP_REUSEADDR).into_c()
}

/// Uses an existing datagram socket, which becomes non-blocking and belongs to the handle. `flags` may hold
/// `UV_UDP_REUSEADDR` and `UV_UDP_REUSEPORT`.
/// `UV_EINVAL` for other flags, `UV_EBADF` if the handle is closing, `UV_EBUSY` if it has a socket, `UV_EEXIST`
/// if the loop watches this one already. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_open_ex(handle: *mut uv_udp_t, sock: uv_os_sock_t, flags: c_uint) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.open(sock, flags).into_c()
}

/// Binds the handle to an IPv4 or IPv6 address. `flags`: `UV_UDP_IPV6ONLY`, `UV_UDP_REUSEADDR`, `UV_UDP_REUSEPORT`,
/// `UV_UDP_LINUX_RECVERR` (ICMP errors are reported to `recv_cb`).
/// `UV_EINVAL` for other flags or families, for a family that is not the socket's, and for a handle that is bound;
/// `UV_EADDRINUSE` and whatever else `bind(2)` answers. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_bind(handle: *mut uv_udp_t, addr: *const sockaddr, flags: c_uint) -> c_int {
    // SAFETY: law 1; the caller's address.
    unsafe { Udp::from_c(handle).bind_to(addr, flags) }.into_c()
}

/// Connects the handle: it sends to, and receives from, this address only. NULL takes the connection away.
/// `UV_EISCONN` if it is connected already, `UV_ENOTCONN` if there is no connection to take away, `UV_EINVAL` for a family
/// that is neither IPv4 nor IPv6. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_connect(handle: *mut uv_udp_t, addr: *const sockaddr) -> c_int {
    // SAFETY: law 1; the caller's address, or NULL.
    unsafe { Udp::from_c(handle).connect(addr) }.into_c()
}

/// Writes the address that the handle is connected to to `name`, which has `*namelen` bytes; `*namelen` becomes the
/// address's length. `UV_ENOTCONN` if it is not connected, `UV_EBADF` without a socket. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_getpeername(
    handle: *const uv_udp_t,
    name: *mut sockaddr,
    namelen: *mut c_int,
) -> c_int {
    // SAFETY: law 1; the caller's places.
    unsafe { Udp::from_c(handle).name(libc::getpeername, name, namelen) }.into_c()
}

/// Writes the address that the handle is bound to to `name`, which has `*namelen` bytes; `*namelen` becomes the address's
/// length. `UV_EBADF` without a socket. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_getsockname(
    handle: *const uv_udp_t,
    name: *mut sockaddr,
    namelen: *mut c_int,
) -> c_int {
    // SAFETY: law 1; the caller's places.
    unsafe { Udp::from_c(handle).name(libc::getsockname, name, namelen) }.into_c()
}

impl Udp {
    fn init(self, event_loop: Loop, flags: c_uint) -> Result {
        let (family, flags) = ((flags & 0xff) as c_int, flags & !0xff);
        if !matches!(family, libc::AF_INET | libc::AF_INET6 | libc::AF_UNSPEC) || flags & !UV_UDP_RECVMMSG != 0 {
            return Err(Errno::EINVAL);
        }
        let fd = if family == libc::AF_UNSPEC { -1 } else { datagram::socket(family)? };
        let handle = Handle::from(self);
        handle.init(event_loop, UV_UDP);
        if flags & UV_UDP_RECVMMSG != 0 {
            handle.set(flag::UDP_RECVMMSG);
        }
        self.alloc_cb.set(None);
        self.recv_cb.set(None);
        self.send_queue_size.set(0);
        self.send_queue_count.set(0);
        self.io().init(Part::Udp, fd);
        self.set_internet(fd != -1);
        self.queued().init();
        self.completed().init();
        Ok(())
    }

    fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    /// The first reserved word.
    fn word(self) -> *mut *mut c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw mut (*self.as_ptr()).u).cast() }
    }

    /// True if the socket is one of IPv4 or IPv6, whose datagrams are shorter than 65536 bytes.
    fn is_internet(self) -> bool {
        // SAFETY: law 1.
        !unsafe { self.word().read() }.is_null()
    }

    fn set_internet(self, is_internet: bool) {
        // SAFETY: law 1.
        unsafe { self.word().write(ptr::without_provenance_mut(usize::from(is_internet))) };
    }

    fn event_loop(self) -> Loop {
        Handle::from(self).event_loop()
    }

    /// Another type of handle was cast to this one.
    fn check_type(self) -> Result {
        if self.r#type.get() == UV_UDP { Ok(()) } else { Err(Errno::EINVAL) }
    }

    fn open(self, fd: c_int, flags: c_uint) -> Result {
        if flags & !(UV_UDP_REUSEADDR | UV_UDP_REUSEPORT) != 0 {
            return Err(Errno::EINVAL);
        }
        if Handle::from(self).is_closing() {
            return Err(Errno::EBADF);
        }
        if self.fd() != -1 {
            return Err(Errno::EBUSY);
        }
        if self.event_loop().watches(fd) {
            return Err(Errno::EEXIST);
        }
        socket::set_nonblocking(fd, true)?;
        share_address(fd, flags)?;
        self.io().fd.set(fd);
        self.set_internet(datagram::is_internet(fd));
        if datagram::is_connected(fd) {
            Handle::from(self).set(flag::UDP_CONNECTED);
        }
        Ok(())
    }

    /// # Safety
    /// `addr` is a socket address.
    unsafe fn bind_to(self, addr: *const sockaddr, flags: c_uint) -> Result {
        self.check_type()?;
        // SAFETY: the caller's.
        let address = unsafe { Address::read(addr) }?;
        self.bind(&address, flags)
    }

    fn bind(self, address: &Address, flags: c_uint) -> Result {
        const KNOWN: c_uint = UV_UDP_IPV6ONLY | UV_UDP_REUSEADDR | UV_UDP_REUSEPORT | UV_UDP_LINUX_RECVERR;
        let v6 = address.family() == libc::AF_INET6;
        if !address.is_internet() || flags & !KNOWN != 0 || (flags & UV_UDP_IPV6ONLY != 0 && !v6) {
            return Err(Errno::EINVAL);
        }
        if Handle::from(self).is_closing() {
            return Err(Errno::EBADF);
        }
        if self.fd() == -1 {
            self.io().fd.set(datagram::socket(address.family())?);
            self.set_internet(true);
        }
        let fd = self.fd();
        if flags & UV_UDP_LINUX_RECVERR != 0 {
            let (level, name) =
                if v6 { (libc::SOL_IPV6, libc::IPV6_RECVERR) } else { (libc::SOL_IP, libc::IP_RECVERR) };
            datagram::set_option::<c_int>(fd, level, name, &1)?;
        }
        share_address(fd, flags)?;
        if flags & UV_UDP_IPV6ONLY != 0 {
            datagram::set_option::<c_int>(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &1)?;
        }
        datagram::bind(fd, address).map_err(|error| match error {
            // The address is not of the socket's family.
            Errno::EAFNOSUPPORT => Errno::EINVAL,
            error => error,
        })?;
        Handle::from(self).set(if v6 { flag::BOUND | flag::IPV6 } else { flag::BOUND });
        Ok(())
    }

    /// Gives a handle without a socket one that is bound to any port. A socket that the user made is taken as it is.
    fn bind_if_new(self, family: c_int, flags: c_uint) -> Result {
        match family {
            _ if self.fd() != -1 => Ok(()),
            libc::AF_INET | libc::AF_INET6 => self.bind(&Address::any(family), flags),
            _ => Err(Errno::EINVAL),
        }
    }

    /// # Safety
    /// `addr` is a socket address, or NULL.
    unsafe fn connect(self, addr: *const sockaddr) -> Result {
        self.check_type()?;
        let handle = Handle::from(self);
        let connected = handle.has(flag::UDP_CONNECTED);
        if addr.is_null() {
            if !connected {
                return Err(Errno::ENOTCONN);
            }
            datagram::disconnect(self.fd())?;
            handle.clear(flag::UDP_CONNECTED);
            return Ok(());
        }
        // SAFETY: the caller's.
        let address = unsafe { Address::read(addr) }?;
        if !address.is_internet() {
            return Err(Errno::EINVAL);
        }
        if connected {
            return Err(Errno::EISCONN);
        }
        self.bind_if_new(address.family(), 0)?;
        datagram::connect(self.fd(), &address)?;
        handle.set(flag::UDP_CONNECTED);
        Ok(())
    }

    /// # Safety
    /// `name` has `*len` bytes.
    unsafe fn name(self, call: socket::NameCall, name: *mut sockaddr, len: *mut c_int) -> Result {
        // SAFETY: the caller's.
        unsafe { socket::name(call, Handle::from(self).fileno()?, name, len) }
    }

    /// The handle is active as long as it waits for something.
    fn stop_if_idle(self) {
        if !self.io().wants(io::IN | io::OUT) && !self.lends() {
            Handle::from(self).stop();
        }
    }
}

/// Lets other sockets bind to the address as well.
fn share_address(fd: c_int, flags: c_uint) -> Result {
    for (wanted, name) in [(UV_UDP_REUSEADDR, libc::SO_REUSEADDR), (UV_UDP_REUSEPORT, libc::SO_REUSEPORT)] {
        if flags & wanted != 0 {
            datagram::set_option::<c_int>(fd, libc::SOL_SOCKET, name, &1)?;
        }
    }
    Ok(())
}

pub(crate) fn recv_stop(udp: Udp) -> Result {
    udp.recv_stop()
}

pub(crate) fn close(udp: Udp) {
    lend::stop(udp);
    udp.io().close(udp.event_loop());
    Handle::from(udp).stop();
    let fd = udp.io_watcher.fd.replace(-1);
    if fd > libc::STDERR_FILENO {
        socket::close(fd);
    }
}

/// Ends the requests that are left, those not yet sent with `UV_ECANCELED`.
pub(crate) fn finish_closing(udp: Udp) {
    udp.cancel_queued();
    udp.run_completed();
    udp.alloc_cb.set(None);
    udp.recv_cb.set(None);
    lend::discard(udp);
}

/// The socket is ready, or requests await their callbacks (then as if writable).
pub(crate) fn on_ready(udp: Udp, events: c_uint) {
    // Errors first: a send would meet, and lose its datagram to, the error of an earlier one.
    if events & (io::IN | io::ERR) != 0 {
        udp.receive(0);
    }
    if events & io::ERR != 0 {
        udp.receive(libc::MSG_ERRQUEUE);
    }
    if events & io::OUT != 0 && !Handle::from(udp).is_closing() {
        udp.send_queued();
        udp.run_completed();
    }
}
