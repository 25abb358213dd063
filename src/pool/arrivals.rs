//! When the jobs in the lanes came, while somebody looks: how long they wait for a thread. A job itself has no room for it.

use std::collections::VecDeque;

use crate::abi::uv__work;
use crate::observe;
use crate::sys::clock;

/// Jobs in the lanes, the oldest first. Under the pool's lock.
pub(super) struct Arrivals(VecDeque<(*const uv__work, u64)>);

impl Arrivals {
    pub(super) const fn new() -> Arrivals {
        Arrivals(VecDeque::new())
    }

    /// A job comes. Where there is no memory to note it, it is not measured.
    pub(super) fn note(&mut self, work: *const uv__work) {
        if observe::is_on() && self.0.try_reserve(1).is_ok() {
            self.0.push_back((work, clock::monotonic_ns()));
        }
    }

    /// A job goes; since when it was there, in nanoseconds, if that was noted.
    pub(super) fn take(&mut self, work: *const uv__work) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        // Mostly the first: jobs are taken in their order, and lookups in theirs.
        let at = self.0.iter().position(|&(noted, _)| noted == work)?;
        self.0.remove(at).map(|(_, came_ns)| came_ns)
    }
}
