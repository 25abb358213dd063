//! Jobs that threads of the pool have finished, on their way to the loop.

use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};

use crate::base::lock::{Mutex, MutexGuard};
use crate::base::queue::Link;

/// Guards `loop->wq`, in which finished jobs await their `done`.
pub(crate) struct Mailbox {
    lock: Mutex<()>,
    /// There may be some.
    some: AtomicBool,
    /// How many threads are between putting a job there and having woken the loop.
    pub(super) handing_over: AtomicU32,
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
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

    /// In a forked child: the threads of the pool stayed in the parent, whatever they were doing. What they had put into the list is
    /// delivered; where that is nothing, the loop may sleep.
    pub(crate) fn after_fork(&self, has_jobs: bool) {
        self.some.store(has_jobs, SeqCst);
        self.handing_over.store(0, SeqCst);
    }
}
