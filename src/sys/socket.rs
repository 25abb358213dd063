//! System calls on descriptors and sockets that more than one handle needs.
//!
//! All are thin: they repeat a call that a signal interrupted, and turn `errno` into an error. Descriptors are plain
//! numbers here; who owns them is the handle's business.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_uint, c_void, sockaddr, sockaddr_in, sockaddr_in6, socklen_t, ssize_t};

use crate::abi::*;
use crate::sys::call::{outcome, retry_long};

/// How many descriptors one message may bring; the kernel drops those beyond.
pub(crate) const MOST_FDS: usize = 64;

/// The most buffers that one system call takes.
pub(crate) const IOV_MAX: usize = libc::UIO_MAXIOV as usize;

/// Room for the control message that carries `N` words, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Control<const N: usize>([MaybeUninit<u8>; N]);

/// Creates a pipe that children do not inherit: `fds[0]` is to read from, `fds[1]` to write to. With `UV_NONBLOCK_PIPE` in
/// `read_flags` or `write_flags` that end is non-blocking. Returns 0 or an error; `fds` is left alone then. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_pipe(fds: *mut uv_file, read_flags: c_int, write_flags: c_int) -> c_int {
    // SAFETY: the call writes two numbers to its own array.
    let make = |pair: &mut [c_int; 2]| unsafe { libc::pipe2(pair.as_mut_ptr(), libc::O_CLOEXEC) };
    // SAFETY: C gives room for two descriptors.
    unsafe { pair(make, fds, [read_flags, write_flags]) }.into_c()
}

/// Creates two connected unix domain sockets of the given `type` and `protocol` that children do not inherit. With
/// `UV_NONBLOCK_PIPE` in `flags0` or `flags1` that socket is non-blocking. Returns 0 or an error; `socket_vector` is left
/// alone then. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_socketpair(
    r#type: c_int,
    protocol: c_int,
    socket_vector: *mut uv_os_sock_t,
    flags0: c_int,
    flags1: c_int,
) -> c_int {
    let kind = r#type | libc::SOCK_CLOEXEC;
    // SAFETY: the call writes two numbers to its own array.
    let make = |pair: &mut [c_int; 2]| unsafe { libc::socketpair(libc::AF_UNIX, kind, protocol, pair.as_mut_ptr()) };
    // SAFETY: C gives room for two descriptors.
    unsafe { pair(make, socket_vector, [flags0, flags1]) }.into_c()
}

/// Makes two descriptors, non-blocking where the flags say so, and hands them over.
///
/// # Safety
/// `to` has room for two.
unsafe fn pair(make: impl Fn(&mut [c_int; 2]) -> c_int, to: *mut c_int, flags: [c_int; 2]) -> Result {
    let mut fds = [-1; 2];
    check(make(&mut fds))?;
    for (fd, flags) in fds.into_iter().zip(flags) {
        if flags & UV_NONBLOCK_PIPE as c_int != 0
            && let Err(e) = set_nonblocking(fd, true)
        {
            fds.into_iter().for_each(close);
            return Err(e);
        }
    }
    // SAFETY: the caller's.
    unsafe { to.cast::<[c_int; 2]>().write_unaligned(fds) };
    Ok(())
}

fn check(result: c_int) -> Result<c_int> {
    outcome(result as isize).map(|value| value as c_int)
}

/// Calls until no signal interrupts.
fn repeat(call: impl FnMut() -> ssize_t) -> Result<usize> {
    retry_long(call).map(|n| n as usize)
}

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
    let on = c_int::from(on);
    // SAFETY: FIONBIO reads an int.
    repeat(|| unsafe { libc::ioctl(fd, libc::FIONBIO, &raw const on) } as ssize_t)?;
    Ok(())
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
    let option = |name| get_option(fd, libc::SOL_SOCKET, name);
    match mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFCHR => UV_FILE,
        libc::S_IFIFO => UV_NAMED_PIPE,
        libc::S_IFSOCK => match (option(libc::SO_DOMAIN), option(libc::SO_TYPE)) {
            (Ok(libc::AF_INET | libc::AF_INET6), Ok(libc::SOCK_STREAM)) => UV_TCP,
            (Ok(libc::AF_INET | libc::AF_INET6), Ok(libc::SOCK_DGRAM)) => UV_UDP,
            (Ok(libc::AF_UNIX), Ok(libc::SOCK_STREAM)) => UV_NAMED_PIPE,
            _ => UV_UNKNOWN_HANDLE,
        },
        _ => UV_UNKNOWN_HANDLE,
    }
}

/// A new stream socket, non-blocking, closed on exec.
pub(crate) fn stream_socket(family: c_int) -> Result<c_int> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) })
}

