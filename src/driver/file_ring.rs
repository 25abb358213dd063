//! The ring of a loop: made by the thread that runs the loop, it carries file operations, beside the epoll set with the loop's
//! descriptors. The ring polls that set, so that one look at its flags, without a system call, tells whether anything has
//! happened.
//!
//! | the loop | waits in | system calls for a batch of events |
//! |---|---|---|
//! | sleeps, no file operation in flight | the epoll set | 1 |
//! | sleeps, file operations in flight | the ring | 1; 2 where descriptors are ready |
//! | only polls (idle handles, NOWAIT) | nowhere | none while there is nothing |
//!
//! Descriptors are not polled by the ring one by one. A ring lets go of what it polls some milliseconds after its process has
//! died (6 on average, 13 seen; a kernel worker takes it down): a server that was killed could not be started again at once
//! (EADDRINUSE), and a parent saw the end of a child before that of its pipe. An epoll set holds no reference, needs no
//! cancellation before a descriptor is closed, and stays when another thread runs the loop. Nor was the ring cheaper: with
//! oneshot polls, armed anew in the enter that waits, echo servers took 2 to 5 % more processor time than with epoll, and
//! unix sockets that are accepted and closed 15 %.
//!
//! When another thread runs the loop, a new ring is made there. File operations are in flight only inside `uv_run`, so they
//! never have to move. In a forked child those of the parent are forgotten, as libuv forgets those of its threads.
//!
//! | `io_uring_enter` answers | what becomes of the operations in flight |
//! |---|---|
//! | EAGAIN, ENOMEM, EBUSY | they stay, completions are taken, and it is tried again; after [`PATIENCE_NS`] it counts as refused |
//! | EPERM, ENOSYS and the like | [`FileRing::shutdown`]: what the kernel has not taken goes elsewhere, the rest is [`Severed`] |

#![deny(unsafe_code)]

use io_uring::{EnterFlags, types};

use super::epoll::Epoll;
use super::probe;
use super::ring_instance::{Entered, RingInstance, RingOptions, WaitArgument};
use super::severed::Severed;
use crate::abi::{Errno, Result};
use crate::base::alloc::Array;
use crate::driver::counters::Counters;
use crate::driver::limit::Limit;
use crate::observe::probes;
use crate::op::sqe::{self, Entry};
use crate::op::{Completion, FileOp, OpKey, Submission};
use crate::sys::clock;

/// The `user_data` of cancellations, and of the poll of the epoll set: no key is that small.
const CANCELLATION: u64 = 0;
pub(super) const EPOLL: u64 = 1;
/// After so many polls in a row that found nothing, the ring polls the epoll set, which takes a system call and, for a loop
/// that has none yet, a ring.
const MOST_EMPTY_POLLS: u32 = 16;
/// Where no ring can be made (descriptors ran out), so many operations go elsewhere before it is tried again.
const SKIPPED: u32 = 32;
/// How long the kernel may lack memory for an enter, and how long the loop sleeps in between.
const PATIENCE_NS: u64 = 1_000_000_000;
const PAUSE_NS: u64 = 1_000_000;

/// The ring can do no more; to be followed by [`FileRing::shutdown`].
pub(super) struct Refused;

type Attempt = core::result::Result<(), Refused>;

/// A file operation in flight.
#[derive(Clone, Copy)]
struct InFlight {
    key: OpKey,
    /// Which of the pushed entries is its own, counted from the first.
    number: u32,
}

/// The file operations of a loop, and the ring that carries them, once it was wanted.
pub(crate) struct FileRing {
    instance: Option<Box<RingInstance>>,
    options: RingOptions,
    in_flight: Array<InFlight>,
    /// The ring polls the epoll set: what makes that readable gives a completion.
    armed: bool,
    /// The ring may not poll: a filter came that refuses it. What is in flight is looked after every [`PAUSE_NS`], and no more follows.
    cannot_poll: bool,
    /// Polls in a row that found nothing.
    empty_polls: u32,
    /// Since when each enter has been answered with EAGAIN or the like.
    busy_since_ns: Option<u64>,
    /// How many operations go elsewhere before a ring is asked for again.
    skip: u32,
    pub(super) counters: Counters,
}

impl FileRing {
    pub(super) fn new() -> FileRing {
        FileRing {
            instance: None,
            options: RingOptions::DEFAULT,
            in_flight: Array::new(),
            armed: false,
            cannot_poll: false,
            empty_polls: 0,
            busy_since_ns: None,
            skip: 0,
            counters: Counters::default(),
        }
    }

