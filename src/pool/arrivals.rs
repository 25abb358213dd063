//! When the jobs in the lanes came, while somebody looks: how long they wait for a thread. A job itself has no room for it.

#![deny(unsafe_code)]

use std::collections::VecDeque;

use crate::model::job::Job;
use crate::observe;
use crate::sys::clock;

/// Jobs in the lanes, the oldest first. Under the pool's lock.
pub(super) struct Arrivals(VecDeque<(Job, u64)>);

impl Arrivals {
    pub(super) const fn new() -> Arrivals {
        Arrivals(VecDeque::new())
    }

    /// A job comes. Where there is no memory to note it, it is not measured.
    pub(super) fn note(&mut self, job: Job) {
        if observe::is_on() && self.0.try_reserve(1).is_ok() {
            self.0.push_back((job, clock::monotonic_ns()));
        }
    }

    /// A job goes; since when it was there, in nanoseconds, if that was noted.
    pub(super) fn take(&mut self, job: Job) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        // Mostly the first: jobs are taken in their order, and lookups in theirs.
        let at = self.0.iter().position(|&(noted, _)| noted == job)?;
        self.0.remove(at).map(|(_, came_ns)| came_ns)
    }
}
