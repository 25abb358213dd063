//! What threads other than a loop's own may touch of it: those of the pool, senders of asyncs (signal handlers among them), and
//! who waits on the backend descriptor in the loop's stead.

use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use super::exposure::Exposure;
use super::metrics::Idle;
use crate::abi::Result;
use crate::base::lock::{Mutex, MutexGuard};
use crate::base::queue::Link;
use crate::driver::wake::Wake;
use crate::handles::async_handle::PendingStack;

/// The part of a loop's state that every thread may name. What the loop's own thread tells the others is stored without an
/// order: who asks while it changes gets the answer of before or after.
pub(crate) struct Shared {
    /// Wakes the loop.
    pub(crate) wake: Wake,
    /// Async handles with a callback to come.
    pub(crate) pending_asyncs: PendingStack,
    /// Jobs that the pool has finished.
    pub(crate) mailbox: Mailbox,
    pub(crate) exposure: Exposure,
    pub(crate) idle: Idle,
    /// CLOCK_MONOTONIC in nanoseconds, as of the last update; `loop->time` is the same in milliseconds.
    now_ns: AtomicU64,
    /// When the first timer is due, on the same clock; `NEVER` without one.
    due_ns: AtomicU64,
    /// What a loop has to see to that no descriptor tells of, while no `uv_run` is under way: `UNHEARD`, `RESTLESS`.
    untold: AtomicU32,
    /// The thread that is in `uv_run`, or was when a callback jumped out of it; 0 for none.
    runner: AtomicU64,
}

const NEVER: u64 = u64::MAX;

/// Something awaits its callback.
const UNHEARD: u32 = 1;
/// Something may come for which the loop has to look now and then.
const RESTLESS: u32 = 2;

const fn may_be_shared<T: Sync>() {}
const _: () = may_be_shared::<Shared>();

/// The calling thread.
fn me() -> u64 {
    // SAFETY: takes nothing.
    unsafe { libc::pthread_self() }
}

impl Shared {
    pub(crate) fn new() -> Result<Shared> {
        Ok(Shared {
            wake: Wake::open()?,
            pending_asyncs: PendingStack::new(),
            mailbox: Mailbox::new(),
            exposure: Exposure::default(),
            idle: Idle::default(),
            now_ns: AtomicU64::new(0),
            due_ns: AtomicU64::new(NEVER),
            untold: AtomicU32::new(0),
            runner: AtomicU64::new(0),
        })
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.now_ns.load(Relaxed)
    }

    pub(crate) fn set_now_ns(&self, now: u64) {
        self.now_ns.store(now, Relaxed);
    }

    /// When the first timer is due.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        Some(self.due_ns.load(Relaxed)).filter(|&due| due != NEVER)
    }

    pub(crate) fn set_due_ns(&self, due: Option<u64>) {
        // What is due at the end of time is due.
        self.due_ns.store(due.map_or(NEVER, |due| due.min(NEVER - 1)), Relaxed);
    }

    pub(crate) fn is_unheard(&self) -> bool {
        self.untold.load(Relaxed) & UNHEARD != 0
    }

    pub(crate) fn set_unheard(&self) {
        self.untold.store(self.untold.load(Relaxed) | UNHEARD, Relaxed);
    }

    pub(crate) fn is_restless(&self) -> bool {
        self.untold.load(Relaxed) & RESTLESS != 0
    }

    /// This thread enters `uv_run`.
    pub(crate) fn enter_run(&self) {
        self.runner.store(me(), Relaxed);
        self.untold.store(0, Relaxed);
    }

    /// And leaves it.
    pub(crate) fn leave_run(&self, is_unheard: bool, is_restless: bool) {
        self.runner.store(0, Relaxed);
        self.untold.store((u32::from(is_unheard) * UNHEARD) | (u32::from(is_restless) * RESTLESS), Relaxed);
    }

    /// True in a callback of the loop, and after one has jumped out of `uv_run` in this thread.
    pub(crate) fn runs_here(&self) -> bool {
        self.runner.load(Relaxed) == me()
    }
}

/// Guards `loop->wq`, in which finished jobs await their `done`.
pub(crate) struct Mailbox {
    lock: Mutex<()>,
    /// There may be some.
    some: AtomicBool,
    /// How many threads are between putting a job there and having woken the loop.
    handing_over: AtomicU32,
}

impl Mailbox {
    fn new() -> Mailbox {
        Mailbox { lock: Mutex::new(()), some: AtomicBool::new(false), handing_over: AtomicU32::new(0) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock()
    }

    /// Puts a job into `wq`, the list that `guard` guards.
    pub(crate) fn put(&self, _guard: &MutexGuard<'_, ()>, wq: Link, job: Link) {
        wq.push_back(job);
        self.some.store(true, Relaxed);
    }

    pub(crate) fn has_some(&self) -> bool {
        self.some.load(SeqCst)
    }

    /// Moves all jobs from `wq` to another list.
    pub(crate) fn take_all(&self, wq: Link, to: Link) {
        let _guard = self.lock.lock();
        self.some.store(false, SeqCst);
        to.append_all(wq);
    }

    /// True while a thread that has put a job there is about to wake the loop.
    pub(crate) fn is_handing_over(&self) -> bool {
        self.handing_over.load(SeqCst) != 0
    }

    /// In a forked child: the threads of the pool stayed in the parent, whatever they were doing.
    pub(crate) fn after_fork(&self) {
        self.some.store(true, SeqCst);
        self.handing_over.store(0, SeqCst);
    }
}

impl Shared {
    /// From a thread of the pool: puts a finished job into `wq` and wakes the loop.
    pub(crate) fn hand_over(&self, guard: MutexGuard<'_, ()>, wq: Link, job: Link) {
        self.mailbox.put(&guard, wq, job);
        let asleep = self.wake.claim();
        if asleep {
            // Keeps the loop from being closed while it is woken outside the lock, which it wants as soon as it is awake.
            self.mailbox.handing_over.fetch_add(1, SeqCst);
        }
        drop(guard);
        if asleep {
            self.wake.signal();
            self.mailbox.handing_over.fetch_sub(1, SeqCst);
        }
    }
}
