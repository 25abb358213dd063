//! Receiving: a buffer is asked for when the socket is readable, and a datagram read only for a buffer that is there.

use std::mem::zeroed;
use std::ptr;

use libc::{c_int, c_uint, mmsghdr, msghdr, sockaddr, sockaddr_storage, socklen_t};

use super::lend;
use crate::abi::*;
use crate::callback;
use crate::model::handle::{Handle, Udp, flag};
use crate::model::io_watcher as io;
use crate::sys::datagram;
use crate::sys::datagram::ReportRoom;

/// Room for any datagram.
pub(super) const DATAGRAM: usize = 64 * 1024;

/// How many datagrams an event may bring, so that a busy socket does not starve the others.
pub(super) const PER_EVENT: usize = 32;

/// How many datagrams come from one system call.
const BATCH: usize = 20;

/// Receives datagrams. `alloc_cb` is asked for a buffer (65536 bytes suffice for any datagram) when the socket is readable;
/// `recv_cb` then gets it back with the datagram's length and sender; with length 0 and no sender if nothing was there
/// after all; with an error; or with `UV_ENOBUFS` if there was no buffer. `UV_UDP_PARTIAL` tells that the buffer was too
/// short for the datagram. An ICMP error comes with `UV_UDP_LINUX_RECVERR`, the address of who reported it and the
/// datagram that was sent. A handle without a socket is bound to any IPv4 port.
///
/// With `UV_UDP_RECVMMSG`, parts of one buffer come with `UV_UDP_MMSG_CHUNK`, then the whole with `UV_UDP_MMSG_FREE`, unless
/// the callback stopped the handle.
///
/// `UV_EINVAL` without callbacks, `UV_EALREADY` if it receives already, and what `bind(2)` answers. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_recv_start(
    handle: *mut uv_udp_t,
    alloc_cb: uv_alloc_cb,
    recv_cb: uv_udp_recv_cb,
) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.recv_start(alloc_cb, recv_cb).into_c()
}

/// Receives no more; `recv_cb` is not called again. Returns 0, or `UV_EINVAL` for another type of handle. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_recv_stop(handle: *mut uv_udp_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.recv_stop().into_c()
}

/// 1 if the handle was initialised with `UV_UDP_RECVMMSG`, else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_using_recvmmsg(handle: *const uv_udp_t) -> c_int {
    // SAFETY: law 1.
    c_int::from(unsafe { Udp::from_c(handle) }.takes_batches())
}

impl Udp {
    fn takes_batches(self) -> bool {
        Handle::from(self).has(flag::UDP_RECVMMSG)
    }

    fn recv_start(self, alloc_cb: uv_alloc_cb, recv_cb: uv_udp_recv_cb) -> Result {
        self.check_type()?;
        if alloc_cb.is_none() || recv_cb.is_none() {
            return Err(Errno::EINVAL);
        }
        if self.io().wants(io::IN) || self.lends() {
            return Err(Errno::EALREADY);
        }
        self.bind_if_new(libc::AF_INET, 0)?;
        self.io().start(self.event_loop(), io::IN)?;
        self.alloc_cb.set(alloc_cb);
        self.recv_cb.set(recv_cb);
        Handle::from(self).start();
        Ok(())
    }

    pub(super) fn recv_stop(self) -> Result {
        self.check_type()?;
        lend::stop(self);
        self.io().stop(self.event_loop(), io::IN);
        self.stop_if_idle();
        self.alloc_cb.set(None);
        self.recv_cb.set(None);
        Ok(())
    }

    fn receives(self) -> bool {
        self.fd() != -1 && self.recv_cb.get().is_some()
    }

    /// Delivers datagrams until none is left, or what the error queue holds (MSG_ERRQUEUE in `flags`).
    pub(super) fn receive(self, flags: c_int) {
        if self.alloc_cb.get().is_none() {
            return lend::receive(self, flags);
        }
        let event_loop = self.event_loop();
        let mut left = PER_EVENT;
        while left > 0 && self.receives() {
            let buf = callback::alloc(self.alloc_cb.get(), self.into(), DATAGRAM);
            if buf.base.is_null() || buf.len == 0 {
                return callback::recv(self, Errno::ENOBUFS.0 as isize, &buf, ptr::null(), 0);
            }
            event_loop.charge_buffer(buf.len);
            // The user may have stopped or closed the handle, yet has to get the buffer back.
            let received =
                if self.takes_batches() { self.receive_many(&buf, flags) } else { self.receive_one(&buf, flags) };
            match received {
                0 => return,
                n => left = left.saturating_sub(n),
            }
            if flags == 0 && event_loop.may_defer_reads() && self.receives() {
                return self.io().again(event_loop, io::IN);
            }
        }
    }

