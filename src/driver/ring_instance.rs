//! One io_uring, with the thread and the process that it belongs to.
//!
//! A ring set up with DEFER_TASKRUN can be entered only by the thread that made it. Its mappings are MADV_DONTFORK: in a forked
//! child nothing of it is mapped, whatever may be mapped at the same place by then, and only the descriptor is there, too.
//! Therefore a ring is never entered elsewhere, and never unmapped in a child.
//!
//! Closing a ring interrupts its thread's next `epoll_wait` or `poll` with EINTR. A ring that has nothing in flight is
//! therefore kept by its thread for the thread's next loop.
//!
//! Argument for the unsafe code: (1) what an entry points to was promised to be valid until its completion, by whoever made
//! the submission; (2) the arguments of `enter` live on the stack for the call; (3) `ring` is taken apart in `drop` alone.

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
    fence,
};

use io_uring::{EnterFlags, IoUring, types};
use libc::c_int;

use super::probe::{self, SubmissionPolling};
use crate::abi::{Errno, Result};
use crate::base::environment;
use crate::base::fork;
use crate::driver::counters::Counters;
use crate::observe::probes;
use crate::op::OpKey;
use crate::op::sqe::Entry;

/// What a loop wants of its ring.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingOptions {
    /// Submission entries; the completion queue is 16 times as long.
    pub(crate) entries: u32,
    pub(crate) polling: Option<SubmissionPolling>,
}

impl RingOptions {
    pub(crate) const DEFAULT: RingOptions = RingOptions { entries: 256, polling: None };
}
/// How many idle rings, of some 80 KiB each, a thread keeps: as many as it ever had loops at once, within reason. Handing
/// them to another thread to close would not help, as the kernel interrupts the thread that made the ring.
const SPARES: usize = 64;

/// A ring with the thread and process that it belongs to.
pub(super) struct RingInstance {
    pub(super) ring: ManuallyDrop<IoUring>,
    options: RingOptions,
    thread: u64,
    fork_generation: u64,
    /// Entries pushed so far.
    pub(super) pushed: u32,
    /// Entries pushed whose completion has not been seen. Each entry gives exactly one.
    pub(super) outstanding: usize,
}

/// What came of an `io_uring_enter`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entered {
    /// It did what it could; time may have run out, or a signal have come.
    Well,
    /// The kernel lacks memory, or room for completions: to be tried again, once completions were taken.
    Busy,
    /// A filter came, or the descriptor is gone: no enter will ever do better.
    Refused,
}

/// What `io_uring_enter` takes with EXT_ARG (`struct io_uring_getevents_arg`).
#[repr(C)]
pub(super) struct WaitArgument {
    pub(super) sigmask: u64,
    pub(super) sigmask_size: u32,
    pub(super) min_wait_us: u32,
    pub(super) timeout: u64,
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

type Spares = Vec<Box<RingInstance>>;
thread_local!(static SPARE: RefCell<Spares> = const { RefCell::new(Vec::new()) });

impl RingInstance {
    /// A ring for the calling thread: a spare one, or a new one.
    pub(super) fn open(options: RingOptions) -> Result<Box<RingInstance>> {
        let features = probe::features().ok_or(Errno::ENOSYS)?;
        while options == RingOptions::DEFAULT
            && let Ok(Some(spare)) = SPARE.try_with(|spares| spares.borrow_mut().pop())
        {
            if spare.is_mine() {
                return Ok(spare);
            }
        }
        let ring = options.polling.map_or_else(
            || probe::build(features.setup, options.entries),
            |polling| probe::build_polling(polling, options.entries),
        );
        let ring = ring.map_err(|e| Errno::from_sys(e.raw_os_error().unwrap_or(libc::ENOMEM)))?;
        // Kernel workers: as many as the pool would have threads, and a few for what is not files. Per thread.
        let _ = ring.submitter().register_iowq_max_workers(&mut [environment::pool_size(), 16]);
        boxed(RingInstance {
            ring: ManuallyDrop::new(ring),
            options,
            thread: thread_number(),
            fork_generation: fork::generation(),
            pushed: 0,
            outstanding: 0,
        })
    }

