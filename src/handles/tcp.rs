//! TCP handles.

use libc::{c_int, c_uint, sockaddr, sockaddr_in6, socklen_t};

use crate::abi::*;
use crate::handles::stream::{ready, state};
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Tcp, flag};
use crate::model::request::Connect;
use crate::os::net_if;
use crate::sys::socket;

/// Initialises a TCP handle. There is no socket yet. Always returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_init(r#loop: *mut uv_loop_t, handle: *mut uv_tcp_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { init(Loop::from_c(r#loop), Tcp::from_c(handle), libc::AF_UNSPEC as c_uint) }.into_c()
}

/// Initialises a TCP handle and, unless the lower eight bits of `flags` are `AF_UNSPEC`, creates its socket: `AF_INET` or
/// `AF_INET6`. Returns 0; `UV_EINVAL` for other flags; or an error, and the handle is not initialised. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_init_ex(r#loop: *mut uv_loop_t, handle: *mut uv_tcp_t, flags: c_uint) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { init(Loop::from_c(r#loop), Tcp::from_c(handle), flags) }.into_c()
}

/// Makes an existing stream socket the handle's, which makes it non-blocking and, with `uv_close`, closes it.
///
/// Returns 0; `UV_EEXIST` if another handle of the loop watches it; `UV_EBUSY` if the handle has another socket; or another
/// error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_open(handle: *mut uv_tcp_t, sock: uv_os_sock_t) -> c_int {
    // SAFETY: law 1.
    open(unsafe { Tcp::from_c(handle) }, sock).into_c()
}

/// Sends small pieces at once (`TCP_NODELAY`), or, with `enable` 0, gathers them. Without a socket it is set when there is
/// one. Returns 0 or an error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_nodelay(handle: *mut uv_tcp_t, enable: c_int) -> c_int {
    // SAFETY: law 1.
    nodelay(unsafe { Tcp::from_c(handle) }, enable != 0).into_c()
}

/// Has the kernel probe an idle connection after `delay` seconds, ten times at intervals of one second; with `enable` 0 it
/// does not. A connection that answers none ends with `UV_ETIMEDOUT`. Set without a socket, the delay will be 60 seconds.
///
/// Returns 0; `UV_EINVAL` for a delay of 0; or another error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_keepalive(handle: *mut uv_tcp_t, enable: c_int, delay: c_uint) -> c_int {
    // SAFETY: law 1.
    keepalive(unsafe { Tcp::from_c(handle) }, enable != 0, [delay, 1, 10]).into_c()
}

/// As `uv_tcp_keepalive`: the first probe after `idle` seconds, then one every `intvl` seconds, `cnt` in all.
///
/// Returns 0; `UV_EINVAL` if one of them is 0 while `on` is not; or another error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_keepalive_ex(
    handle: *mut uv_tcp_t,
    on: c_int,
    idle: c_uint,
    intvl: c_uint,
    cnt: c_uint,
) -> c_int {
    // SAFETY: law 1.
    keepalive(unsafe { Tcp::from_c(handle) }, on != 0, [idle, intvl, cnt]).into_c()
}

/// A setting of Windows, without effect. Always returns 0. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_tcp_simultaneous_accepts(_handle: *mut uv_tcp_t, _enable: c_int) -> c_int {
    0
}

/// Binds the handle to an IPv4 or IPv6 address. `flags`: `UV_TCP_IPV6ONLY` keeps an IPv6 socket from taking IPv4
/// connections, `UV_TCP_REUSEPORT` lets several sockets that all ask for it share the port.
///
/// Returns 0, also if the address is in use: `uv_listen` or the callback of `uv_tcp_connect` tells. `UV_EINVAL` for a
/// closing or bound handle or one of another type, another family, or `UV_TCP_IPV6ONLY` with IPv4; or another error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_bind(handle: *mut uv_tcp_t, addr: *const sockaddr, flags: c_uint) -> c_int {
    // SAFETY: law 1, and C gives an address.
    unsafe { bind(Tcp::from_c(handle), addr, flags) }.into_c()
}

/// Gets the handle's own address. `namelen` says how many bytes `name` has and becomes the length of the address.
/// Returns 0; `UV_EBADF` without a socket; the error of an earlier bind; or another error. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_getsockname(
    handle: *const uv_tcp_t,
    name: *mut sockaddr,
    namelen: *mut c_int,
) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { address(Tcp::from_c(handle), libc::getsockname, name, namelen) }.into_c()
}