    pub(super) fn options(&self) -> RingOptions {
        self.options
    }

    /// Sets what the ring is to be; for a loop that has not run. With submission polling the ring is made now, to learn whether it may
    /// be: `UV_ENOTSUP`, or `UV_EPERM` where the process may not.
    pub(super) fn set_options(&mut self, options: RingOptions) -> Result {
        let instance = options.polling.map(|_| RingInstance::open(options)).transpose();
        self.instance = instance.map_err(|e| if e == Errno::EPERM { e } else { Errno::ENOTSUP })?;
        self.options = options;
        Ok(())
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// True if the ring can carry the operation; makes it if there is none.
    pub(super) fn can_carry(&mut self, op: &FileOp) -> bool {
        let is_known = probe::features().is_some_and(|features| features.opcodes & 1 << sqe::opcode(op) != 0);
        // A thread that polls for submissions has the rights that the process had when the ring was made. To read from a descriptor
        // takes none.
        let is_allowed = self.options.polling.is_none() || matches!(op, FileOp::Read { .. });
        if !is_known || !is_allowed || self.cannot_poll {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let is_there = self.ring().is_some();
        if !is_there {
            self.skip = SKIPPED;
        }
        is_there
    }

    /// The ring of the calling thread; a new one if there is none, or if it belongs elsewhere.
    pub(super) fn ring(&mut self) -> Option<&mut RingInstance> {
        if self.mine().is_none() && self.in_flight.is_empty() {
            self.armed = false;
            self.instance = RingInstance::open(self.options).ok();
        }
        self.mine()
    }

    /// The ring, if there is one that this thread can use.
    fn mine(&mut self) -> Option<&mut RingInstance> {
        self.instance.as_deref_mut().filter(|instance| instance.is_mine())
    }

    /// In a forked child the ring is the parent's, and so is what it carries.
    pub(super) fn forget_if_foreign(&mut self) {
        // There is another epoll set.
        self.armed = false;
        if self.instance.as_ref().is_some_and(|instance| !instance.is_of_this_process()) {
            self.instance = None;
            self.in_flight.clear();
            self.busy_since_ns = None;
        }
    }

    /// Starts an operation. Fails if there is no ring, or no room.
    pub(super) fn submit(&mut self, key: OpKey, op: &Submission) -> Result {
        self.in_flight.reserve(1)?;
        let number = self.push(&Entry::of(op).user_data(key.to_bits())).ok_or(Errno::EAGAIN)?;
        self.counters.ring_files += 1;
        self.in_flight.push(InFlight { key, number })
    }

    /// Queues an entry; gives its number.
    pub(super) fn push(&mut self, entry: &Entry) -> Option<u32> {
        self.ring()?;
        let ring = self.instance.as_deref_mut()?;
        ring.push(entry, &mut self.counters).then_some(ring.pushed)
    }

    /// What completed next, if this thread can take it.
    pub(super) fn next_completion(&mut self) -> Option<(u64, i32)> {
        self.mine()?.next()
    }

    /// The poll of the epoll set has completed.
    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }

    /// After an enter that went badly, with nothing of files in flight: sleeps a little, or tells that no other will do better.
    pub(super) fn is_hopeless(&mut self, entered: Entered) -> bool {
        if entered == Entered::Refused || self.note_busy().is_err() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_nanos(PAUSE_NS));
        false
    }

    /// Gives the ring up, with nothing of files in flight.
    pub(super) fn drop_ring(&mut self) {
        self.armed = false;
        self.busy_since_ns = None;
        self.instance = None;
    }

    /// Ends an operation that waits for something; true if it was ended.
    pub(super) fn cancel(&mut self, key: OpKey) -> bool {
        self.mine().is_some_and(|ring| ring.cancel(key).is_ok())
    }

    /// Tries to end the operations that `chosen` picks.
    pub(super) fn cancel_chosen(&mut self, chosen: impl Fn(OpKey) -> bool) {
        for at in 0..self.in_flight.len() {
            let key = self.in_flight[at].key;
            if !chosen(key) {
                continue;
            }
            match self.mine().map(|ring| ring.cancel(key)) {
                // Done, or not there any more, or under way.
                None | Some(Ok(()) | Err(Errno::ENOENT | Errno::EALREADY)) => {}
                // A filter may let io_uring_enter pass and refuse io_uring_register.
                Some(Err(_)) => {
                    self.push(&Entry::cancel(key.to_bits()).user_data(CANCELLATION));
                }
            }
        }
    }

