//! Sending.
//!
//! A datagram goes out inside `uv_udp_send` if nothing is queued before it; its callback comes later all the same. Others
//! wait until the socket is writable and then go out many to a system call. A datagram that the kernel refuses fails alone:
//! those behind it go out.

use std::mem::zeroed;
use std::ptr;

use libc::{AF_UNSPEC, c_int, c_uint, mmsghdr, msghdr, sa_family_t, sockaddr};

use crate::abi::*;
use crate::base::buffers::{self, Buffers};
use crate::callback;
use crate::handles::sending;
use crate::model::handle::{Handle, Udp, flag};
use crate::model::io_watcher as io;
use crate::model::request::{Req, UdpSend};
use crate::op::check_buffers;
use crate::sys::datagram;
use crate::sys::datagram::Address;

/// How many datagrams go to one system call.
const BATCH: usize = 20;

/// Sends a datagram made of `nbufs` buffers to `addr`, which is an IPv4, IPv6 or unix address, or NULL if the handle is
/// connected. The array of buffers is copied, what they point to must stay until `send_cb`, which may be NULL, is called:
/// with 0, or the error, or `UV_ECANCELED` if the handle was closed first. A handle without a socket is bound to any port.
/// `UV_EINVAL` without buffers and for more than 1048576, `UV_EISCONN` for an address on a connected handle,
/// `UV_EDESTADDRREQ` for none on one that is not, `UV_ENOMEM`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_send(
    req: *mut uv_udp_send_t,
    handle: *mut uv_udp_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    addr: *const sockaddr,
    send_cb: uv_udp_send_cb,
) -> c_int {
    // SAFETY: laws 1 and 2; the caller's buffers and address.
    unsafe { Udp::from_c(handle).send(UdpSend::from_c(req), bufs, nbufs, addr, send_cb) }.into_c()
}

/// Sends a datagram now or not at all. Arguments and errors are those of `uv_udp_send`, and `UV_EAGAIN` if requests are
/// queued or the socket has no room. Gives the datagram's length in bytes. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_try_send(
    handle: *mut uv_udp_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    addr: *const sockaddr,
) -> c_int {
    // SAFETY: law 1; the caller's buffers and address.
    unsafe { Udp::from_c(handle).try_send(bufs, nbufs, addr) }.into_c()
}

/// Sends `count` datagrams now, as many as there is room for: datagram i is made of `nbufs[i]` buffers at `bufs[i]` and goes
/// to `addrs[i]`, or to the handle's peer if that is NULL. Gives how many were sent, or the first one's error; `UV_EAGAIN`
/// if requests are queued or the socket has no room. Nothing is sent if one of them has arguments that `uv_udp_send` refuses,
/// whose error is given; `UV_EINVAL` for a `count` of 0, `flags` other than 0 and a handle without a socket. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_try_send2(
    handle: *mut uv_udp_t,
    count: c_uint,
    bufs: *mut *mut uv_buf_t,
    nbufs: *mut c_uint,
    addrs: *mut *mut sockaddr,
    flags: c_uint,
) -> c_int {
    // SAFETY: law 1; the caller's arrays.
    unsafe { Udp::from_c(handle).try_send_many(count, bufs, nbufs, addrs, flags) }.into_c()
}

impl Udp {
    /// Checks what is to be sent, and copies the address.
    ///
    /// # Safety
    /// `bufs` has `nbufs` buffers, if that is a count which passes; `addr` is a socket address, or NULL.
    unsafe fn check(self, bufs: *const uv_buf_t, nbufs: c_uint, addr: *const sockaddr) -> Result<Option<Address>> {
        self.check_type()?;
        let connected = Handle::from(self).has(flag::UDP_CONNECTED);
        if addr.is_null() && !connected {
            return Err(Errno::EDESTADDRREQ);
        }
        if !addr.is_null() && connected {
            return Err(Errno::EISCONN);
        }
        // SAFETY: the caller's.
        unsafe {
            let address = if addr.is_null() { None } else { Some(Address::read(addr)?) };
            check_buffers(bufs, nbufs)?;
            Ok(address)
        }
    }

