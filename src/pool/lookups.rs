//! The threads for name lookups, and what becomes of lookups without them.

#![deny(unsafe_code)]

use std::sync::atomic::Ordering::Relaxed;

use crate::model::job::Job;
use crate::pool::{Lanes, Pool, Role};

impl Pool {
    fn lookup_may_start(&self, lanes: &Lanes) -> bool {
        lanes.working < self.limit || lanes.stopping
    }

    /// Makes sure that a lookup starts if the pool's rule allows it. The thread that takes it sees to the next.
    pub(super) fn start_lookups(&'static self, lanes: &mut Lanes) {
        if lanes.lookup_coming || lanes.lookups.is_empty() || !self.lookup_may_start(lanes) {
            return;
        }
        if lanes.lookup_idle > 0 {
            lanes.lookup_coming = true;
            self.for_lookups.notify_one();
        } else if lanes.lookup_threads < self.limit {
            if self.spawn(lanes, Role::Lookup) {
                lanes.lookup_coming = true;
                lanes.lookup_threads += 1;
            } else {
                self.give_turn(lanes);
            }
        }
    }

    /// Has a worker do a lookup, after the jobs that wait already. As with libuv, half of the workers may at the same time.
    fn give_turn(&'static self, lanes: &mut Lanes) {
        let may = lanes.lookups_on_workers < lanes.workers.div_ceil(2);
        if may && lanes.turn.is_empty() {
            lanes.jobs.push_back(lanes.turn);
            self.some_jobs.store(true, Relaxed);
            self.wake_worker(lanes);
        }
    }

    pub(super) fn look_up(&'static self) {
        let mut lanes = self.lanes.lock();
        loop {
            lanes.lookup_coming = false;
            let next = if self.lookup_may_start(&lanes) { lanes.lookups.pop_front() } else { None };
            let Some(next) = next else {
                if lanes.stopping {
                    break;
                }
                lanes.lookup_idle += 1;
                lanes = self.for_lookups.wait(lanes);
                lanes.lookup_idle -= 1;
                continue;
            };
            // Further lookups may start beside this one.
            self.start_lookups(&mut lanes);
            super::count_run(1);
            lanes.taken(Job::of_link(next));
            // All of a lane can be claimed: who cancels holds the same lock.
            let next = Job::of_link(next).claim();
            drop(lanes);
            if let Some(next) = next {
                next.run().finish();
            }
            lanes = self.lanes.lock();
        }
        lanes.lookup_threads -= 1;
    }
}
