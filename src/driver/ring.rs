//! The io_uring driver: one ring a loop, made by the thread that runs the loop and carrying its file operations, beside an
//! epoll set with its descriptors. The ring polls that set, so that one look at its flags, without a system call, tells
//! whether anything has happened.
//!
//! | the loop | waits in | system calls for a batch of events |
//! |---|---|---|
//! | sleeps, no file operation in flight | the epoll set | 1 |
//! | sleeps, file operations in flight | the ring | 1; 2 where descriptors are ready |
//! | only looks (idle handles, NOWAIT) | nowhere | none while there is nothing |
//!
//! Descriptors are not polled by the ring one by one. A ring lets go of what it polls some milliseconds after its process has
//! died (6 on average, 13 seen; a kernel worker takes it down): a server that was killed could not be started again at once
//! (EADDRINUSE), and a parent saw the end of a child before that of its pipe. An epoll set holds no reference, needs no
//! cancellation before a descriptor is closed, and stays when another thread runs the loop. Nor was the ring cheaper: with
//! oneshot polls, armed anew in the enter that waits, echo servers took 2 to 5 % more processor time than with epoll, and
//! unix sockets that are accepted and closed 15 %.
//!
//! A ring set up with DEFER_TASKRUN can be reaped only by the thread that made it; when another thread runs the loop, a new
//! ring is made there. File operations are in flight only inside `uv_run`, so they never have to move.
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

use super::probe;
use super::ready::Ready;
use super::{Counters, Limit, fork, pool};
use crate::abi::{Errno, Result};
use crate::alloc::Array;
use crate::op::{Completion, FileOp, OpKey, Submission, sqe};