    /// Nothing was received: the buffer goes back.
    fn give_back(self, buf: &uv_buf_t, error: Errno) {
        let nread = if error == Errno::EAGAIN { 0 } else { error.0 as isize };
        callback::recv(self, nread, buf, ptr::null(), 0);
    }

    /// Receives and delivers one datagram; gives 0 if there was none.
    fn receive_one(self, buf: &uv_buf_t, flags: c_int) -> usize {
        let mut place = Place::new();
        let mut message = place.message(buf, flags);
        // A unix socket's datagram could be cut.
        let fits = flags == 0 && buf.len >= DATAGRAM && self.is_internet();
        // SAFETY: the user's buffer and our own places.
        let received = unsafe {
            if fits {
                datagram::receive_plain(self.fd(), &mut message)
            } else {
                datagram::receive(self.fd(), &mut message, flags)
            }
        };
        match received {
            Err(error) => {
                self.give_back(buf, error);
                0
            }
            Ok(len) => {
                deliver(self, &message, len, buf, 0);
                1
            }
        }
    }

    /// Receives datagrams into parts of the buffer and delivers them; gives how many, 0 for none.
    fn receive_many(self, buf: &uv_buf_t, flags: c_int) -> usize {
        let count = BATCH.min(buf.len / DATAGRAM);
        if count == 0 {
            self.give_back(buf, Errno::EINVAL);
            return 0;
        }
        let mut places = [const { Place::new() }; BATCH];
        let mut parts = [uv_buf_t { base: ptr::null_mut(), len: DATAGRAM }; BATCH];
        // SAFETY: zeros are empty messages.
        let mut messages: [mmsghdr; BATCH] = unsafe { zeroed() };
        for i in 0..count {
            parts[i].base = buf.base.wrapping_add(i * DATAGRAM);
            messages[i].msg_hdr = places[i].message(&parts[i], flags);
        }
        // SAFETY: the user's buffer and our own places.
        let received = match unsafe { datagram::receive_many(self.fd(), &mut messages[..count], flags) } {
            Ok(0) => Err(Errno::EAGAIN),
            result => result,
        };
        match received {
            Err(error) => {
                self.give_back(buf, error);
                0
            }
            Ok(n) => {
                for i in 0..n {
                    if self.recv_cb.get().is_some() {
                        deliver(self, &messages[i].msg_hdr, messages[i].msg_len as usize, &parts[i], UV_UDP_MMSG_CHUNK);
                    }
                }
                if self.recv_cb.get().is_some() {
                    callback::recv(self, 0, buf, ptr::null(), UV_UDP_MMSG_FREE);
                }
                n
            }
        }
    }
}

/// Where the kernel leaves what comes with a datagram.
pub(super) struct Place {
    sender: sockaddr_storage,
    report: ReportRoom,
}

impl Place {
    pub(super) const fn new() -> Place {
        // SAFETY: zeros are an address without a family.
        Place { sender: unsafe { zeroed() }, report: ReportRoom::new() }
    }

    /// A message to be received here, and into `buf`, with a report if it comes from the error queue.
    pub(super) fn message(&mut self, buf: &uv_buf_t, flags: c_int) -> msghdr {
        let len = size_of::<sockaddr_storage>() as socklen_t;
        let mut message = datagram::message((&raw mut self.sender).cast_const().cast(), len, buf, 1);
        if flags & libc::MSG_ERRQUEUE != 0 {
            self.report.lend(&mut message);
        }
        message
    }
}

/// Calls the user with a datagram, or with what the error queue tells of one.
fn deliver(udp: Udp, message: &msghdr, len: usize, buf: &uv_buf_t, flags: c_uint) {
    let (nread, sender, flags) = told(message, len, flags);
    callback::recv(udp, nread, buf, sender, flags);
}

/// What the user is told of a message: the length or an error, from whom, and how.
pub(super) fn told(message: &msghdr, len: usize, flags: c_uint) -> (isize, *const sockaddr, c_uint) {
    let mut sender = message.msg_name.cast_const().cast::<sockaddr>();
    let mut nread = len as isize;
    let mut flags = flags;
    // Alone, a datagram always has a sender, if only one without a family (a socket pair's): an empty one would look as if
    // there were none.
    if message.msg_namelen == 0 && flags & UV_UDP_MMSG_CHUNK != 0 {
        sender = ptr::null();
    }
    if message.msg_flags & libc::MSG_TRUNC != 0 {
        flags |= UV_UDP_PARTIAL;
    }
    if message.msg_flags & libc::MSG_ERRQUEUE != 0 {
        flags |= UV_UDP_LINUX_RECVERR;
        // SAFETY: `message` was received, and its place is still there.
        if let Some(report) = unsafe { datagram::report(message) } {
            nread = report.error.0 as isize;
            sender = report.offender;
        }
    }
    (nread, sender, flags)
}
