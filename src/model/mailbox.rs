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
        self.tell(jobs, wake);
    }

    /// The same of jobs that were put there.
    pub(crate) fn tell(&self, jobs: MutexGuard<'_, Jobs>, wake: &Wake) {
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

#[cfg(all(test, loom))]
mod every_order {
    use loom::sync::Arc;
    use loom::thread::spawn;

    use super::*;
    use crate::abi::uv__queue;
    use crate::base::sync::yield_now;

    /// A mailbox with its wake-up and its list, a job, and where the loop puts it.
    struct Parts {
        mailbox: Mailbox,
        wake: Wake,
        nodes: Box<[uv__queue; 3]>,
    }

    // SAFETY: the nodes are touched as those of a loop: the list under the mailbox's lock, the job by who has it.
    unsafe impl Send for Parts {}
    // SAFETY: the same.
    unsafe impl Sync for Parts {}

    impl Parts {
        fn new() -> Arc<Parts> {
            let nodes = Box::new([const { uv__queue::new() }; 3]);
            let link = |at: usize| {
                // SAFETY: the box lives as long as the parts.
                let link = unsafe { Link::at(&raw const nodes[at]) };
                link.init();
                link
            };
            let [list, ..] = [link(0), link(1), link(2)];
            Arc::new(Parts { mailbox: Mailbox::new(list), wake: Wake::open().expect("an eventfd"), nodes })
        }

        fn link(&self, at: usize) -> Link {
            // SAFETY: the box lives as long as the parts.
            unsafe { Link::at(&raw const self.nodes[at]) }
        }

        fn finish_job(&self) {
            self.mailbox.hand_over(self.mailbox.lock(), self.link(1), &self.wake);
        }

        fn take(&self) -> bool {
            self.mailbox.take_all(self.link(2));
            !self.link(2).is_empty()
        }
    }

    /// A job is finished while the loop falls asleep: it sees that there are some, or has a token; then it finds the job.
    #[test]
    fn no_job_is_lost() {
        loom::model(|| {
            let parts = Parts::new();
            parts.wake.awake();
            let worker = spawn({
                let parts = parts.clone();
                move || parts.finish_job()
            });
            parts.wake.asleep();
            let sees = parts.mailbox.has_some();
            assert!(!sees || parts.take());
            worker.join().expect("it ends");
            assert!(sees || (parts.wake.is_signalled() && parts.mailbox.has_some() && parts.take()));
        });
    }

    /// A loop that has got its last job, and that nobody is handing over to, may be closed: nobody wakes it any more.
    #[test]
    fn who_hands_over_is_waited_for() {
        loom::model(|| {
            let parts = Parts::new();
            let worker = spawn({
                let parts = parts.clone();
                move || parts.finish_job()
            });
            while !parts.take() || parts.mailbox.is_handing_over() {
                yield_now();
            }
            let tokens = parts.wake.count();
            worker.join().expect("it ends");
            assert_eq!(parts.wake.count(), tokens);
        });
    }
}