    /// Keeps a ring with nothing in flight for the thread's next loop, unless it is one that few loops want.
    pub(super) fn keep(self: Box<RingInstance>) {
        if self.options != RingOptions::DEFAULT {
            return;
        }
        let _ = SPARE.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() < SPARES && spares.try_reserve(1).is_ok() {
                spares.push(self);
            }
        });
    }

    /// True in the thread and process that made the ring.
    pub(super) fn is_mine(&self) -> bool {
        self.is_of_this_process() && self.thread == thread_number()
    }

    /// False in a forked child of the process that made the ring.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.fork_generation == fork::generation()
    }

    /// True if completions come only with an enter: the kernel defers its work until then.
    pub(super) fn is_deferred(&self) -> bool {
        self.ring.params().is_setup_single_issuer()
    }

    /// Queues an entry for the next enter. False if there is no room, and none can be made.
    pub(super) fn push(&mut self, entry: &Entry, counters: &mut Counters) -> bool {
        for has_entered in [false, true] {
            // SAFETY: (1).
            if unsafe { self.ring.submission().push(entry.as_raw()) }.is_ok() {
                self.pushed = self.pushed.wrapping_add(1);
                self.outstanding += 1;
                counters.entries += 1;
                probes::submit(entry.as_raw().get_user_data());
                return true;
            }
            if !has_entered {
                // The queue is full: hand it to the kernel.
                self.enter(0, EnterFlags::GETEVENTS, None, counters);
            }
        }
        false
    }

    /// Waits until a kernel thread that polls the submission queue has emptied it, or sleeps and will do no more by itself.
    pub(super) fn settle(&mut self) {
        while self.is_polled() && !self.ring.submission().is_empty() && !self.must_wake() {
            std::thread::yield_now();
        }
    }

    /// True if a kernel thread takes the entries.
    pub(super) fn is_polled(&self) -> bool {
        self.options.polling.is_some()
    }

    /// True if that thread sleeps.
    fn must_wake(&mut self) -> bool {
        // Between what was pushed and the flags: the thread sets its flag, then looks at the queue once more.
        fence(SeqCst);
        self.ring.submission().need_wakeup()
    }

    /// True if the kernel has not taken the entry that was pushed as the `number`th: it never will without an enter.
    pub(super) fn is_untaken(&mut self, number: u32) -> bool {
        let age = self.pushed.wrapping_sub(number);
        age < self.ring.submission().len() as u32
    }

    /// Submits what was pushed; waits for `min` completions if `arg` says how.
    pub(super) fn enter(
        &mut self,
        min: u32,
        flags: EnterFlags,
        arg: Option<&WaitArgument>,
        counters: &mut Counters,
    ) -> Entered {
        #[cfg(test)]
        if let Some(errno) = super::script::next_enter_fails() {
            return Entered::of(errno);
        }
        let submit = self.ring.submission().len() as u32;
        let mut flags = flags;
        if self.is_polled() {
            if self.must_wake() {
                flags |= EnterFlags::SQ_WAKEUP;
            } else if min == 0 && !self.ring.submission().cq_overflow() {
                return Entered::Well;
            }
        }
        counters.overflows += u64::from(self.ring.submission().cq_overflow());
        counters.enters += 1;
        let flags = if arg.is_some() { flags | EnterFlags::EXT_ARG } else { flags };
        // SAFETY: (2); the entries: (1).
        match unsafe { self.ring.submitter().enter(submit, min, flags.bits(), arg) } {
            Ok(_) => Entered::Well,
            Err(e) => Entered::of(e.raw_os_error().unwrap_or(libc::EIO)),
        }
    }

    /// True if the kernel has nothing to tell: no completion, and none that an enter would bring.
    pub(super) fn quiet(&mut self) -> bool {
        let sq = self.ring.submission();
        let pending = !sq.is_empty() || sq.taskrun() || sq.cq_overflow();
        drop(sq);
        !pending && self.ring.completion().is_empty()
    }

    /// The next completion, if there is one: key and result.
    pub(super) fn next(&mut self) -> Option<(u64, i32)> {
        let next = self.ring.completion().next()?;
        self.outstanding = self.outstanding.saturating_sub(1);
        Some((next.user_data(), as_a_call_would(next.result())))
    }

    /// Ends an operation that waits for something. Fails with ENOENT if there is none to end, EALREADY if it is under way.
    pub(super) fn cancel(&self, key: OpKey) -> Result {
        let which = types::CancelBuilder::user_data(key.to_bits());
        let now = types::Timespec::new();
        let cancelled = self.ring.submitter().register_sync_cancel(Some(now), which);
        cancelled.map_err(|e| Errno::from_sys(e.raw_os_error().unwrap_or(libc::EIO)))
    }

    pub(super) fn fd(&self) -> c_int {
        self.ring.as_raw_fd()
    }

    /// How the ring was set up.
    pub(super) fn setup(&self) -> &io_uring::Parameters {
        self.ring.params()
    }
}

