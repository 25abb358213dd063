//! The io_uring driver: one ring a loop, made by the thread that runs the loop.
//!
//! A poll is level-triggered for its owner: a oneshot poll that is armed anew, together with everything else, in the one
//! `io_uring_enter` of the next wait. A ring set up with DEFER_TASKRUN can be reaped only by the thread that made it; when
//! another thread runs the loop, a new ring is made there and all polls are armed again. File operations are in flight only
//! inside `uv_run`, so they never have to move.
//!
//! A ring lets go of what it polls some milliseconds after its process has died (6 on average, 13 seen; it is taken down by a
//! kernel worker), so that a server that was killed could not be started again at once: EADDRINUSE. Descriptors that hold a
//! name, listening and datagram sockets, are therefore registered in an epoll set beside the ring, which holds no reference
//! to them; the ring polls that set. So are pipes, whose end a parent is to see before that of the process, and the
//! descriptors of poll handles, which are the user's to close. It costs one `epoll_wait` a batch more, and closing needs no
//! cancellation.
//!
//! Closing a ring interrupts its thread's next `epoll_wait` or `poll` with EINTR. A ring that has nothing in flight is
//! therefore kept by its thread for the thread's next loop.
//!
//! Argument for the unsafe code: (1) a pushed entry points only to memory that a request keeps valid until its completion
//! (laws 2 and 4); (2) the arguments of `enter` live on the stack for the call.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use io_uring::{EnterFlags, IoUring, opcode, squeue, types};
use libc::c_int;

use super::polls::{Polls, State};
use super::probe::{self, Features};
use super::ready::{self, Ready};
use super::{Counters, Limit, fork, pool};
use crate::abi::{Errno, Result};
use crate::alloc::Array;
use crate::op::{Completion, FileOp, OpKey, Submission, sqe};
use crate::os::clock;

/// Submission entries of a ring; the completion queue is 16 times as long.
const ENTRIES: u32 = 256;
/// How many idle rings, of some 80 KiB each, a thread keeps: as many as it ever had loops at once, within reason. Handing
/// them to another thread to close would not help, as the kernel interrupts the thread that made the ring.
const SPARES: usize = 64;
/// The `user_data` of cancellations, and of the poll of the epoll set beside the ring: no key is that small.
const CANCELLATION: u64 = 0;
const ASIDE: u64 = 1;

/// A ring with the thread and process that it belongs to.
struct Live {
    ring: IoUring,
    thread: u64,
    fork_generation: u64,
    /// Entries pushed whose completion has not been seen. Each entry gives exactly one.
    outstanding: usize,
}

/// The ring driver.
pub(crate) struct Ring {
    live: Option<Live>,
    polls: Polls,
    /// Keys of the file operations in flight, as bits.
    files: Array<u64>,
    ready: Ready,
    /// The epoll set beside the ring, made when it is needed. And whether the ring polls it.
    aside: Option<Ready>,
    aside_armed: bool,
    /// Somebody watches the epoll descriptor.
    exposed: bool,
    /// An armed poll was cancelled, and the kernel has not been told yet.
    unsettled: bool,
    features: Features,
    counters: Counters,
}

/// What `io_uring_enter` takes with EXT_ARG (`struct io_uring_getevents_arg`).
#[repr(C)]
struct WaitArgument {
    sigmask: u64,
    sigmask_size: u32,
    min_wait_us: u32,
    timeout: u64,
}

/// A number for the calling thread that no later thread gets.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static NUMBER: Cell<u64> = const { Cell::new(0) });
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}

thread_local!(static SPARE: RefCell<Vec<Live>> = const { RefCell::new(Vec::new()) });

impl Live {
    /// A ring for the calling thread: a spare one, or a new one.
    fn open(features: Features) -> io::Result<Live> {
        while let Ok(Some(spare)) = SPARE.try_with(|s| s.borrow_mut().pop()) {
            if spare.usable() {
                return Ok(spare);
            }
            spare.abandon();
        }
        let ring = probe::build(features.setup, ENTRIES)?;
        // Kernel workers: as many as the pool would have threads, and a few for what is not files. Per thread.
        let _ = ring.submitter().register_iowq_max_workers(&mut [pool::size_limit(), 16]);
        Ok(Live { ring, thread: thread_number(), fork_generation: fork::generation(), outstanding: 0 })
    }

    /// True in the thread and process that made the ring.
    fn usable(&self) -> bool {
        self.fork_generation == fork::generation() && self.thread == thread_number()
    }

