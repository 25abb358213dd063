//! Carries submissions to the kernel and brings completions back: over io_uring and epoll (`ring.rs`), or over epoll alone
//! where there is no ring (`ready.rs`). Both are completion-shaped; nothing above this folder knows which one it talks to.
//!
//! Also here, because both need them: the thread pool (`pool.rs`) and the wake-up of a sleeping loop (`wake.rs`).

pub(crate) mod fork;
pub(crate) mod polls;
pub(crate) mod pool;
pub(crate) mod probe;
pub(crate) mod ready;
pub(crate) mod ring;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod wake;

use libc::c_int;

use crate::abi::{Errno, Result};
use crate::alloc::Array;
use crate::op::{Completion, FileOp, OpKey, Submission};
use crate::os::clock;
use ready::Ready;
use ring::Ring;

/// How long to sleep, and with which signals blocked.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// Point of CLOCK_MONOTONIC in nanoseconds at which to wake at the latest; `None` for never. A point in the past
    /// makes the wait a mere look.
    pub(crate) until_ns: Option<u64>,
    /// Signals to block while asleep, as the kernel's bit set (`UV_LOOP_BLOCK_SIGNAL`).
    pub(crate) sigmask: u64,
}

impl Limit {
    /// Not to sleep.
    pub(crate) const LOOK: Limit = Limit { until_ns: Some(0), sigmask: 0 };

    /// How long a wait may take from now on, in nanoseconds; `None` without a limit. 0 for a mere look.
    pub(crate) fn left_ns(self, look: bool) -> Option<u64> {
        match self.until_ns {
            _ if look => Some(0),
            // Without reading the clock.
            Some(0) => Some(0),
            until => until.map(|until| until.saturating_sub(clock::monotonic_ns())),
        }
    }
}

/// Counters of what a driver did, for `uvring_loop_stats`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    /// `io_uring_enter` calls.
    pub(crate) enters: u64,
    /// Waits on epoll.
    pub(crate) epoll_waits: u64,
    /// Descriptors registered with epoll.
    pub(crate) polls: u64,
    /// File operations that rode the ring.
    pub(crate) ring_files: u64,
}

/// What carries a loop's operations.
#[expect(clippy::large_enum_variant, reason = "one a loop, inside the loop's boxed state; it never moves after that")]
pub(crate) enum Driver {
    /// io_uring for file operations, epoll for descriptors.
    Ring(Ring),
    /// epoll.
    Ready(Ready),
    /// What a test says.
    #[cfg(test)]
    Script(script::Script),
}

/// Calls one method on whichever driver there is.
macro_rules! either {
    ($self:expr, $driver:ident => $call:expr) => {
        match $self {
            Driver::Ring($driver) => $call,
            Driver::Ready($driver) => $call,
            #[cfg(test)]
            Driver::Script($driver) => $call,
        }
    };
}

impl Driver {
    /// A driver for a new loop: the ring, unless it is switched off. Whether this process may have one is asked when something
    /// wants it, because many a loop never does and the answer takes a thread: 0.8 ms of the start of Node.js. The ring itself is
    /// made later still, by the thread that runs the loop.
    pub(crate) fn open() -> Result<Driver> {
        let ready = Ready::open()?;
        #[cfg(test)]
        if script::is_wanted() {
            return Ok(Driver::Script(script::Script::over(ready)));
        }
        Ok(if probe::is_switched_off() { Driver::Ready(ready) } else { Driver::Ring(Ring::over(ready)) })
    }

    /// Makes room for the operation in `slot` of the key table, so that `submit` cannot fail.
    pub(crate) fn reserve(&mut self, slot: usize) -> Result {
        either!(self, d => d.reserve(slot))
    }

    /// Starts an operation. Trouble becomes a completion.
    pub(crate) fn submit(&mut self, key: OpKey, what: &Submission) {
        either!(self, d => d.submit(key, what));
    }

