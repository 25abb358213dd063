//! A watcher: what a handle wants to hear about its descriptor (`pevents`), and what the driver has been asked for
//! (`events`, under the key in `bits`).
//!
//! `start` and `stop` change the wish and put the watcher into the loop's list of those to compare; `reconcile` compares
//! before the loop sleeps, so that stopping and starting again within a turn costs nothing. `close` is immediate: it
//! returns when neither driver nor kernel holds the descriptor.
//!
//! Programs see `loop->watcher_queue`, by what `uv_backend_timeout` answers, so only those are in it that libuv would have there;
//! watchers that want nothing any more are in a list of the loop's own. Likewise `loop->pending_queue`, by `uv_loop_alive`, and
//! watchers whose owner is in the midst of calling back.

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::base::newtype::{linked, newtype};
use crate::base::queue::Link;
use crate::model::event_loop::Loop;
use crate::model::handle::{Poll, Stream, Udp};
use crate::op::{Completion, OpKey};
use crate::os::memory;

/// Readable.
pub(crate) const IN: c_uint = libc::POLLIN as c_uint;
/// Writable.
pub(crate) const OUT: c_uint = libc::POLLOUT as c_uint;
/// Urgent data.
pub(crate) const PRI: c_uint = libc::POLLPRI as c_uint;
/// The peer shut its side down.
pub(crate) const RDHUP: c_uint = libc::POLLRDHUP as c_uint;
/// An error; told whether wanted or not.
pub(crate) const ERR: c_uint = libc::POLLERR as c_uint;
/// A hang-up; told whether wanted or not.
pub(crate) const HUP: c_uint = libc::POLLHUP as c_uint;

/// Bit of `uv__io_t.part`: the watcher is not in the loop's queue of pending ones, but in that of owners who call back.
const HELD: c_uint = 1 << 31;

/// What a watcher is part of, as kept in the rest of `uv__io_t.part`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Part {
    /// `uv_stream_t.io_watcher`
    Stream,
    /// `uv_udp_t.io_watcher`
    Udp,
    /// `uv_poll_t.io_watcher`
    Poll,
    /// `loop->async_io_watcher`: the wake-up
    Wake,
    /// `loop->signal_io_watcher`
    Signal,
    /// `loop->inotify_read_watcher`
    Inotify,
}

newtype!(
    /// A watcher inside a handle or loop.
    Io,
    uv__io_t
);
linked!(Io, uv__io_t, pending_link / of_pending_link: pending_queue, watcher_link / of_watcher_link: watcher_queue);

macro_rules! watchers {
    ($($owner:ident, $name:ident: $field:ident;)+) => { $(
        impl $owner {
            /// The watcher in the field of this name.
            pub(crate) fn $name(self) -> Io {
                // SAFETY: law 1, and law 5 for a loop.
                unsafe { Io::from_c(&raw const (*self.as_ptr()).$field) }
            }
        }
    )+ };
}
watchers! {
    Loop, wake_watcher: async_io_watcher;
    Loop, inotify_watcher: inotify_read_watcher;
    Loop, signal_watcher: signal_io_watcher;
    Stream, io: io_watcher;
    Udp, io: io_watcher;
    Poll, io: io_watcher;
}

/// A watcher's owner.
pub(crate) enum Whose {
    Stream(Stream),
    Udp(Udp),
    Poll(Poll),
    /// The loop asks for itself.
    Wake,
    Signal(Loop),
    Inotify(Loop),
}

impl Io {
    pub(crate) fn init(self, part: Part, fd: c_int) {
        self.pending_link().init();
        self.watcher_link().init();
        self.bits.set(0);
        self.pevents.set(0);
        self.events.set(0);
        self.fd.set(fd);
        self.part.set(part as c_uint);
    }

    /// Has the processor bring the handle into its cache: as much as a stream has around its watcher, and others not much less.
    pub(crate) fn fetch(self) {
        let start = self.as_ptr().cast::<u8>().wrapping_sub(std::mem::offset_of!(uv_stream_t, io_watcher));
        memory::fetch(start, size_of::<uv_stream_t>());
    }

    pub(crate) fn whose(self) -> Whose {
        let at = self.as_ptr();
        macro_rules! outer {
            ($type:ty, $field:ident) => {
                at.cast::<u8>().wrapping_sub(std::mem::offset_of!($type, $field)).cast::<$type>()
            };
        }
        // SAFETY: law 1; `part` was set by `init` according to the field this is.
        unsafe {
            match self.part.get() & !HELD {
                p if p == Part::Stream as c_uint => Whose::Stream(Stream::from_c(outer!(uv_stream_t, io_watcher))),
                p if p == Part::Udp as c_uint => Whose::Udp(Udp::from_c(outer!(uv_udp_t, io_watcher))),
                p if p == Part::Poll as c_uint => Whose::Poll(Poll::from_c(outer!(uv_poll_t, io_watcher))),
                p if p == Part::Wake as c_uint => Whose::Wake,
                p if p == Part::Signal as c_uint => Whose::Signal(Loop::from_c(outer!(uv_loop_t, signal_io_watcher))),
                _ => Whose::Inotify(Loop::from_c(outer!(uv_loop_t, inotify_read_watcher))),
            }
        }
    }

    fn is_part(self, part: Part) -> bool {
        self.part.get() & !HELD == part as c_uint
    }

    /// How epoll tells of the descriptor. The wake-up is edge-triggered, so that nobody has to read its tokens; but not where
    /// somebody else waits on the epoll set, too, who would take the edge away.
    fn mode(self, event_loop: Loop) -> c_uint {
        let is_wake = self.is_part(Part::Wake);
        if is_wake && !event_loop.is_backend_fd_requested() { libc::EPOLLET as c_uint } else { 0 }
    }