    /// Lets go of a ring that another thread, or the parent process, made.
    fn abandon(self) {
        if self.fork_generation != fork::generation() {
            // The maps stayed behind in the parent (MADV_DONTFORK): there is nothing to unmap, only a descriptor to close.
            let fd = self.ring.as_raw_fd();
            std::mem::forget(self.ring);
            // SAFETY: the forgotten ring's descriptor; nothing else closes it.
            unsafe { libc::close(fd) };
        }
    }

    fn push(&mut self, entry: &squeue::Entry, counters: &mut Counters) {
        loop {
            // SAFETY: (1).
            if unsafe { self.ring.submission().push(entry) }.is_ok() {
                self.outstanding += 1;
                return;
            }
            // The queue is full: hand it to the kernel.
            if self.enter(0, EnterFlags::GETEVENTS, None, counters).is_err() {
                return;
            }
        }
    }

    fn enter(
        &mut self,
        min: u32,
        flags: EnterFlags,
        arg: Option<&WaitArgument>,
        counters: &mut Counters,
    ) -> io::Result<()> {
        let submit = self.ring.submission().len() as u32;
        counters.enters += 1;
        let flags = if arg.is_some() { flags | EnterFlags::EXT_ARG } else { flags };
        // SAFETY: (2); the entries: (1).
        match unsafe { self.ring.submitter().enter(submit, min, flags.bits(), arg) } {
            Ok(_) => Ok(()),
            Err(e) => match e.raw_os_error() {
                // Time is up, a signal came, or completions must be taken first: the caller looks at the queue anyway.
                Some(libc::ETIME | libc::EINTR | libc::EBUSY) => Ok(()),
                _ => Err(e),
            },
        }
    }

    /// True if the kernel has nothing to tell: no completion, and none that an enter would bring.
    fn quiet(&mut self) -> bool {
        let sq = self.ring.submission();
        let pending = !sq.is_empty() || sq.taskrun() || sq.cq_overflow();
        drop(sq);
        !pending && self.ring.completion().is_empty()
    }
}

impl Ring {
    /// A ring driver whose epoll descriptor is `ready`'s.
    pub(crate) fn over(ready: Ready, features: Features) -> Ring {
        Ring {
            live: None,
            polls: Polls::new(),
            files: Array::new(),
            ready,
            aside: None,
            aside_armed: false,
            exposed: false,
            unsettled: false,
            features,
            counters: Counters::default(),
        }
    }

    /// Makes room for the operation in `slot`, poll or file operation.
    pub(crate) fn reserve(&mut self, slot: usize) -> Result {
        self.polls.reserve(slot)?;
        self.files.reserve(1)
    }

    pub(crate) fn epoll(&self) -> c_int {
        self.ready.epoll()
    }

    /// What the ring did, and the epoll set beside it.
    pub(crate) fn counters(&self) -> Counters {
        let aside = self.aside.as_ref().map(Ready::counters).unwrap_or_default();
        Counters {
            polls: self.counters.polls + aside.polls,
            epoll_waits: self.counters.epoll_waits + aside.epoll_waits,
            ..self.counters
        }
    }

    pub(crate) fn files_in_flight(&self) -> usize {
        self.files.len()
    }

    /// True if the kernel's rings know the operation.
    pub(crate) fn rides(&self, op: &FileOp) -> bool {
        self.features.opcodes & 1 << sqe::opcode(op) != 0
    }

    /// Makes the ring of the calling thread, if there is none, or if it belongs elsewhere.
    fn make(&mut self) -> io::Result<()> {
        match self.live {
            Some(ref live) if live.usable() => return Ok(()),
            Some(_) => self.leave(),
            None => {}
        }
        let live = Live::open(self.features)?;
        if self.exposed {
            watch(self.ready.epoll(), live.ring.as_raw_fd());
        }
        self.live = Some(live);
        Ok(())
    }

    /// Gives the ring up; all polls have to be armed again.
    fn leave(&mut self) {
        if let Some(live) = self.live.take() {
            live.abandon();
        }
        self.unsettled = false;
        self.aside_armed = false;
        self.polls.all_fired();
    }

    /// Registers a poll in the epoll set beside the ring; false if there can be no such set.
    fn submit_aside(&mut self, key: OpKey, what: &Submission) -> bool {
        if self.aside.is_none() {
            self.aside = Ready::open().ok();
        }
        let Some(ref mut aside) = self.aside else { return false };
        if aside.reserve(key.slot()).is_err() {
            return false;
        }
        aside.submit(key, what);
        true
    }