/// As `uv_tcp_getsockname`, for the address of the peer. `UV_ENOTCONN` if there is none. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_getpeername(
    handle: *const uv_tcp_t,
    name: *mut sockaddr,
    namelen: *mut c_int,
) -> c_int {
    // SAFETY: law 1, and the caller's place for the answer.
    unsafe { address(Tcp::from_c(handle), libc::getpeername, name, namelen) }.into_c()
}

/// As `uv_close`, but the peer is told by a reset, and what was not sent is lost. `UV_EINVAL` while a `uv_shutdown` is
/// under way, or another error: the handle is not closed then. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_close_reset(handle: *mut uv_tcp_t, close_cb: uv_close_cb) -> c_int {
    // SAFETY: law 1.
    close_reset(unsafe { Tcp::from_c(handle) }, close_cb).into_c()
}

/// Connects to an IPv4 or IPv6 address. `cb` is called with 0 or an error, never from inside this call.
///
/// Returns 0; `UV_EALREADY` if the handle is connecting; `UV_EINVAL` for another family, and for a closing handle or one of another
/// type; or the error of
/// the system, save `UV_ECONNREFUSED` and that of an earlier bind, which `cb` gets. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_tcp_connect(
    req: *mut uv_connect_t,
    handle: *mut uv_tcp_t,
    addr: *const sockaddr,
    cb: uv_connect_cb,
) -> c_int {
    // SAFETY: laws 1 and 2, and C gives an address.
    unsafe { connect(Connect::from_c(req), Tcp::from_c(handle), addr, cb) }.into_c()
}

fn init(event_loop: Loop, tcp: Tcp, flags: c_uint) -> Result {
    let fd = match flags as c_int {
        libc::AF_UNSPEC => -1,
        family @ (libc::AF_INET | libc::AF_INET6) => socket::stream_socket(family)?,
        _ => return Err(Errno::EINVAL),
    };
    state::init(tcp.into(), event_loop, UV_TCP);
    if fd == -1 { Ok(()) } else { state::open(tcp.into(), fd, 0) }
}

fn open(tcp: Tcp, fd: c_int) -> Result {
    if Handle::from(tcp).event_loop().watches(fd) {
        return Err(Errno::EEXIST);
    }
    socket::set_nonblocking(fd, true)?;
    state::open(tcp.into(), fd, flag::READABLE | flag::WRITABLE)
}

/// Makes sure that there is a socket, and adds `flags`.
fn need_socket(tcp: Tcp, family: c_int, flags: c_uint) -> Result {
    if tcp.io_watcher.fd.get() != -1 {
        Handle::from(tcp).set(flags);
        return Ok(());
    }
    let fd = socket::stream_socket(family)?;
    let opened = state::open(tcp.into(), fd, flags);
    if opened.is_err() {
        socket::close(fd);
    }
    opened
}

fn nodelay(tcp: Tcp, on: bool) -> Result {
    let fd = tcp.io_watcher.fd.get();
    if fd != -1 {
        socket::set_nodelay(fd, on)?;
    }
    remember(tcp, flag::TCP_NODELAY, on);
    Ok(())
}

fn remember(tcp: Tcp, option: c_uint, on: bool) {
    if on { Handle::from(tcp).set(option) } else { Handle::from(tcp).clear(option) }
}

fn keepalive(tcp: Tcp, on: bool, times: [c_uint; 3]) -> Result {
    let fd = tcp.io_watcher.fd.get();
    if fd != -1 {
        socket::set_keepalive(fd, on, times)?;
    }
    remember(tcp, flag::TCP_KEEPALIVE, on);
    Ok(())
}

/// # Safety
/// `addr` is NULL or an address.
unsafe fn bind(tcp: Tcp, addr: *const sockaddr, flags: c_uint) -> Result {
    if !is_tcp(tcp) || Handle::from(tcp).is_closing() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let (len, is_ipv6) = unsafe { family(addr) }?;
    if flags & UV_TCP_IPV6ONLY != 0 && !is_ipv6 {
        return Err(Errno::EINVAL);
    }
    need_socket(tcp, if is_ipv6 { libc::AF_INET6 } else { libc::AF_INET }, 0)?;
    let fd = tcp.io_watcher.fd.get();
    socket::set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    if flags & UV_TCP_REUSEPORT != 0 {
        socket::set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    }
    if is_ipv6 {
        let only = c_int::from(flags & UV_TCP_IPV6ONLY != 0);
        socket::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, only)?;
    }
    // SAFETY: the caller's.
    let error = match unsafe { socket::bind(fd, addr, len) } {
        Ok(()) => 0,
        // Told when it matters.
        Err(Errno::EADDRINUSE) => Errno::EADDRINUSE.0,
        // An address of the other family than the socket's.
        Err(Errno::EAFNOSUPPORT) => return Err(Errno::EINVAL),
        Err(e) => return Err(e),
    };
    tcp.delayed_error.set(error);
    Handle::from(tcp).set(flag::BOUND | if is_ipv6 { flag::IPV6 } else { 0 });
    Ok(())
}