/// The length of an internet address by its family; `UV_EINVAL` for other families.
///
/// # Safety
/// `addr` is NULL or points to an address that is as long as its family says.
pub(crate) unsafe fn address_len(addr: *const sockaddr) -> Result<socklen_t> {
    if addr.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    match c_int::from(unsafe { (&raw const (*addr).sa_family).read_unaligned() }) {
        libc::AF_INET => Ok(size_of::<sockaddr_in>() as socklen_t),
        libc::AF_INET6 => Ok(size_of::<sockaddr_in6>() as socklen_t),
        _ => Err(Errno::EINVAL),
    }
}

/// Binds a socket.
///
/// # Safety
/// `addr` has `len` bytes.
pub(crate) unsafe fn bind(fd: c_int, addr: *const sockaddr, len: socklen_t) -> Result {
    // SAFETY: the caller's.
    check(unsafe { libc::bind(fd, addr, len) })?;
    Ok(())
}

/// Starts connecting a socket. `UV_EINPROGRESS` is what a non-blocking one mostly gives.
///
/// # Safety
/// `addr` has `len` bytes.
pub(crate) unsafe fn connect(fd: c_int, addr: *const sockaddr, len: socklen_t) -> Result {
    // SAFETY: the caller's.
    repeat(|| unsafe { libc::connect(fd, addr, len) } as ssize_t)?;
    Ok(())
}

/// `connect` has begun and goes on.
pub(crate) const EINPROGRESS: Errno = Errno::from_sys(libc::EINPROGRESS);

/// Has the kernel queue connections.
pub(crate) fn listen(fd: c_int, backlog: c_int) -> Result {
    // SAFETY: no memory is involved.
    check(unsafe { libc::listen(fd, backlog) })?;
    Ok(())
}

/// Takes a connection, non-blocking and closed on exec.
pub(crate) fn accept(fd: c_int) -> Result<c_int> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no address is asked for.
    repeat(|| unsafe { libc::accept4(fd, ptr::null_mut(), ptr::null_mut(), flags) } as ssize_t).map(|fd| fd as c_int)
}

/// Shuts the write side down.
pub(crate) fn shutdown_write(fd: c_int) -> Result {
    // SAFETY: no memory is involved.
    check(unsafe { libc::shutdown(fd, libc::SHUT_WR) })?;
    Ok(())
}

/// The error that the socket has met, which is forgotten by asking.
pub(crate) fn take_error(fd: c_int) -> Result {
    match get_option(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        errno => Err(Errno::from_sys(errno)),
    }
}

/// Sets an option whose value is an int.
pub(crate) fn set_option(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result {
    let len = size_of::<c_int>() as socklen_t;
    // SAFETY: the value is as long as said.
    check(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), len) })?;
    Ok(())
}

/// Asks for an option whose value is an int.
pub(crate) fn get_option(fd: c_int, level: c_int, name: c_int) -> Result<c_int> {
    let mut value: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    // SAFETY: the value is as long as said.
    check(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut len) })?;
    Ok(value)
}

/// Has `close` drop the connection with a reset.
pub(crate) fn reset_on_close(fd: c_int) -> Result {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let (value, len) = ((&raw const linger).cast::<c_void>(), size_of::<libc::linger>() as socklen_t);
    // SAFETY: the value is as long as said.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, value, len) })?;
    Ok(())
}

/// Has small writes go out at once, or not.
pub(crate) fn set_nodelay(fd: c_int, on: bool) -> Result {
    set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, c_int::from(on))
}

/// Has the kernel ask after a silent peer, or not. `times`: idle, interval, count, in seconds but for the last.
pub(crate) fn set_keepalive(fd: c_int, on: bool, times: [c_uint; 3]) -> Result {
    set_option(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, c_int::from(on))?;
    if on && times.contains(&0) {
        return Err(Errno::EINVAL);
    }
    if on {
        let names = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];
        for (name, value) in names.into_iter().zip(times) {
            set_option(fd, libc::IPPROTO_TCP, name, c_int::try_from(value).unwrap_or(c_int::MAX))?;
        }
    }
    Ok(())
}

/// `getsockname` or `getpeername`.
pub(crate) type NameCall = unsafe extern "C" fn(c_int, *mut sockaddr, *mut socklen_t) -> c_int;

/// Asks for an address.
///
/// # Safety
/// `name` has `*namelen` bytes; it may be shorter than the address.
pub(crate) unsafe fn name(call: NameCall, fd: c_int, name: *mut sockaddr, namelen: *mut c_int) -> Result {
    // SAFETY: the caller's.
    unsafe {
        let mut len = *namelen as socklen_t;
        check(call(fd, name, &raw mut len))?;
        *namelen = len as c_int;
    }
    Ok(())
}

/// True if a write would not block (or would meet an error) now.
pub(crate) fn is_writable(fd: c_int) -> bool {
    poll_out(fd, 0)
}

/// Waits until a write would not block.
pub(crate) fn wait_writable(fd: c_int) {
    while !poll_out(fd, -1) {}
}

fn poll_out(fd: c_int, timeout: c_int) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one entry.
    unsafe { libc::poll(&raw mut poll, 1, timeout) == 1 }
}

