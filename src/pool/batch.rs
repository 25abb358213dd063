//! What a worker has taken at once: short jobs, which it does in a row and hands back together.
//!
//! One job at a time, each took the pool's lock twice, its loop's once, and often woke the loop: together more than a `stat` takes.
//!
//! | job | where | what `cancel` does |
//! |---|---|---|
//! | not begun | `todo` | takes it out |
//! | under way | in no list | nothing: it was claimed |
//! | done | `done` | nothing: it was claimed |
//!
//! A job that takes long must hold up no other. After 100 µs what was not begun goes back to the lane, and what is done to its
//! loop. Should a job hang before that, the loop that misses results says so (`rescue`).
//!
//! A batch is for half of the short jobs that wait, so that another worker and the loop get to do something meanwhile, and grows to
//! 32 as long as they are short.
//!
//! The unsafe code cites the pool's argument; the lists are touched only under the batch's lock.

use crate::abi::uv__queue;
use crate::base::lock::Mutex;
use crate::base::queue::Link;
use crate::model::job::Job;
use crate::pool::jobs::{self, Claimed};

pub(super) struct Batch {
    todo: uv__queue,
    done: uv__queue,
    lock: Mutex<()>,
}

impl Batch {
    /// To be followed by `init`, at its final place.
    pub(super) const fn new() -> Batch {
        Batch { todo: uv__queue::new(), done: uv__queue::new(), lock: Mutex::new(()) }
    }

    pub(super) fn init(&self) {
        self.todo().init();
        self.done().init();
    }

    fn todo(&self) -> Link {
        // SAFETY: (4); under the lock.
        unsafe { Link::at(&raw const self.todo) }
    }

    fn done(&self) -> Link {
        // SAFETY: (4); under the lock.
        unsafe { Link::at(&raw const self.done) }
    }

    /// Notes that a job is done, and gives the next, unless it has become late.
    pub(super) fn next(&self, done: Job, is_late: bool) -> Option<Claimed> {
        let _held = self.lock.lock();
        self.done().push_back(done.link());
        if is_late {
            return None;
        }
        // One that cannot be claimed is being cancelled.
        std::iter::from_fn(|| self.todo().pop_front()).find_map(|link| Job::of_link(link).claim())
    }

    /// Sees to it that the batch does not hold a job that was cancelled. True if it did.
    pub(super) fn forget(&self, job: Job) -> bool {
        let _held = self.lock.lock();
        let mut next = self.todo().first();
        while let Some(link) = next {
            if link == job.link() {
                link.unlink();
                return true;
            }
            next = link.next_in(self.todo());
        }
        false
    }

    /// Hands back what is done.
    pub(super) fn hand_over(&self) {
        let list = uv__queue::new();
        // SAFETY: it outlives the link.
        let list = unsafe { Link::at(&raw const list) };
        list.init();
        {
            let _held = self.lock.lock();
            list.append_all(self.done());
        }
        jobs::finish_all(list);
    }

    /// Takes jobs, which are in no list any more.
    pub(super) fn fill(&self, jobs: impl Iterator<Item = Link>) {
        let _held = self.lock.lock();
        jobs.for_each(|job| self.todo().push_back(job));
    }

    /// Gives back what was not begun, the last first.
    pub(super) fn give_back(&self, mut to: impl FnMut(Link)) {
        let _held = self.lock.lock();
        while let Some(link) = self.todo().last() {
            link.unlink();
            to(link);
        }
    }
}