    /// Sleeps until some operation has completed.
    pub(super) fn wait_for_files(&mut self, out: &mut Array<Completion>) -> Attempt {
        // Without room for what comes, nothing would be taken from the queue.
        if out.reserve(2 * RingOptions::DEFAULT.entries as usize).is_err() {
            std::thread::sleep(std::time::Duration::from_nanos(PAUSE_NS));
            return Ok(());
        }
        let entered = self.enter_with(1, EnterFlags::GETEVENTS, None);
        self.reap(out);
        if entered == Entered::Busy && out.is_empty() {
            self.note_busy()?;
            std::thread::sleep(std::time::Duration::from_nanos(PAUSE_NS));
        }
        if entered == Entered::Refused { Err(Refused) } else { Ok(()) }
    }

    /// Has the ring poll the epoll set, with the next enter. False if there is no ring, or if it may not.
    fn arm(&mut self, epoll: &Epoll) -> bool {
        if !self.armed && !self.cannot_poll {
            self.armed = self.push(&Entry::poll(epoll.fd()).user_data(EPOLL)).is_some();
        }
        self.armed
    }

    /// Waits; what was found comes after what `out` holds already.
    pub(super) fn wait(&mut self, epoll: &mut Epoll, limit: Limit, out: &mut Array<Completion>) -> Attempt {
        let nowait = limit.until_ns == Some(0) || !out.is_empty() || epoll.is_always_ready();
        if !self.in_flight.is_empty() {
            return self.wait_for_both(epoll, limit, nowait, out);
        }
        if nowait {
            return self.take_ready(epoll, out);
        }
        self.empty_polls = 0;
        epoll.wait(limit, out);
        Ok(())
    }

    /// Without file operations in flight, and without sleeping.
    fn take_ready(&mut self, epoll: &mut Epoll, out: &mut Array<Completion>) -> Attempt {
        if self.has_nothing() {
            epoll.report_always(out);
            return Ok(());
        }
        if self.armed {
            self.take(out)?;
        }
        let before = out.len();
        epoll.wait(Limit::NOWAIT, out);
        if out.len() > before {
            self.empty_polls = 0;
            return Ok(());
        }
        self.empty_polls += 1;
        if self.empty_polls == MOST_EMPTY_POLLS {
            self.empty_polls = 0;
            if self.arm(epoll) {
                self.take(out)?;
            }
        }
        Ok(())
    }

    /// True if the ring polls the epoll set, and has nothing to tell. Whichever thread it belongs to: to ask for that takes as long
    /// as to look.
    #[inline]
    pub(super) fn has_nothing(&mut self) -> bool {
        self.armed
            && self.in_flight.is_empty()
            && self.instance.as_deref_mut().is_some_and(|instance| instance.is_of_this_process() && instance.quiet())
    }

    /// Submits what was pushed, and takes what the kernel has.
    fn take(&mut self, out: &mut Array<Completion>) -> Attempt {
        if self.mine().is_none() {
            self.instance = None;
            self.armed = false;
            return Ok(());
        }
        let entered = self.enter_with(0, EnterFlags::GETEVENTS, None);
        self.reap(out);
        if entered == Entered::Refused { Err(Refused) } else { Ok(()) }
    }