    pub(crate) fn submit(&mut self, key: OpKey, what: &Submission) {
        match what {
            Submission::Poll { through_epoll: true, .. } if self.submit_aside(key, what) => {}
            Submission::Poll { fd, events, .. } => self.polls.want(key, *fd, *events),
            Submission::File(op) => {
                // Room was reserved. Without a ring, `wait` fails and reports the operation.
                let _ = self.files.push(key.to_bits());
                let entry = sqe::entry(op).user_data(key.to_bits());
                self.counters.ring_files += 1;
                if self.make().is_ok()
                    && let Some(ref mut live) = self.live
                {
                    live.push(&entry, &mut self.counters);
                }
            }
        }
    }

    pub(crate) fn cancel(&mut self, key: OpKey) {
        let Some(poll) = self.polls.forget(key) else {
            return self.aside.as_mut().map_or((), |aside| aside.cancel(key));
        };
        if poll.state != State::Armed {
            return;
        }
        match self.live {
            Some(ref mut live) if live.usable() => {
                let entry = opcode::PollRemove::new(key.to_bits()).build().user_data(CANCELLATION);
                live.push(&entry, &mut self.counters);
                self.unsettled = true;
            }
            // Only its own thread can talk to a ring. Closing it ends all its polls; the rest are armed again later.
            _ => self.leave(),
        }
    }

