//! Carries what a loop wants to the kernel and brings completions back: descriptors are watched in an epoll set (`epoll.rs`),
//! file operations go to a ring (`file_ring.rs`), where there may be one, and otherwise go to the thread pool (`pool`).
//!
//! | file | what is in it |
//! |---|---|
//! | `epoll` | the loop's epoll set |
//! | `ring_batch` | writes to many sockets in one call of the ring |
//! | `file_ring`, `ring_instance` | the file operations in flight, and the ring that carries them |
//! | `severed` | those on a ring that can be entered no more |
//! | `probe` | whether this process may have a ring |
//! | `limit`, `counters` | how long to wait; what was done |
//! | `wake` | the wake-up of a sleeping loop |

mod counters;
pub(crate) mod epoll;
mod file_ring;
pub(crate) mod limit;
pub(crate) mod probe;
mod ring_batch;
mod ring_instance;
#[cfg(test)]
pub(crate) mod script;
mod severed;
#[cfg(test)]
mod tests;
pub(crate) mod wake;

use libc::{c_int, c_uint};

use crate::abi::{Errno, Result};
use crate::base::alloc::Array;
use crate::op::send::Send;
use crate::op::{Completion, FileOp, OpKey, Submission};
pub(crate) use counters::Counters;
use epoll::Epoll;
use file_ring::FileRing;
pub(crate) use limit::Limit;
pub(crate) use probe::SubmissionPolling;
pub(crate) use ring_instance::RingOptions;
use severed::Severed;

/// What carries a loop's operations.
pub(crate) struct Driver {
    /// Descriptors.
    epoll: Epoll,
    /// File operations.
    files: Files,
    /// What rings did that are given up.
    past: Counters,
    /// What a test says, in place of the kernel.
    #[cfg(test)]
    pub(crate) script: Option<script::Script>,
}

/// What carries file operations.
enum Files {
    /// Nothing: they go to the pool.
    Off,
    Ring(FileRing),
    /// There is no ring any more, and results of what it carried are to come.
    Severed(Severed),
}

impl Driver {
    /// A driver for a new loop, with a ring unless it is switched off. Whether this process may have one is asked when something
    /// wants it, because many a loop never does and the answer takes a thread: 0.8 ms of the start of Node.js. The ring itself is
    /// made later still, by the thread that runs the loop.
    pub(crate) fn open() -> Result<Driver> {
        let mut epoll = Epoll::open()?;
        let files = if probe::is_switched_off() {
            Files::Off
        } else {
            epoll.sleep_precisely();
            Files::Ring(FileRing::new())
        };
        Ok(Driver {
            epoll,
            files,
            past: Counters::default(),
            #[cfg(test)]
            script: script::is_wanted().then(script::Script::new),
        })
    }

    /// Watches a descriptor for `events` (`POLL*`): tells whenever it is ready for one of them, as long as it is and until
    /// `unwatch`, or until it is watched under another key. `is_watched` if it is already. `UV_ENOMEM` or `UV_ENOSPC` if there is no
    /// room for that.
    pub(crate) fn watch(&mut self, key: OpKey, fd: c_int, events: c_uint, is_watched: bool) -> Result {
        #[cfg(test)]
        if let Some(ref mut script) = self.script {
            self.epoll.registered += 1;
            return script.watch(key, fd);
        }
        self.epoll.watch(key, fd, events, is_watched)
    }

    /// True if a descriptor can be watched; the error is epoll's, which programs know.
    pub(crate) fn can_watch(&self, fd: c_int) -> Result {
        #[cfg(test)]
        if self.script.is_some() {
            return Ok(());
        }
        self.epoll.can_watch(fd)
    }

    /// Watches it no longer. No completion follows, and the kernel has let go of the descriptor.
    pub(crate) fn unwatch(&mut self, fd: c_int) {
        #[cfg(test)]
        if let Some(ref mut script) = self.script {
            return script.unwatch(fd);
        }
        self.epoll.unwatch(fd);
    }