    /// True for the signal pipe, whose events come last in a batch.
    pub(crate) fn is_signal(self) -> bool {
        self.is_part(Part::Signal)
    }

    /// Wants `events` from now on, besides what it wants already. `UV_ENOMEM` if the loop cannot note it.
    pub(crate) fn start(self, event_loop: Loop, events: c_uint) -> Result {
        event_loop.set_watcher(self.fd.get(), self)?;
        let was_stopped = self.pevents.get() == 0 && self.events.get() != 0;
        self.pevents.set(self.pevents.get() | events);
        if was_stopped || self.pevents.get() != self.events.get() {
            self.note(event_loop.watcher_queue());
        }
        Ok(())
    }

    /// Wants `events` no longer.
    pub(crate) fn stop(self, event_loop: Loop, events: c_uint) {
        if self.fd.get() == -1 {
            return;
        }
        self.pevents.set(self.pevents.get() & !events);
        if self.pevents.get() != 0 {
            return self.note(event_loop.watcher_queue());
        }
        event_loop.clear_watcher(self.fd.get(), self);
        if self.events.get() == 0 {
            self.watcher_link().unlink();
        } else {
            self.note(event_loop.state().walking.stopped());
        }
    }

    /// Puts the watcher into a list of those to compare.
    fn note(self, list: Link) {
        self.watcher_link().unlink();
        list.push_back(self.watcher_link());
    }

    /// Wants nothing, now: when this returns, the kernel holds nothing for the descriptor, which may be closed.
    pub(crate) fn close(self, event_loop: Loop) {
        self.stop(event_loop, IN | OUT | PRI | RDHUP);
        self.unfeed();
        self.watcher_link().unlink();
        self.unwatch(event_loop);
    }

    /// True if the driver was asked for nothing, and the watcher is in no list.
    pub(crate) fn is_at_rest(self) -> bool {
        self.events.get() == 0 && self.pending_link().is_empty() && self.watcher_link().is_empty()
    }

    /// True if any of `events` is wanted.
    pub(crate) fn wants(self, events: c_uint) -> bool {
        self.pevents.get() & events != 0
    }

    /// Has the owner called in the pending phase.
    pub(crate) fn feed(self, event_loop: Loop) {
        self.release();
        if self.pending_link().is_empty() {
            event_loop.pending_queue().push_back(self.pending_link());
        }
    }

    /// Has the owner called in the pending phase, should the callback that it is about to make jump away. To be followed by
    /// `release`.
    pub(crate) fn hold(self, event_loop: Loop) {
        if self.pending_link().is_empty() {
            self.part.set(self.part.get() | HELD);
            event_loop.state().walking.held().push_back(self.pending_link());
        }
    }

    /// Takes `hold` back.
    pub(crate) fn release(self) {
        if self.part.get() & HELD != 0 {
            self.unfeed();
        }
    }

    /// Takes `feed` and `hold` back.
    pub(crate) fn unfeed(self) {
        self.part.set(self.part.get() & !HELD);
        self.pending_link().unlink();
    }

    /// Compares wish and reality, and tells the driver. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for the wish; all is as before
    /// then.
    pub(crate) fn reconcile(self, event_loop: Loop) -> Result {
        let wants = self.pevents.get();
        if wants == 0 {
            self.unwatch(event_loop);
        } else if wants != self.events.get() {
            let mut driver = event_loop.state().driver.borrow_mut();
            let key = OpKey::of_watcher(self.fd.get(), driver.next_generation());
            driver.watch(key, self.fd.get(), wants | self.mode(event_loop), self.events.get() != 0)?;
            self.bits.set(key.to_bits() as usize);
            self.events.set(wants);
        }
        self.watcher_link().unlink();
        Ok(())
    }

    /// Ends what the driver was asked for, now.
    fn unwatch(self, event_loop: Loop) {
        if self.events.replace(0) == 0 {
            return;
        }
        self.bits.set(0);
        // Another handle may have taken the descriptor over.
        let is_anothers =
            event_loop.watcher_of(self.fd.get()).is_some_and(|other| other != self && other.events.get() != 0);
        if !is_anothers {
            event_loop.state().driver.borrow_mut().unwatch(self.fd.get());
        }
    }

    /// Asks a new driver for what the one before was asked for.
    pub(crate) fn watch_again(self, event_loop: Loop) -> Result {
        let events = self.events.get();
        if events == 0 {
            return Ok(());
        }
        let mut driver = event_loop.state().driver.borrow_mut();
        driver.watch(self.key(), self.fd.get(), events | self.mode(event_loop), false)
    }

    /// Under which key the driver tells of it.
    fn key(self) -> OpKey {
        OpKey::from_bits(self.bits.get() as u64)
    }

    /// False for the key of an earlier registration.
    pub(crate) fn has_key(self, key: OpKey) -> bool {
        self.key() == key
    }

    /// Has the driver's report of `events` come once more in this poll phase or the next.
    pub(crate) fn again(self, event_loop: Loop, events: c_uint) {
        event_loop.keep(Completion { key: self.key(), result: events as i32 });
    }

    /// What the owner is to hear of `events`, which the driver's poll has reported.
    pub(crate) fn told_of(self, events: c_uint) -> c_uint {
        let wants = self.pevents.get();
        let mut events = events & (wants | ERR | HUP);
        if self.is_part(Part::Poll) {
            // A hang-up makes everything ready, so that whatever call is made next meets it.
            if events & (ERR | HUP) == HUP {
                events |= wants;
            }
        } else if !self.is_part(Part::Stream) && events & !(ERR | HUP) == 0 && events != 0 {
            // Likewise an error alone. Streams tell the end of a pipe by the hang-up alone.
            events |= wants & (IN | OUT | RDHUP | PRI);
        }
        events
    }
}