    /// With file operations in flight: in the ring, which polls the epoll set.
    fn wait_for_both(&mut self, epoll: &mut Epoll, limit: Limit, nowait: bool, out: &mut Array<Completion>) -> Attempt {
        loop {
            let left = limit.left_ns(nowait);
            let nowait = left == Some(0);
            self.arm(epoll);
            let start = out.len();
            let entered = self.enter(limit.sigmask, left, nowait || self.cannot_poll);
            self.reap(out);
            match entered {
                Entered::Well if out.len() > start || !self.cannot_poll => self.busy_since_ns = None,
                Entered::Busy if out.len() > start => {}
                // Descriptors are not kept waiting meanwhile.
                Entered::Well | Entered::Busy => {
                    if entered == Entered::Busy {
                        self.note_busy()?;
                    }
                    epoll.wait(if nowait { Limit::NOWAIT } else { limit.at_most(PAUSE_NS) }, out);
                    if nowait || !out.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
                Entered::Refused => return Err(Refused),
            }
            if !self.armed || epoll.is_always_ready() {
                let middle = out.len();
                epoll.wait(Limit::NOWAIT, out);
                // They come first: a connection that is made is seen by the listener before the client, as with epoll alone.
                out[start..].rotate_left(middle - start);
            }
            if nowait || !out.is_empty() {
                return Ok(());
            }
        }
    }

    /// The enter was in vain once more; after too long it counts as refused.
    fn note_busy(&mut self) -> Attempt {
        let now = clock::monotonic_ns();
        let since = *self.busy_since_ns.get_or_insert(now);
        if now.saturating_sub(since) > PATIENCE_NS { Err(Refused) } else { Ok(()) }
    }

    /// The one system call of a wait in the ring, if it is needed at all.
    fn enter(&mut self, sigmask: u64, left_ns: Option<u64>, nowait: bool) -> Entered {
        let Some(ring) = self.mine() else { return Entered::Refused };
        if nowait && ring.quiet() {
            return Entered::Well;
        }
        if nowait || !ring.ring.completion().is_empty() {
            return self.enter_with(0, EnterFlags::GETEVENTS, None);
        }
        let mut flags = EnterFlags::GETEVENTS;
        if probe::features().is_some_and(|features| features.no_iowait) {
            flags |= EnterFlags::NO_IOWAIT;
        }
        let timeout =
            left_ns.map(|ns| types::Timespec::new().sec(ns / 1_000_000_000).nsec((ns % 1_000_000_000) as u32));
        let arg = WaitArgument {
            sigmask: if sigmask == 0 { 0 } else { (&raw const sigmask).addr() as u64 },
            sigmask_size: size_of::<u64>() as u32,
            min_wait_us: 0,
            timeout: timeout.as_ref().map_or(0, |t| std::ptr::from_ref(t).addr() as u64),
        };
        self.enter_with(1, flags, Some(&arg))
    }

    pub(super) fn enter_with(&mut self, min: u32, flags: EnterFlags, arg: Option<&WaitArgument>) -> Entered {
        let ring = self.instance.as_deref_mut().filter(|instance| instance.is_mine());
        let entered = ring.map_or(Entered::Refused, |ring| ring.enter(min, flags, arg, &mut self.counters));
        if entered == Entered::Well {
            self.busy_since_ns = None;
        }
        entered
    }

    /// Takes what the completion queue holds.
    fn reap(&mut self, out: &mut Array<Completion>) {
        let Some(instance) = self.instance.as_deref_mut().filter(|instance| instance.is_of_this_process()) else {
            return;
        };
        // Without room the completions stay where they are.
        if out.reserve(self.in_flight.len()).is_err() {
            return;
        }
        while let Some((user_data, result)) = instance.next() {
            self.counters.completions += 1;
            probes::complete(user_data, result);
            if user_data == EPOLL {
                self.armed = false;
                self.cannot_poll |= result < 0 && result != -libc::ECANCELED;
            } else if let Some(at) = self.in_flight.iter().position(|op| op.key.to_bits() == user_data) {
                let last = self.in_flight.len() - 1;
                self.in_flight.swap(at, last);
                self.in_flight.pop();
                let _ = out.push(Completion { key: OpKey::from_bits(user_data), result });
            } else {
                debug_assert_eq!(user_data, CANCELLATION, "completed twice, or never submitted");
            }
        }
    }

    /// No enter will succeed any more. Takes what has completed; what the kernel has not taken from the queue, and never will,
    /// completes with ECANCELED: it was not done. What is left was begun, and must not be done again. `None` if nothing is; the
    /// error means that there is no memory for it, and that it is to be tried again.
    pub(super) fn shutdown(&mut self, out: &mut Array<Completion>) -> Result<Option<Severed>> {
        // Who has forked need not tell the loop.
        self.forget_if_foreign();
        out.reserve(self.in_flight.len())?;
        self.reap(out);
        let Some(instance) = self.instance.as_mut() else {
            return Ok(None);
        };
        instance.settle();
        let mut keys = Array::new();
        keys.reserve(self.in_flight.len())?;
        while let Some(op) = self.in_flight.pop() {
            if instance.is_untaken(op.number) {
                out.push(Completion { key: op.key, result: -libc::ECANCELED })?;
            } else {
                keys.push(op.key)?;
            }
        }
        self.armed = false;
        let instance = self.instance.take();
        Ok(instance.filter(|_| !keys.is_empty()).map(|instance| Severed::new(instance, keys)))
    }

    /// Ends the ring of a loop that is being closed; nothing is in flight.
    pub(super) fn close(&mut self) {
        let is_armed = self.armed;
        self.armed = false;
        let Some(mut instance) = self.instance.take().filter(|instance| instance.is_mine()) else { return };
        if is_armed {
            instance.push(&Entry::end_poll(EPOLL).user_data(CANCELLATION), &mut self.counters);
        }
        if instance.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters) == Entered::Well {
            while instance.next().is_some() {}
            if instance.outstanding == 0 {
                instance.keep();
            }
        }
    }
}