    /// # Safety
    /// `bufs` has `nbufs` buffers; `addr` is a socket address, or NULL.
    unsafe fn send(
        self,
        req: UdpSend,
        bufs: *const uv_buf_t,
        nbufs: c_uint,
        addr: *const sockaddr,
        send_cb: uv_udp_send_cb,
    ) -> Result {
        // SAFETY: the caller's.
        let address = unsafe { self.check(bufs, nbufs, addr) }?;
        if let Some(address) = &address {
            self.bind_if_new(address.family(), 0)?;
        }
        // SAFETY: the caller's, and room in the request (law 2).
        req.bufs.set(unsafe { buffers::keep(bufs, nbufs, req.small()) }?);
        req.nbufs.set(nbufs);
        // SAFETY: zeros are an address without a family, which stands for the connected peer.
        req.u.set(uv__udp_addr { storage: address.map_or_else(|| unsafe { zeroed() }, |a| a.storage()) });
        req.handle.set(self.as_ptr());
        req.send_cb.set(send_cb);
        req.status.set(0);
        req.link().init();

        let first = self.send_queue_count.get() == 0 && !Handle::from(self).has(flag::UDP_PROCESSING);
        self.queued().push_back(req.link());
        self.count(1, req.buffers().bytes());
        if first {
            self.send_queued();
        }
        // Already wanted, and so no failure, if others wait before this one.
        if !self.queued().is_empty()
            && let Err(error) = self.io().start(self.event_loop(), io::OUT)
        {
            req.link().unlink();
            self.count(-1, req.buffers().bytes());
            req.release();
            return Err(error);
        }
        Req::from(req).init(self.event_loop(), UV_UDP_SEND);
        Handle::from(self).start();
        Ok(())
    }

    fn count(self, change: isize, bytes: usize) {
        self.send_queue_count.set(self.send_queue_count.get().wrapping_add_signed(change));
        let size = self.send_queue_size.get();
        self.send_queue_size.set(if change < 0 { size.wrapping_sub(bytes) } else { size.wrapping_add(bytes) });
    }

    /// # Safety
    /// As for `send`.
    unsafe fn try_send(self, bufs: *const uv_buf_t, nbufs: c_uint, addr: *const sockaddr) -> Result<c_int> {
        // SAFETY: the caller's.
        let address = unsafe { self.check(bufs, nbufs, addr) }?;
        if self.send_queue_count.get() != 0 {
            return Err(Errno::EAGAIN);
        }
        if let Some(address) = &address {
            self.bind_if_new(address.family(), 0)?;
        }
        // SAFETY: the caller's buffers; the copy of the address outlives the call.
        unsafe {
            let storage = address.map(|a| a.storage());
            let name = storage.as_ref().map_or(ptr::null(), ptr::from_ref).cast();
            datagram::send(self.fd(), &message_to(name, bufs, nbufs as usize)?).map(|sent| sent as c_int)
        }
    }

