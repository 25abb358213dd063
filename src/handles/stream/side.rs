//! What a stream keeps for the functions of `uvring.h`, beside its handle: made when one of them first needs it, gone when the handle
//! has been closed. The second reserved word of the handle leads to it.

use std::cell::Cell;
use std::ptr::NonNull;

use libc::{SO_TYPE, SOL_SOCKET, c_int};

use super::entry::Gathered;
use crate::abi::ext::{uvring_recv_cb, uvring_watermark_cb};
use crate::abi::*;
use crate::base::alloc;
use crate::base::queue;
use crate::base::queue::Link;
use crate::model::handle::{Handle, Kind, Stream};
use crate::model::view_pool::Receiver;
use crate::sys::socket;

/// The high watermark before anybody has set one.
const HIGH: usize = 1024 * 1024;

/// What a stream keeps beside its handle.
pub(super) struct Side {
    pub(super) stream: Stream,
    /// Its place among the loop's streams with something gathered.
    gathered: uv__queue,
    /// Whether the descriptor is a socket that may gather; `None` if nobody has asked yet.
    is_socket: Cell<Option<bool>>,
    /// How many bytes were gathered since they were last handed over.
    pub(super) bytes: Cell<usize>,
    /// The chunk that takes further bytes, while it is the last in the queue; and for how many it has room.
    pub(super) chunk: Cell<Option<Gathered>>,
    pub(super) room: Cell<usize>,
    /// What ended a write that nobody is called for, until the next call tells.
    pub(super) error: Cell<c_int>,
    /// Where it receives into, and whom it tells while it does.
    pub(super) receiver: Cell<Option<&'static Receiver>>,
    pub(super) recv_cb: Cell<uvring_recv_cb>,
    /// Reads to be served, and those whose callbacks are due.
    reads: uv__queue,
    ended_reads: uv__queue,
    pub(super) low: Cell<usize>,
    pub(super) high: Cell<usize>,
    pub(super) watermark_cb: Cell<uvring_watermark_cb>,
    /// The user was told that there is more than the high watermark.
    pub(super) above: Cell<bool>,
}

impl Side {
    /// Its place among the loop's streams with something gathered.
    pub(super) fn link(&self) -> Link {
        // SAFETY: boxed; `discard_side` unlinks it.
        unsafe { Link::at(&raw const self.gathered) }
    }

    /// Reads to be served.
    pub(super) fn reads(&self) -> Link {
        // SAFETY: boxed; the list is empty when `discard_side` frees it.
        unsafe { Link::at(&raw const self.reads) }
    }

    /// Reads whose callbacks are due.
    pub(super) fn ended_reads(&self) -> Link {
        // SAFETY: boxed; the list is empty when `discard_side` frees it.
        unsafe { Link::at(&raw const self.ended_reads) }
    }

    pub(super) fn of_link(link: Link) -> &'static Side {
        // SAFETY: a link of the loop's list lies in a side that is alive.
        unsafe { &*queue::owner!(link, Side, gathered) }
    }

    /// True for the socket of a TCP or pipe handle that passes no others.
    pub(super) fn is_socket(&self) -> bool {
        if let Some(known) = self.is_socket.get() {
            return known;
        }
        let stream = self.stream;
        let is_socket = match Handle::from(stream).kind() {
            Kind::Tcp(_) => true,
            Kind::Pipe(pipe) => pipe.ipc.get() == 0 && socket::get_option(stream.fd(), SOL_SOCKET, SO_TYPE).is_ok(),
            _ => false,
        };
        self.is_socket.set(Some(is_socket));
        is_socket
    }

    /// True if it receives into a pool.
    pub(super) fn receives(&self) -> bool {
        self.recv_cb.get().is_some()
    }

    pub(super) fn stop_receiving(&self) {
        self.recv_cb.set(None);
        if let Some(receiver) = self.receiver.get() {
            receiver.stop();
        }
    }

    /// The error that waits for the next call.
    pub(super) fn take_error(&self) -> Result {
        match self.error.replace(0) {
            0 => Ok(()),
            error => Err(Errno(error)),
        }
    }
}

impl Stream {
    /// What it keeps beside its handle, if anything has needed that; nobody keeps the reference across a call of the user.
    #[inline]
    pub(super) fn side(self) -> Option<&'static Side> {
        // SAFETY: NULL, or boxed by `side_or_new`.
        unsafe { self.side_word().read().cast::<Side>().as_ref() }
    }

    /// The same, made if need be. `UV_ENOMEM`.
    pub(super) fn side_or_new(self) -> Result<&'static Side> {
        if let Some(side) = self.side() {
            return Ok(side);
        }
        let boxed = alloc::boxed(Side {
            stream: self,
            gathered: uv__queue::new(),
            is_socket: Cell::new(None),
            bytes: Cell::new(0),
            chunk: Cell::new(None),
            room: Cell::new(0),
            error: Cell::new(0),
            receiver: Cell::new(None),
            recv_cb: Cell::new(None),
            reads: uv__queue::new(),
            ended_reads: uv__queue::new(),
            low: Cell::new(0),
            high: Cell::new(HIGH),
            watermark_cb: Cell::new(None),
            above: Cell::new(false),
        })?;
        // SAFETY: law 1; made just now.
        let side = unsafe {
            self.side_word().write(boxed.as_ptr().cast());
            boxed.as_ref()
        };
        side.link().init();
        side.reads().init();
        side.ended_reads().init();
        Ok(side)
    }

    /// In the closing phase: nothing of it is needed any more.
    pub(super) fn discard_side(self) {
        // SAFETY: law 1; NULL, or boxed by `side_or_new`.
        unsafe {
            if let Some(boxed) = NonNull::new(self.side_word().replace(std::ptr::null_mut()).cast::<Side>()) {
                boxed.as_ref().link().unlink();
                if let Some(receiver) = boxed.as_ref().receiver.take() {
                    receiver.let_go();
                }
                alloc::unbox(boxed);
            }
        }
    }
}