    /// Ends a poll. No completion follows, and the kernel has let go of the descriptor.
    pub(crate) fn cancel(&mut self, key: OpKey) {
        either!(self, d => d.cancel(key));
    }

    /// Sleeps until something completes or the limit passes, and adds completions to `out`.
    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) {
        if let Driver::Ring(ring) = self {
            match ring.wait(limit, out) {
                Ok(()) => return,
                // The ring is refused after all (descriptors or memory ran out, a filter came): go on without it.
                Err(_) => {
                    let ready = ring.take_ready(out);
                    *self = Driver::Ready(ready);
                }
            }
        }
        match self {
            Driver::Ring(_) => {}
            Driver::Ready(ready) => ready.wait(limit, out),
            #[cfg(test)]
            Driver::Script(script) => script.wait(limit, out),
        }
    }

    /// Looks for descriptors that are ready, as part of a longer look before a sleep.
    pub(crate) fn glance(&mut self, out: &mut Array<Completion>) {
        match self {
            Driver::Ring(ring) => ring.glance(out),
            Driver::Ready(ready) => ready.wait(Limit::LOOK, out),
            #[cfg(test)]
            Driver::Script(script) => script.wait(Limit::LOOK, out),
        }
    }

    /// True, once, if more descriptors may be ready than the last wait has told of.
    pub(crate) fn take_full(&mut self) -> bool {
        match self {
            Driver::Ring(ring) => ring.take_full(),
            Driver::Ready(ready) => ready.take_full(),
            #[cfg(test)]
            Driver::Script(_) => false,
        }
    }

    /// True if file operations can ride: only the ring carries them.
    pub(crate) fn rides(&self, op: &FileOp) -> bool {
        match self {
            Driver::Ring(ring) => ring.rides(op),
            _ => false,
        }
    }

    /// How many file operations are in the kernel's hands.
    pub(crate) fn files_in_flight(&self) -> usize {
        match self {
            Driver::Ring(ring) => ring.files_in_flight(),
            _ => 0,
        }
    }

    /// Ends a file operation on the ring that waits for something. True if it was ended; its completion, with ECANCELED,
    /// follows.
    pub(crate) fn cancel_file(&mut self, key: OpKey) -> bool {
        match self {
            Driver::Ring(ring) => ring.cancel_file(key),
            _ => false,
        }
    }

    /// Tries to end the file operations on the ring that `chosen` picks; a completion follows in any case.
    pub(crate) fn cancel_files(&mut self, chosen: impl Fn(OpKey) -> bool) {
        if let Driver::Ring(ring) = self {
            ring.cancel_files(chosen);
        }
    }

    /// Sleeps until something completes, without arming polls. Fails if nothing can be waited for.
    pub(crate) fn wait_for_files(&mut self, out: &mut Array<Completion>) -> Result {
        match self {
            Driver::Ring(ring) => ring.wait_for_files(out),
            _ => Err(Errno::EINVAL),
        }
    }

    /// The descriptor that becomes readable when there is something to do.
    pub(crate) fn fd(&self) -> c_int {
        either!(self, d => d.epoll())
    }

    /// True if there may be a ring, for file operations; asks if nothing has wanted to know yet.
    pub(crate) fn is_ring(&mut self) -> bool {
        if let Driver::Ring(ring) = self
            && probe::features().is_none()
        {
            // Nothing of files is in flight.
            *self = Driver::Ready(ring.take_ready(&mut Array::new()));
        }
        matches!(self, Driver::Ring(_))
    }

    /// What the driver did so far.
    pub(crate) fn counters(&self) -> Counters {
        either!(self, d => d.counters())
    }

    /// Starts afresh in a forked child: new descriptors, all polls registered again. The parent's are left alone.
    pub(crate) fn reopen(&mut self) -> Result {
        either!(self, d => d.reopen())
    }

    /// Ends the driver of a loop that is being closed; nothing is in flight.
    pub(crate) fn close(&mut self) {
        either!(self, d => d.close());
    }
}