    /// # Safety
    /// The arrays have `count` elements, and each is as for `send`.
    unsafe fn try_send_many(
        self,
        count: c_uint,
        bufs: *mut *mut uv_buf_t,
        nbufs: *mut c_uint,
        addrs: *mut *mut sockaddr,
        flags: c_uint,
    ) -> Result<c_int> {
        if count == 0 || count > c_int::MAX as c_uint || flags != 0 {
            return Err(Errno::EINVAL);
        }
        for i in 0..count as usize {
            // SAFETY: the caller's arrays.
            unsafe { self.check(*bufs.add(i), *nbufs.add(i), *addrs.add(i)) }?;
        }
        if self.send_queue_count.get() > 0 {
            return Err(Errno::EAGAIN);
        }
        if self.fd() == -1 {
            return Err(Errno::EINVAL);
        }
        let mut sent = 0;
        while sent < count as usize {
            let wanted = BATCH.min(count as usize - sent);
            let result = fill_and_send(self.fd(), wanted, |i| {
                let i = sent + i;
                // SAFETY: the caller's arrays.
                unsafe { message_to(*addrs.add(i), *bufs.add(i), *nbufs.add(i) as usize) }
            });
            match result {
                Ok(n) => sent += n,
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(sent as c_int)
    }

    /// Hands queued datagrams to the kernel until it takes no more, and has the callbacks of those that are done called.
    pub(super) fn send_queued(self) {
        if self.queued().is_empty() {
            return;
        }
        while let Some(first) = self.queued().first() {
            let mut next = Some(first);
            let result = fill_and_send(self.fd(), BATCH, |_| {
                let link = next.ok_or(Errno::EINVAL)?;
                next = link.next_in(self.queued());
                UdpSend::of_link(link).message()
            });
            match result {
                Err(Errno::EAGAIN) => break,
                Err(error) => self.complete(1, error.0),
                Ok(sent) => self.complete(sent, 0),
            }
        }
        if !self.completed().is_empty() {
            self.io().feed(self.event_loop());
        }
    }

    /// The first `count` requests are done.
    fn complete(self, count: usize, status: c_int) {
        for _ in 0..count {
            let Some(link) = self.queued().pop_front() else { return };
            UdpSend::of_link(link).status.set(status as isize);
            self.completed().push_back(link);
        }
    }

    /// Those not yet sent never will be.
    pub(super) fn cancel_queued(self) {
        self.complete(usize::MAX, Errno::ECANCELED.0);
    }

    /// Calls the callbacks of the requests that are done.
    pub(super) fn run_completed(self) {
        let (handle, event_loop) = (Handle::from(self), self.event_loop());
        // What callbacks send is queued, or two requests that send each other would recurse.
        handle.set(flag::UDP_PROCESSING);
        sending::run_completed(self.completed(), self.io(), event_loop, |link| {
            let req = UdpSend::of_link(link);
            self.count(-1, req.buffers().bytes());
            req.release();
            event_loop.count_request(-1);
            callback::send(req, req.status.get() as c_int);
        });
        handle.clear(flag::UDP_PROCESSING);
        if self.queued().is_empty() {
            self.io().stop(event_loop, io::OUT);
            self.stop_if_idle();
        }
    }
}

/// Sends up to `count` messages that `make` describes, one after the other; `make` ends them with an error. Gives how many
/// were sent, or the first one's error.
fn fill_and_send(fd: c_int, count: usize, mut make: impl FnMut(usize) -> Result<msghdr>) -> Result<usize> {
    let first = make(0)?;
    let Ok(second) = (if count > 1 { make(1) } else { Err(Errno::EINVAL) }) else {
        // SAFETY: `make`'s messages are valid.
        return unsafe { datagram::send(fd, &first) }.map(|_| 1);
    };
    // SAFETY: zeros are empty messages.
    let mut messages: [mmsghdr; BATCH] = unsafe { zeroed() };
    messages[0].msg_hdr = first;
    messages[1].msg_hdr = second;
    let mut filled = 2;
    while filled < count.min(BATCH)
        && let Ok(message) = make(filled)
    {
        messages[filled].msg_hdr = message;
        filled += 1;
    }
    // SAFETY: `make`'s messages are valid.
    unsafe { datagram::send_many(fd, &mut messages[..filled]) }
}

/// A message to `name`, or to the connected peer if that is NULL or has no family. `UV_EINVAL` for families that cannot be sent to.
///
/// # Safety
/// `name` is NULL or a socket address.
unsafe fn message_to(name: *const sockaddr, bufs: *const uv_buf_t, nbufs: usize) -> Result<msghdr> {
    // SAFETY: the caller's; an address begins with its family.
    if name.is_null() || unsafe { (&raw const (*name).sa_family).read_unaligned() } == AF_UNSPEC as sa_family_t {
        return Ok(datagram::message(ptr::null(), 0, bufs, nbufs));
    }
    // SAFETY: the caller's.
    let len = unsafe { Address::len_of(name) }?;
    Ok(datagram::message(name, len, bufs, nbufs))
}

impl UdpSend {
    fn small(self) -> *mut uv_buf_t {
        // SAFETY: law 2; the address of a field.
        unsafe { (&raw mut (*self.as_ptr()).bufsml).cast() }
    }

    fn buffers(self) -> Buffers {
        // SAFETY: `send` kept `nbufs` of them.
        unsafe { Buffers::of(self.bufs.get(), self.nbufs.get() as usize) }
    }

    /// Gives the array of buffers back.
    fn release(self) {
        // SAFETY: `send` kept it.
        unsafe { buffers::give_back(self.bufs.replace(ptr::null_mut()), self.small()) };
    }

    fn message(self) -> Result<msghdr> {
        // SAFETY: the request holds its address and buffers until its callback (law 2).
        unsafe {
            let name = (&raw const (*self.as_ptr()).u).cast();
            message_to(name, self.buffers().as_ptr(), self.buffers().count())
        }
    }
}
