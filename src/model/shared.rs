//! What threads other than a loop's own may touch of it: those of the pool, senders of asyncs (signal handlers among them), and
//! who waits on the backend descriptor in the loop's stead.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::abi::Result;
use crate::base::queue::Link;
use crate::driver::wake::Wake;
use crate::model::asyncs::PendingStack;
use crate::model::mailbox::Mailbox;
use crate::model::metrics::Idle;
use crate::observe::{self, Slot};
use crate::sys::call::this_thread;

/// The part of a loop's state that every thread may name. What the loop's own thread tells the others is stored without an
/// order: who asks while it changes gets the answer of before or after.
pub(crate) struct Shared {
    /// Wakes the loop.
    pub(crate) wake: Wake,
    /// Async handles with a callback to come.
    pub(crate) pending_asyncs: PendingStack,
    /// Jobs that the pool has finished.
    pub(crate) mailbox: Mailbox,
    /// Name lookups under way, and other jobs of the pool. Only the loop's own thread changes them.
    lookups: AtomicUsize,
    short_jobs: AtomicUsize,
    jobs: AtomicUsize,
    /// The key under which the wake-up is registered, as bits.
    pub(crate) wake_key: AtomicU64,
    pub(crate) idle: Idle,
    /// CLOCK_MONOTONIC in nanoseconds, as of the last update; `loop->time` is the same in milliseconds.
    now_ns: AtomicU64,
    /// When the first timer is due, on the same clock; `NEVER` without one.
    due_ns: AtomicU64,
    /// What a loop has to see to that no descriptor tells of, while no `uv_run` is under way: `UNHEARD`, `RESTLESS`.
    untold: AtomicU32,
    /// Where the loop writes what it measures, if somebody looks.
    slot: AtomicPtr<Slot>,
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

impl Shared {
    /// For a loop whose finished jobs await their `done` in this list.
    pub(super) fn new(finished: Link) -> Result<Shared> {
        Ok(Shared {
            wake: Wake::open()?,
            pending_asyncs: PendingStack::new(),
            mailbox: Mailbox::new(finished),
            jobs: AtomicUsize::new(0),
            lookups: AtomicUsize::new(0),
            short_jobs: AtomicUsize::new(0),
            wake_key: AtomicU64::new(0),
            idle: Idle::default(),
            now_ns: AtomicU64::new(0),
            due_ns: AtomicU64::new(NEVER),
            untold: AtomicU32::new(0),
            slot: AtomicPtr::new(ptr::null_mut()),
            runner: AtomicU64::new(0),
        })
    }

    /// Name lookups under way.
    pub(crate) fn lookups(&self) -> usize {
        self.lookups.load(Relaxed)
    }

    /// Other jobs of the pool under way.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.load(Relaxed)
    }

    /// Notes that the loop awaits a job more, or (with -1) one less.
    pub(crate) fn count_job(&self, is_lookup: bool, change: isize) {
        let count = if is_lookup { &self.lookups } else { &self.jobs };
        count.store(count.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }

    /// Jobs of which a worker may do several before it hands any back.
    pub(crate) fn short_jobs(&self) -> usize {
        self.short_jobs.load(Relaxed)
    }

    /// Notes one more, or (with -1) one less. In a forked child the parent's are not counted any more.
    pub(crate) fn count_short(&self, change: isize) {
        self.short_jobs.store(self.short_jobs().saturating_add_signed(change), Relaxed);
    }

    /// In a forked child: no worker holds anything back.
    pub(crate) fn forget_short_jobs(&self) {
        self.short_jobs.store(0, Relaxed);
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

    /// Where the loop writes what it measures. In a forked child its parent's is nobody's, until `uv_loop_fork`.
    pub(crate) fn slot(&self) -> Option<&'static Slot> {
        // SAFETY: slots stay for good.
        unsafe { self.slot.load(Relaxed).as_ref() }.filter(|slot| slot.is_mine())
    }

    /// From now on what the loop does is measured, if it is not already and there is room for it.
    pub(crate) fn observe(&self) {
        if self.slot().is_none()
            && let Some(slot) = observe::claim()
        {
            self.slot.store(ptr::from_ref(slot).cast_mut(), Relaxed);
        }
    }

    /// In a forked child: measures on if the parent did.
    pub(crate) fn observe_after_fork(&self) {
        if !self.slot.load(Relaxed).is_null() {
            self.observe();
        }
    }

    /// This thread enters `uv_run`.
    pub(crate) fn enter_run(&self) {
        self.runner.store(this_thread(), Relaxed);
        self.untold.store(0, Relaxed);
    }

    /// And leaves it.
    pub(crate) fn leave_run(&self, is_unheard: bool, is_restless: bool) {
        self.runner.store(0, Relaxed);
        self.untold.store((u32::from(is_unheard) * UNHEARD) | (u32::from(is_restless) * RESTLESS), Relaxed);
    }

    /// True in a callback of the loop, and after one has jumped out of `uv_run` in this thread.
    pub(crate) fn runs_here(&self) -> bool {
        self.runner.load(Relaxed) == this_thread()
    }
}