    pub(crate) fn settle(&mut self) {
        if !std::mem::take(&mut self.unsettled) {
            return;
        }
        if let Some(ref mut live) = self.live {
            let _ = live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters);
        }
    }

    pub(crate) fn cancel_file(&mut self, key: OpKey) -> bool {
        let Some(ref live) = self.live else { return false };
        let now = types::Timespec::new();
        let which = types::CancelBuilder::user_data(key.to_bits());
        live.usable() && live.ring.submitter().register_sync_cancel(Some(now), which).is_ok()
    }

    pub(crate) fn cancel_files(&mut self, chosen: impl Fn(OpKey) -> bool) {
        for at in 0..self.files.len() {
            let key = OpKey::from_bits(self.files[at]);
            if chosen(key) {
                self.cancel_file(key);
            }
        }
    }

    pub(crate) fn wait_for_files(&mut self, out: &mut Array<Completion>) -> Result {
        // Without room for what comes, nothing would be taken from the queue.
        out.reserve(2 * ENTRIES as usize)?;
        let Some(ref mut live) = self.live else { return Err(Errno::EINVAL) };
        let waited = live.enter(1, EnterFlags::GETEVENTS, None, &mut self.counters);
        self.reap(out);
        waited.map_err(|_| Errno::EINVAL)
    }

    /// Pushes an entry for each poll that must be armed.
    fn push_wanted(&mut self) -> io::Result<()> {
        self.make()?;
        let Some(ref mut live) = self.live else { return Ok(()) };
        while let Some(poll) = self.polls.take_wanted() {
            let entry = opcode::PollAdd::new(types::Fd(poll.fd), poll.events).build().user_data(poll.key.to_bits());
            live.push(&entry, &mut self.counters);
            self.counters.polls += 1;
        }
        if let Some(ref aside) = self.aside
            && !self.aside_armed
        {
            let entry = opcode::PollAdd::new(types::Fd(aside.epoll()), libc::POLLIN as u32).build().user_data(ASIDE);
            live.push(&entry, &mut self.counters);
            self.aside_armed = true;
        }
        Ok(())
    }

    pub(crate) fn arm(&mut self) {
        if (self.polls.any_wanted() || (self.aside.is_some() && !self.aside_armed))
            && self.push_wanted().is_ok()
            && let Some(ref mut live) = self.live
        {
            let _ = live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters);
        }
    }

    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) -> io::Result<()> {
        loop {
            self.push_wanted()?;
            let left = match limit.until_ns {
                None => None,
                Some(0) => Some(0),
                Some(until) => Some(until.saturating_sub(clock::monotonic_ns())),
            };
            let look = left == Some(0) || !out.is_empty();
            self.enter(limit.sigmask, left, look)?;
            self.unsettled = false;
            self.reap(out);
            if look || !out.is_empty() {
                return Ok(());
            }
        }
    }

    /// The one system call of a turn, if it is needed at all.
    fn enter(&mut self, sigmask: u64, left_ns: Option<u64>, look: bool) -> io::Result<()> {
        let Some(ref mut live) = self.live else { return Ok(()) };
        if look && live.quiet() {
            return Ok(());
        }
        if look || !live.ring.completion().is_empty() {
            return live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters);
        }
        let mut flags = EnterFlags::GETEVENTS;
        if self.features.no_iowait {
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
        live.enter(1, flags, Some(&arg), &mut self.counters)
    }

    /// Takes what the completion queue holds.
    fn reap(&mut self, out: &mut Array<Completion>) {
        let Some(ref mut live) = self.live else { return };
        let mut queue = live.ring.completion();
        let start = out.len();
        // Without room the completions stay where they are.
        if out.reserve(queue.len()).is_err() {
            return;
        }
        for cqe in &mut queue {
            live.outstanding = live.outstanding.saturating_sub(1);
            let key = OpKey::from_bits(cqe.user_data());
            let result = cqe.result();
            if self.polls.get(key).is_some() {
                self.polls.fired(key);
                // An error here means that the kernel dropped the poll (its thread ended, the descriptor is bad): the first
                // is armed again, the second never becomes ready.
                if result > 0 {
                    let _ = out.push(Completion { key, result });
                } else if result != -libc::ECANCELED {
                    self.polls.forget(key);
                }
            } else if let Some(at) = self.files.iter().position(|&bits| bits == key.to_bits()) {
                let last = self.files.len() - 1;
                self.files.swap(at, last);
                self.files.pop();
                let _ = out.push(Completion { key, result });
            } else if cqe.user_data() == ASIDE {
                self.aside_armed = false;
            }
        }
        drop(queue);
        if let Some(ref mut aside) = self.aside
            && !self.aside_armed
        {
            let middle = out.len();
            aside.wait(Limit { until_ns: Some(0), sigmask: 0 }, out);
            // They come first: a connection that is made is seen by the listener before the client, as with epoll alone.
            out[start..].rotate_left(middle - start);
        }
    }

    pub(crate) fn expose(&mut self, wake: c_int) {
        if !std::mem::replace(&mut self.exposed, true) {
            watch(self.ready.epoll(), wake);
            if let Some(ref live) = self.live {
                watch(self.ready.epoll(), live.ring.as_raw_fd());
            }
        }
        self.arm();
    }

    /// The ring is refused after all: gives an epoll driver that takes over, with every poll. File operations that were not
    /// handed to the kernel complete with EOPNOTSUPP, which sends them to the thread pool.
    pub(crate) fn take_ready(&mut self, out: &mut Array<Completion>) -> Ready {
        while let Some(bits) = self.files.pop() {
            let _ = out.push(Completion { key: OpKey::from_bits(bits), result: -libc::EOPNOTSUPP });
        }
        self.leave();
        let polls = std::mem::replace(&mut self.polls, Polls::new());
        let mut ready = self.ready.taking_over(polls, self.counters());
        if let Some(aside) = self.aside.take() {
            for poll in aside.polls().all() {
                if ready.reserve(poll.key.slot()).is_ok() {
                    ready.submit(poll.key, &Submission::Poll { fd: poll.fd, events: poll.events, through_epoll: true });
                }
            }
        }
        ready
    }

    pub(crate) fn reopen(&mut self) -> Result {
        self.leave();
        self.exposed = false;
        if let Some(ref mut aside) = self.aside {
            aside.reopen()?;
        }
        self.ready.reopen()
    }

    pub(crate) fn close(&mut self) {
        if let Some(mut live) = self.live.take() {
            if live.usable() {
                self.drain(&mut live);
                if live.outstanding == 0 {
                    let _ = SPARE.try_with(|spare| {
                        let mut spare = spare.borrow_mut();
                        if spare.len() < SPARES {
                            unwatch(self.ready.epoll(), live.ring.as_raw_fd(), self.exposed);
                            spare.push(live);
                        }
                    });
                }
            } else {
                live.abandon();
            }
        }
        self.ready.close();
    }

    /// Cancels every poll and takes all that comes of it.
    fn drain(&mut self, live: &mut Live) {
        self.polls.all_fired();
        while let Some(poll) = self.polls.take_wanted() {
            let entry = opcode::PollRemove::new(poll.key.to_bits()).build().user_data(CANCELLATION);
            live.push(&entry, &mut self.counters);
            self.polls.forget(poll.key);
        }
        if self.aside_armed {
            live.push(&opcode::PollRemove::new(ASIDE).build().user_data(CANCELLATION), &mut self.counters);
        }
        if live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters).is_ok() {
            let taken = live.ring.completion().count();
            live.outstanding = live.outstanding.saturating_sub(taken);
        }
    }
}

/// Adds a ring, or the eventfd, to the epoll set, level-triggered: a foreign wait on the set takes nothing away.
fn watch(epoll: c_int, fd: c_int) {
    ready::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN as u32, 0);
}

fn unwatch(epoll: c_int, ring: c_int, exposed: bool) {
    if exposed {
        ready::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, ring, 0, 0);
    }
}