impl Entered {
    fn of(errno: c_int) -> Entered {
        match errno {
            libc::ETIME | libc::EINTR => Entered::Well,
            libc::EAGAIN | libc::EBUSY | libc::ENOMEM => Entered::Busy,
            _ => Entered::Refused,
        }
    }
}

/// What a system call would have returned. A signal to the kernel's worker, as by a cancellation, may end an operation with one of the
/// numbers that the kernel has for its own use: the call is to be made again then (`ERESTARTSYS` 512 to `ERESTART_RESTARTBLOCK` 516).
fn as_a_call_would(result: i32) -> i32 {
    if (-516..=-512).contains(&result) { -libc::EINTR } else { result }
}

impl Drop for RingInstance {
    fn drop(&mut self) {
        let fd = self.ring.as_raw_fd();
        if !is_ring(fd) {
            // The program has closed the descriptor, and the number may be another's by now. What is mapped stays.
            return;
        }
        if self.is_of_this_process() {
            // SAFETY: (3).
            unsafe { ManuallyDrop::drop(&mut self.ring) };
        } else {
            // SAFETY: the descriptor that was inherited; nothing else closes it.
            unsafe { libc::close(fd) };
        }
    }
}

/// In a box of libc's memory, because a thread's spare rings outlive the allocator that the program put in place.
fn boxed(instance: RingInstance) -> Result<Box<RingInstance>> {
    // SAFETY: the size is not 0, and the memory is written before it counts as a box.
    unsafe {
        let place = std::alloc::alloc(Layout::new::<RingInstance>()).cast::<RingInstance>();
        if place.is_null() {
            return Err(Errno::ENOMEM);
        }
        place.write(instance);
        Ok(Box::from_raw(place))
    }
}

/// False if a descriptor is certainly not one of a ring.
fn is_ring(fd: c_int) -> bool {
    const NAME: &[u8] = b"anon_inode:[io_uring]";
    // SAFETY: no pointers.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return false;
    }
    let mut path = [0u8; 32];
    let mut name = [0u8; NAME.len() + 1];
    let written = std::io::Write::write_fmt(&mut &mut path[..31], format_args!("/proc/self/fd/{fd}"));
    // SAFETY: the path ends with a zero, and the name has the room that is said.
    let len = unsafe { libc::readlink(path.as_ptr().cast(), name.as_mut_ptr().cast(), name.len()) };
    // Without /proc nobody can tell.
    written.is_err() || len < 0 || name[..len as usize] == *NAME
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_call_is_never_seen_to_be_made_again() {
        for (result, seen) in
            [(-512, -libc::EINTR), (-516, -libc::EINTR), (-511, -511), (-517, -517), (512, 512), (0, 0)]
        {
            assert_eq!(super::as_a_call_would(result), seen);
        }
    }
}