/// False for a handle of another type that was cast to this one.
fn is_tcp(tcp: Tcp) -> bool {
    tcp.r#type.get() == UV_TCP
}

/// The length of an address, and whether it is IPv6.
///
/// # Safety
/// `addr` is NULL or an address.
unsafe fn family(addr: *const sockaddr) -> Result<(socklen_t, bool)> {
    // SAFETY: the caller's.
    let len = unsafe { socket::address_len(addr) }?;
    Ok((len, len as usize == size_of::<sockaddr_in6>()))
}

/// # Safety
/// `name` has `*namelen` bytes.
unsafe fn address(tcp: Tcp, call: socket::NameCall, name: *mut sockaddr, namelen: *mut c_int) -> Result {
    match tcp.delayed_error.get() {
        // SAFETY: the caller's.
        0 => unsafe { socket::name(call, Handle::from(tcp).fileno()?, name, namelen) },
        error => Err(Errno(error)),
    }
}

/// `uv_listen` on a TCP handle.
pub(crate) fn listen(tcp: Tcp, backlog: c_int) -> Result {
    if tcp.delayed_error.get() != 0 {
        return Err(Errno(tcp.delayed_error.get()));
    }
    need_socket(tcp, libc::AF_INET, 0)?;
    socket::listen(tcp.io_watcher.fd.get(), backlog)?;
    Handle::from(tcp).set(flag::BOUND);
    Ok(())
}

fn close_reset(tcp: Tcp, close_cb: uv_close_cb) -> Result {
    if !tcp.shutdown_req.get().is_null() {
        return Err(Errno::EINVAL);
    }
    socket::reset_on_close(tcp.io_watcher.fd.get())?;
    let handle = Handle::from(tcp);
    handle.start_closing(close_cb);
    ready::close(tcp.into());
    handle.close_later();
    Ok(())
}

/// # Safety
/// `addr` is NULL or an address.
unsafe fn connect(req: Connect, tcp: Tcp, addr: *const sockaddr, cb: uv_connect_cb) -> Result {
    if !is_tcp(tcp) || Handle::from(tcp).is_closing() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let (len, is_ipv6) = unsafe { family(addr) }?;
    if !tcp.connect_req.get().is_null() {
        return Err(Errno::EALREADY);
    }
    if tcp.delayed_error.get() != 0 {
        return state::connecting(tcp.into(), req, cb, Err(Errno(tcp.delayed_error.get())));
    }
    let domain = if is_ipv6 { libc::AF_INET6 } else { libc::AF_INET };
    need_socket(tcp, domain, flag::READABLE | flag::WRITABLE)?;
    let fd = tcp.io_watcher.fd.get();
    let begun = if is_ipv6 {
        // SAFETY: the caller's; the family says what it is.
        let addr = with_scope(unsafe { addr.cast::<sockaddr_in6>().read_unaligned() });
        // SAFETY: an address of our own.
        unsafe { socket::connect(fd, (&raw const addr).cast(), len) }
    } else {
        // SAFETY: the caller's.
        unsafe { socket::connect(fd, addr, len) }
    };
    match begun {
        Ok(()) | Err(socket::EINPROGRESS) => state::connecting(tcp.into(), req, cb, Ok(())),
        Err(Errno::ECONNREFUSED) => state::connecting(tcp.into(), req, cb, Err(Errno::ECONNREFUSED)),
        Err(e) => Err(e),
    }
}

/// A link-local address does not say on which link: the first interface that has one.
fn with_scope(mut addr: sockaddr_in6) -> sockaddr_in6 {
    let [a, b, ..] = addr.sin6_addr.s6_addr;
    if a == 0xfe && b & 0xc0 == 0x80 && addr.sin6_scope_id == 0 {
        addr.sin6_scope_id = net_if::link_local_scope();
    }
    addr
}
