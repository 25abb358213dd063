//! Jobs that threads of the pool have finished, on their way to the loop.

use crate::base::queue::Link;
use crate::base::sync::{
    AtomicBool, AtomicU32, Mutex, MutexGuard,
    Ordering::{Relaxed, SeqCst},
};
use crate::driver::wake::Wake;

/// Where finished jobs await their `done`.
pub(crate) struct Mailbox {
    /// `loop->wq`.
    jobs: Mutex<Jobs>,
    /// There may be some.
    some: AtomicBool,
    /// How many threads are between putting a job there and having woken the loop.
    handing_over: AtomicU32,
}

/// The head of the list.
pub(crate) struct Jobs(Link);

// SAFETY: the list is touched only under the mailbox's lock.
unsafe impl Send for Jobs {}

impl Mailbox {
    /// One that fills this list, which has been initialised.
    pub(super) fn new(jobs: Link) -> Mailbox {
        Mailbox { jobs: Mutex::new(Jobs(jobs)), some: AtomicBool::new(false), handing_over: AtomicU32::new(0) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock()
    }

    /// Puts a job into the list.
    pub(crate) fn put(&self, jobs: &MutexGuard<'_, Jobs>, job: Link) {
        jobs.0.push_back(job);
        self.some.store(true, Relaxed);
    }

    /// From a thread of the pool: puts a finished job into the list and wakes the loop.
    pub(crate) fn hand_over(&self, jobs: MutexGuard<'_, Jobs>, job: Link, wake: &Wake) {
        self.put(&jobs, job);
        let asleep = wake.claim();
        if asleep {
            // Keeps the loop from being closed while it is woken outside the lock, which it wants as soon as it is awake.
            self.handing_over.fetch_add(1, SeqCst);
        }
        drop(jobs);
        if asleep {
            wake.signal();
            self.handing_over.fetch_sub(1, SeqCst);
        }
    }

    pub(crate) fn has_some(&self) -> bool {
        self.some.load(SeqCst)
    }

    /// Moves all jobs to another list.
    pub(crate) fn take_all(&self, to: Link) {
        let jobs = self.jobs.lock();
        self.some.store(false, SeqCst);
        to.append_all(jobs.0);
    }

    /// True while a thread that has put a job there is about to wake the loop.
    pub(crate) fn is_handing_over(&self) -> bool {
        self.handing_over.load(SeqCst) != 0
    }

    /// In a forked child: the threads of the pool stayed in the parent, whatever they were doing, maybe in the midst of putting a job
    /// into the list. What is in it and counts here is delivered; where that is nothing, the loop may sleep.
    pub(crate) fn after_fork(&self, counts: impl Fn(Link) -> bool) {
        let jobs = self.jobs.lock();
        jobs.0.mend();
        let mut next = jobs.0.first();
        while let Some(link) = next {
            next = link.next_in(jobs.0);
            if !counts(link) {
                link.unlink();
            }
        }
        self.some.store(!jobs.0.is_empty(), SeqCst);
        self.handing_over.store(0, SeqCst);
    }
}