    /// Starts a file operation, of which [`Driver::can_carry`] was true; it completes once. Fails if there is no room for it.
    pub(crate) fn submit(&mut self, key: OpKey, op: &Submission) -> Result {
        match self.files {
            Files::Ring(ref mut ring) => ring.submit(key, op),
            Files::Off | Files::Severed(_) => Err(Errno::ENOSYS),
        }
    }

    /// Sleeps until something completes or the limit passes, and adds completions to `out`.
    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) {
        #[cfg(test)]
        if let Some(ref mut script) = self.script {
            return script.wait(limit, out);
        }
        // Apart from all else, because turns in which nothing happens are short: 50 ns.
        if limit.until_ns == Some(0)
            && let Files::Ring(ref mut ring) = self.files
            && ring.has_nothing()
        {
            return self.epoll.report_always(out);
        }
        self.wait_for_something(limit, out);
    }

    #[inline(never)]
    fn wait_for_something(&mut self, limit: Limit, out: &mut Array<Completion>) {
        loop {
            match self.files {
                Files::Off => return self.epoll.wait(limit, out),
                Files::Ring(ref mut ring) => {
                    if ring.wait(&mut self.epoll, limit, out).is_ok() {
                        return;
                    }
                    self.give_up_ring(out);
                }
                Files::Severed(ref severed) if !severed.is_of_this_process() => self.files = Files::Off,
                Files::Severed(ref mut severed) => {
                    let is_over = !out.is_empty() || limit.is_over();
                    self.epoll.wait(if is_over { Limit::NOWAIT } else { limit.at_most(severed.pause_ns()) }, out);
                    severed.take_results(out);
                    self.forget_severed();
                    if is_over {
                        return;
                    }
                }
            }
            if !out.is_empty() {
                return;
            }
        }
    }

    /// No enter will succeed any more: goes on without the ring.
    fn give_up_ring(&mut self, out: &mut Array<Completion>) {
        let Files::Ring(ref mut ring) = self.files else { return };
        if let Ok(rest) = ring.shutdown(out) {
            self.past = ring.counters;
            self.files = rest.map_or(Files::Off, Files::Severed);
        } else {
            // Until there is memory again.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    fn forget_severed(&mut self) {
        if let Files::Severed(ref severed) = self.files
            && severed.len() == 0
        {
            self.files = Files::Off;
        }
    }

    /// Asks which descriptors are ready, as part of a spin before a sleep: not yet a reason to have the ring poll.
    pub(crate) fn poll_descriptors(&mut self, out: &mut Array<Completion>) {
        #[cfg(test)]
        if let Some(ref mut script) = self.script {
            return script.wait(Limit::NOWAIT, out);
        }
        self.epoll.wait(Limit::NOWAIT, out);
    }

    /// True, once, if more descriptors may be ready than the last wait has told of.
    pub(crate) fn take_full(&mut self) -> bool {
        self.epoll.take_full()
    }

    /// What the ring is, or is to be. `UV_ENOTSUP` without one.
    pub(crate) fn ring_options(&mut self) -> Result<RingOptions> {
        match self.files {
            Files::Ring(ref ring) if probe::features().is_some() => Ok(ring.options()),
            _ => Err(Errno::ENOTSUP),
        }
    }

    /// Sets what the ring is to be, before the loop runs. `UV_ENOTSUP` without one, or where the kernel's cannot be so; `UV_EPERM`.
    pub(crate) fn set_ring_options(&mut self, options: RingOptions) -> Result {
        match self.files {
            Files::Ring(ref mut ring) => ring.set_options(options),
            Files::Off | Files::Severed(_) => Err(Errno::ENOTSUP),
        }
    }

    /// True if a kernel thread takes what is submitted.
    pub(crate) fn is_polled(&self) -> bool {
        matches!(self.files, Files::Ring(ref ring) if ring.options().polling.is_some())
    }

    /// True if the ring can carry a file operation.
    pub(crate) fn can_carry(&mut self, op: &FileOp) -> bool {
        match self.files {
            Files::Ring(ref mut ring) => ring.can_carry(op),
            Files::Off | Files::Severed(_) => false,
        }
    }

    /// Writes to many sockets in one call. False if that cannot be; none was tried then.
    pub(crate) fn send_all(&mut self, sends: &mut [Send]) -> bool {
        match self.files {
            Files::Ring(ref mut ring) => ring.send_all(sends),
            Files::Off | Files::Severed(_) => false,
        }
    }

    /// How many file operations are in the kernel's hands.
    pub(crate) fn files_in_flight(&self) -> usize {
        match self.files {
            Files::Ring(ref ring) => ring.in_flight(),
            Files::Severed(ref severed) => severed.len(),
            Files::Off => 0,
        }
    }

    /// Ends a file operation on the ring that waits for something. True if it was ended; its completion, with ECANCELED,
    /// follows.
    pub(crate) fn cancel_file(&mut self, key: OpKey) -> bool {
        match self.files {
            Files::Ring(ref mut ring) => ring.cancel(key),
            Files::Off | Files::Severed(_) => false,
        }
    }

    /// Tries to end the file operations on the ring that `chosen` picks; a completion follows in any case.
    pub(crate) fn cancel_files(&mut self, chosen: impl Fn(OpKey) -> bool) {
        if let Files::Ring(ref mut ring) = self.files {
            ring.cancel_chosen(chosen);
        }
    }

    /// Sleeps until a file operation on the ring completes, without watching descriptors. False if there is none: what is left of a
    /// ring that was given up belongs to no thread, and is not waited for.
    pub(crate) fn wait_for_files(&mut self, out: &mut Array<Completion>) -> bool {
        let Files::Ring(ref mut ring) = self.files else { return false };
        if ring.in_flight() == 0 {
            return false;
        }
        if ring.wait_for_files(out).is_err() {
            self.give_up_ring(out);
        }
        true
    }

    /// True if results are to come of which no descriptor tells.
    pub(crate) fn must_look(&self) -> bool {
        matches!(self.files, Files::Severed(_))
    }

    /// The descriptor that becomes readable when there is something to do.
    pub(crate) fn fd(&self) -> c_int {
        self.epoll.fd()
    }

    /// True if there may be a ring, for file operations; asks if nothing has wanted to know yet.
    pub(crate) fn is_ring(&mut self) -> bool {
        if matches!(self.files, Files::Ring(_)) && probe::features().is_none() {
            // Nothing of files is in flight.
            self.files = Files::Off;
        }
        self.may_have_ring()
    }

    /// The same, without asking.
    pub(crate) fn may_have_ring(&self) -> bool {
        matches!(self.files, Files::Ring(_))
    }

    /// A number that no other registration of the last thousands of millions has.
    pub(crate) fn next_generation(&self) -> u64 {
        self.epoll.registered + 1
    }

    /// What the driver did so far.
    pub(crate) fn counters(&self) -> Counters {
        let files = if let Files::Ring(ref ring) = self.files { ring.counters } else { self.past };
        Counters {
            polls: self.epoll.registered,
            epoll_waits: self.epoll.waits,
            completions: files.completions + self.epoll.found,
            ..files
        }
    }

    /// Starts afresh in a forked child: a new epoll set, in which nothing is watched. What the parent's ring carries is forgotten.
    pub(crate) fn reopen(&mut self) -> Result {
        match self.files {
            Files::Ring(ref mut ring) => ring.forget_if_foreign(),
            Files::Severed(ref severed) if !severed.is_of_this_process() => self.files = Files::Off,
            Files::Severed(_) | Files::Off => {}
        }
        self.epoll.reopen()
    }

    /// Ends the driver of a loop that is being closed; nothing is in flight.
    pub(crate) fn close(&mut self) {
        if let Files::Ring(ref mut ring) = self.files {
            ring.close();
        }
        self.epoll.close();
    }
}