/// True for a stream socket, save SCTP's: what one read leaves, the next one brings. Others keep the boundaries of messages, or may,
/// so that too short a read can lose the rest of one: devices, terminals, and pipes, whose writers set `O_DIRECT` at their own end.
pub(crate) fn is_byte_stream(fd: c_int) -> bool {
    let option = |name| get_option(fd, libc::SOL_SOCKET, name);
    option(libc::SO_TYPE) == Ok(libc::SOCK_STREAM) && option(libc::SO_PROTOCOL) != Ok(libc::IPPROTO_SCTP)
}

/// Bytes that can be read now, or 0 if that cannot be told.
pub(crate) fn available(fd: c_int) -> usize {
    let mut count: c_int = 0;
    // SAFETY: FIONREAD writes an int.
    match unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) } {
        0 => usize::try_from(count).unwrap_or(0),
        _ => 0,
    }
}

/// Reads into the user's buffer; 0 is the end.
///
/// # Safety
/// The buffer is writable (law 4).
pub(crate) unsafe fn read(fd: c_int, buf: &uv_buf_t) -> Result<usize> {
    // SAFETY: the caller's.
    repeat(|| unsafe { libc::read(fd, buf.base.cast(), buf.len) })
}

/// Reads into the user's buffers, as many as one call takes; 0 is the end.
///
/// # Safety
/// `bufs` has `count` buffers, all writable (law 4).
pub(crate) unsafe fn read_many(fd: c_int, bufs: *const uv_buf_t, count: usize) -> Result<usize> {
    // SAFETY: the caller's; a buffer is laid out as an iovec.
    repeat(|| unsafe { libc::readv(fd, bufs.cast(), count.min(IOV_MAX) as c_int) })
}

/// Writes the user's buffers, as many as one call takes; gives how many bytes the kernel took.
///
/// # Safety
/// `bufs` has `count` buffers, all readable (law 4).
pub(crate) unsafe fn write(fd: c_int, bufs: *const uv_buf_t, count: usize) -> Result<usize> {
    // SAFETY: the caller's; a buffer is laid out as an iovec.
    repeat(|| unsafe {
        match count {
            1 => libc::write(fd, (*bufs).base.cast(), (*bufs).len),
            _ => libc::writev(fd, bufs.cast(), count.min(IOV_MAX) as c_int),
        }
    })
}

/// As [`write()`], and passes a descriptor along.
///
/// # Safety
/// As [`write()`].
pub(crate) unsafe fn write_with_fd(fd: c_int, bufs: *const uv_buf_t, count: usize, passed: c_int) -> Result<usize> {
    const LEN: c_uint = size_of::<c_int>() as c_uint;
    // SAFETY: a constant of the macro's arithmetic.
    const SPACE: usize = unsafe { libc::CMSG_SPACE(LEN) } as usize;
    let mut control = Control([MaybeUninit::<u8>::zeroed(); SPACE]);
    // SAFETY: all zeroes are a message without anything.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = bufs.cast_mut().cast();
    message.msg_iovlen = count.min(IOV_MAX) as _;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = SPACE as _;
    // SAFETY: the control buffer has room for one header with one int.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(LEN) as _;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(passed);
    }
    // SAFETY: the caller's, and the message above.
    repeat(|| unsafe { libc::sendmsg(fd, &raw const message, 0) })
}

/// Descriptors that a message brought.
pub(crate) struct Passed {
    fds: [c_int; MOST_FDS],
    count: usize,
}

impl Passed {
    pub(crate) fn as_slice(&self) -> &[c_int] {
        &self.fds[..self.count]
    }
}

/// Reads into the user's buffer, and takes the descriptors that come with what is read.
///
/// # Safety
/// The buffer is writable (law 4).
pub(crate) unsafe fn read_with_fds(fd: c_int, buf: &uv_buf_t) -> Result<(usize, Passed)> {
    const LEN: c_uint = (MOST_FDS * size_of::<c_int>()) as c_uint;
    // SAFETY: a constant of the macro's arithmetic.
    const SPACE: usize = unsafe { libc::CMSG_SPACE(LEN) } as usize;
    let mut control = Control([MaybeUninit::<u8>::zeroed(); SPACE]);
    let mut iov = libc::iovec { iov_base: buf.base.cast(), iov_len: buf.len };
    // SAFETY: all zeroes are a message without anything.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut iov;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = SPACE as _;
    let at = &raw mut message;
    // SAFETY: the caller's, and the message above.
    let n = repeat(|| unsafe { libc::recvmsg(fd, at, libc::MSG_CMSG_CLOEXEC) })?;
    let mut passed = Passed { fds: [-1; MOST_FDS], count: 0 };
    // SAFETY: the kernel has filled the control buffer with whole messages and set its length.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let data = libc::CMSG_DATA(header).cast::<c_int>();
                let bytes = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for i in 0..(bytes / size_of::<c_int>()).min(MOST_FDS - passed.count) {
                    passed.fds[passed.count] = data.add(i).read_unaligned();
                    passed.count += 1;
                }
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Ok((n, passed))
}