/// Submission entries of a ring; the completion queue is 16 times as long.
const ENTRIES: u32 = 256;
/// How many idle rings, of some 80 KiB each, a thread keeps: as many as it ever had loops at once, within reason. Handing
/// them to another thread to close would not help, as the kernel interrupts the thread that made the ring.
const SPARES: usize = 64;
/// The `user_data` of cancellations, and of the poll of the epoll set: no key is that small.
const CANCELLATION: u64 = 0;
const EPOLL: u64 = 1;
/// After so many looks in a row that found nothing, the ring polls the epoll set, which takes a system call and, for a loop
/// that has none yet, a ring.
const LOOKS: u32 = 16;

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
    /// Keys of the file operations in flight, as bits.
    files: Array<u64>,
    /// The descriptors.
    ready: Ready,
    /// The ring polls the epoll set: what makes that readable gives a completion.
    armed: bool,
    /// Looks in a row that found nothing.
    empty_looks: u32,
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
    fn open() -> io::Result<Live> {
        let features = probe::features().ok_or(io::ErrorKind::Unsupported)?;
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
    /// A ring driver beside `ready`.
    pub(crate) fn over(mut ready: Ready) -> Ring {
        ready.sleep_precisely();
        Ring { live: None, files: Array::new(), ready, armed: false, empty_looks: 0, counters: Counters::default() }
    }

    /// Makes room for the operation in `slot`, poll or file operation.
    pub(crate) fn reserve(&mut self, slot: usize) -> Result {
        self.ready.reserve(slot)?;
        self.files.reserve(1)
    }

    pub(crate) fn epoll(&self) -> c_int {
        self.ready.epoll()
    }

    /// What the ring did, and the epoll set.
    pub(crate) fn counters(&self) -> Counters {
        let ready = self.ready.counters();
        Counters { polls: ready.polls, epoll_waits: ready.epoll_waits, ..self.counters }
    }

    pub(crate) fn take_full(&mut self) -> bool {
        self.ready.take_full()
    }

    pub(crate) fn files_in_flight(&self) -> usize {
        self.files.len()
    }

    /// True if the kernel's rings know the operation.
    pub(crate) fn rides(&self, op: &FileOp) -> bool {
        probe::features().is_some_and(|features| features.opcodes & 1 << sqe::opcode(op) != 0)
    }

    /// The ring of the calling thread; a new one if there is none, or if it belongs elsewhere.
    fn make(&mut self) -> io::Result<&mut Live> {
        if self.live.as_ref().is_some_and(|live| !live.usable()) {
            self.leave();
        }
        match self.live {
            Some(ref mut live) => Ok(live),
            ref mut none => Ok(none.insert(Live::open()?)),
        }
    }

    /// Gives the ring up.
    fn leave(&mut self) {
        if let Some(live) = self.live.take() {
            live.abandon();
        }
        self.armed = false;
    }

    pub(crate) fn submit(&mut self, key: OpKey, what: &Submission) {
        let Submission::File(op) = what else { return self.ready.submit(key, what) };
        // Room was reserved. Without a ring, `wait` fails and reports the operation.
        let _ = self.files.push(key.to_bits());
        let entry = sqe::entry(op).user_data(key.to_bits());
        self.counters.ring_files += 1;
        self.push(&entry);
    }

    /// Pushes an entry; false if there is no ring.
    fn push(&mut self, entry: &squeue::Entry) -> bool {
        let mut counters = self.counters;
        let made = self.make().map(|live| live.push(entry, &mut counters));
        self.counters = counters;
        made.is_ok()
    }

    pub(crate) fn cancel(&mut self, key: OpKey) {
        self.ready.cancel(key);
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

    /// Has the ring poll the epoll set, with the next enter. False if there is no ring.
    fn arm(&mut self) -> bool {
        if !self.armed {
            let entry = opcode::PollAdd::new(types::Fd(self.ready.epoll()), libc::POLLIN as u32).build();
            self.armed = self.push(&entry.user_data(EPOLL));
        }
        self.armed
    }

    /// True if the ring polls the epoll set and has nothing to tell.
    fn nothing_happened(&mut self) -> bool {
        self.armed && self.live.as_mut().is_some_and(|live| live.usable() && live.quiet())
    }

    /// Waits. The error means that there can be no ring, though file operations need one.
    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) -> io::Result<()> {
        let look = limit.until_ns == Some(0) || !out.is_empty() || self.ready.is_always_ready();
        if !self.files.is_empty() {
            self.wait_for_both(limit, look, out)
        } else if look {
            self.look(out);
            Ok(())
        } else {
            self.empty_looks = 0;
            self.ready.wait(limit, out);
            Ok(())
        }
    }

    /// Looks for descriptors that are ready, as part of a longer look before a sleep: not yet a reason to have the ring poll.
    pub(crate) fn glance(&mut self, out: &mut Array<Completion>) {
        self.ready.wait(Limit::LOOK, out);
    }

    /// Without file operations in flight, and without sleeping.
    fn look(&mut self, out: &mut Array<Completion>) {
        if self.nothing_happened() {
            return self.ready.report_always(out);
        }
        if self.armed {
            self.take(out);
        }
        let before = out.len();
        self.ready.wait(Limit::LOOK, out);
        if out.len() > before {
            self.empty_looks = 0;
            return;
        }
        self.empty_looks += 1;
        if self.empty_looks == LOOKS {
            self.empty_looks = 0;
            if self.arm() {
                self.take(out);
            }
        }
    }

    /// Submits what was pushed, and takes what the kernel has.
    fn take(&mut self, out: &mut Array<Completion>) {
        if let Some(ref mut live) = self.live
            && live.usable()
        {
            let _ = live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters);
        } else {
            self.leave();
        }
        self.reap(out);
    }

    /// With file operations in flight: in the ring, which polls the epoll set.
    fn wait_for_both(&mut self, limit: Limit, look: bool, out: &mut Array<Completion>) -> io::Result<()> {
        self.make()?;
        loop {
            let left = limit.left_ns(look);
            let look = left == Some(0);
            self.arm();
            self.enter(limit.sigmask, left, look)?;
            let start = out.len();
            self.reap(out);
            if !self.armed || self.ready.is_always_ready() {
                let middle = out.len();
                self.ready.wait(Limit::LOOK, out);
                // They come first: a connection that is made is seen by the listener before the client, as with epoll alone.
                out[start..].rotate_left(middle - start);
            }
            if look || !out.is_empty() {
                return Ok(());
            }
        }
    }

    /// The one system call of a wait in the ring, if it is needed at all.
    fn enter(&mut self, sigmask: u64, left_ns: Option<u64>, look: bool) -> io::Result<()> {
        let Some(ref mut live) = self.live else { return Ok(()) };
        if look && live.quiet() {
            return Ok(());
        }
        if look || !live.ring.completion().is_empty() {
            return live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters);
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
        live.enter(1, flags, Some(&arg), &mut self.counters)
    }

    /// Takes what the completion queue holds.
    fn reap(&mut self, out: &mut Array<Completion>) {
        let Some(ref mut live) = self.live else { return };
        let mut queue = live.ring.completion();
        // Without room the completions stay where they are.
        if out.reserve(queue.len()).is_err() {
            return;
        }
        for cqe in &mut queue {
            live.outstanding = live.outstanding.saturating_sub(1);
            let (key, result) = (OpKey::from_bits(cqe.user_data()), cqe.result());
            if let Some(at) = self.files.iter().position(|&bits| bits == key.to_bits()) {
                let last = self.files.len() - 1;
                self.files.swap(at, last);
                self.files.pop();
                let _ = out.push(Completion { key, result });
            } else if cqe.user_data() == EPOLL {
                self.armed = false;
            }
        }
    }

    /// The ring is refused after all: gives the epoll driver, which goes on alone. File operations that were not handed to
    /// the kernel complete with EOPNOTSUPP, which sends them to the thread pool.
    pub(crate) fn take_ready(&mut self, out: &mut Array<Completion>) -> Ready {
        while let Some(bits) = self.files.pop() {
            let _ = out.push(Completion { key: OpKey::from_bits(bits), result: -libc::EOPNOTSUPP });
        }
        self.leave();
        self.ready.take(self.counters)
    }

    pub(crate) fn reopen(&mut self) -> Result {
        self.leave();
        self.ready.reopen()
    }

    pub(crate) fn close(&mut self) {
        if let Some(mut live) = self.live.take() {
            if live.usable() {
                self.disarm(&mut live);
                if live.outstanding == 0 {
                    let _ = SPARE.try_with(|spare| {
                        let mut spare = spare.borrow_mut();
                        if spare.len() < SPARES {
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

    /// Ends the poll of the epoll set.
    fn disarm(&mut self, live: &mut Live) {
        if self.armed {
            live.push(&opcode::PollRemove::new(EPOLL).build().user_data(CANCELLATION), &mut self.counters);
        }
        if live.enter(0, EnterFlags::GETEVENTS, None, &mut self.counters).is_ok() {
            let taken = live.ring.completion().count();
            live.outstanding = live.outstanding.saturating_sub(taken);
        }
    }
}
