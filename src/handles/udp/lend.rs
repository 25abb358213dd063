//! Receiving into a pool: each datagram is lent as a view.
//!
//! What a handle needs for that lies beside it, at its second reserved word: made when it first receives so, gone when it has been closed.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use libc::c_int;

use super::receive::{DATAGRAM, PER_EVENT, Place, told};
use crate::abi::ext::uvring_udp_recv_cb;
use crate::abi::*;
use crate::base::alloc;
use crate::callback;
use crate::handles::view_pool::{self, ViewPool};
use crate::model::handle::{Handle, Udp};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::model::view_pool::Receiver;
use crate::sys::datagram;

/// What a handle keeps beside it.
struct Side {
    receiver: Cell<&'static Receiver>,
    /// Whom it tells, while it receives into a pool.
    cb: Cell<uvring_udp_recv_cb>,
}

/// `uvring_udp_recv_start`; into the loop's own pool without another.
pub(crate) fn start(udp: Udp, pool: Option<ViewPool>, cb: uvring_udp_recv_cb) -> Result {
    udp.check_type()?;
    if cb.is_none() || Handle::from(udp).is_closing() {
        return Err(Errno::EINVAL);
    }
    if udp.io().wants(io::IN) || udp.lends() {
        return Err(Errno::EALREADY);
    }
    let event_loop = udp.event_loop();
    let pool = view_pool::of(event_loop, pool)?;
    let side = match udp.side() {
        Some(side) => side,
        None => {
            let side = alloc::boxed(Side { receiver: Cell::new(Receiver::new(pool)?), cb: Cell::new(None) })?;
            // SAFETY: law 1; `discard` frees it.
            unsafe {
                udp.side_word().write(side.as_ptr().cast());
                side.as_ref()
            }
        }
    };
    if !side.receiver.get().is_of(pool) {
        side.receiver.replace(Receiver::new(pool)?).let_go();
    }
    udp.bind_if_new(libc::AF_INET, 0)?;
    udp.io().start(event_loop, io::IN)?;
    side.cb.set(cb);
    side.receiver.get().start(udp.io());
    Handle::from(udp).start();
    Ok(())
}

/// Receives into a pool no longer; what else follows from a stop is the caller's.
pub(super) fn stop(udp: Udp) {
    if let Some(side) = udp.side() {
        side.cb.set(None);
        side.receiver.get().stop();
    }
}

/// In the closing phase: nothing of it is needed any more.
pub(super) fn discard(udp: Udp) {
    // SAFETY: law 1; NULL, or boxed by `start`.
    unsafe {
        if let Some(side) = NonNull::new(udp.side_word().replace(ptr::null_mut()).cast::<Side>()) {
            side.as_ref().receiver.get().let_go();
            alloc::unbox(side);
        }
    }
}

/// Delivers datagrams until none is left, or what the error queue holds (MSG_ERRQUEUE in `flags`).
pub(super) fn receive(udp: Udp, flags: c_int) {
    for _ in 0..PER_EVENT {
        // Fetched anew each time: the callback may have stopped or closed the handle.
        let Some(side) = udp.side().filter(|side| side.cb.get().is_some()) else { return };
        let receiver = side.receiver.get();
        let Some(room) = receiver.room(DATAGRAM) else { return };
        let buf = uv_buf_t { base: room.base, len: room.len.min(DATAGRAM) };
        let mut place = Place::new();
        let mut message = place.message(&buf, flags);
        // SAFETY: law 4: the pool's room, of which nobody was lent anything that is still valid, and our own places.
        match unsafe { datagram::receive(udp.fd(), &mut message, flags) } {
            Err(Errno::EAGAIN) => return,
            Err(e) => return callback::lent_datagram(udp, side.cb.get(), e.0 as isize, None, ptr::null(), 0),
            Ok(len) => {
                let counters = &udp.event_loop().state().metrics.ext;
                add(&counters.recv_views, 1);
                add(&counters.recv_bytes, len as u64);
                let (nread, sender, flags) = told(&message, len, 0);
                let view = receiver.lend(room, len.min(buf.len));
                callback::lent_datagram(udp, side.cb.get(), nread, Some(view), sender, flags);
            }
        }
    }
}

impl Udp {
    /// True while it receives into a pool, be it parked or not.
    pub(super) fn lends(self) -> bool {
        self.side().is_some_and(|side| side.cb.get().is_some())
    }

    fn side(self) -> Option<&'static Side> {
        // SAFETY: NULL, or boxed by `start`; nobody keeps the reference across a call of the user.
        unsafe { self.side_word().read().cast::<Side>().as_ref() }
    }

    fn side_word(self) -> *mut *mut libc::c_void {
        // SAFETY: law 1; the union's four words are always initialised.
        unsafe { (&raw mut (*self.as_ptr()).u).cast::<*mut libc::c_void>().add(1) }
    }
}
