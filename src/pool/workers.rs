//! The threads that run jobs.

#![deny(unsafe_code)]

use std::sync::atomic::Ordering::Relaxed;

use crate::base::lock::MutexGuard;
use crate::base::queue::Link;
use crate::model::job::Job;
use crate::pool::batch::Batch;
use crate::pool::cost;
use crate::pool::jobs::{Claimed, Kind};
use crate::pool::{Lanes, Pool, Role};
use crate::sys::clock;

/// Where jobs come in bursts longer than this, a worker goes to sleep between them: the next burst will have grown by the
/// time it wakes, and to take jobs one by one as they come keeps the loop from submitting them.
const SHORT_STREAK: u32 = 32;

/// A worker that was woken so long ago and has not come waits for the processor on which the one before it works, while another may
/// have nothing to do: the scheduler leaves it there for some milliseconds.
const STUCK_NS: u64 = 50_000;
/// Where jobs take longer, another worker is woken then. 32 listings of directories in flight went from 0.9 of libuv's rate to 1.1. Jobs
/// of 2 µs, such as stats, are done sooner by fewer workers.
const LONG_NS: u64 = 5_000;
/// One of so many jobs is timed.
const SAMPLE: u64 = 8;

/// The most jobs in a batch. With more the loop waits for the first while the second could have been done.
const MOST: usize = 32;
/// How long a batch should take, and may, in nanoseconds.
const GOOD_NS: u64 = 50_000;
const LONGEST_NS: u64 = 100_000;
/// How many jobs go by between two looks at the clock.
const GLANCE: u32 = 4;

impl Pool {
    /// Makes sure that a worker sees the new job, if there is one or one can be had.
    pub(super) fn start_worker(&'static self, lanes: &mut Lanes) {
        self.some_jobs.store(true, Relaxed);
        // Where the system has refused a thread, it is asked again only when nobody else would take the job.
        let may_start = lanes.workers < self.limit && (lanes.refused.is_none() || lanes.idle == 0);
        if may_start && self.spawn(lanes, Role::Worker) {
            lanes.workers += 1;
        } else {
            self.wake_worker(lanes);
        }
    }

    /// Wakes a worker, unless one is on its way already: it will wake the next if it finds more to do. Waking one for each
    /// job of a burst cost more than the jobs. Where jobs are long, one that is on its way for long does not count.
    pub(super) fn wake_worker(&self, lanes: &mut Lanes) {
        if lanes.idle == 0 || lanes.spinning {
            return;
        }
        if lanes.waking && lanes.job_ns <= LONG_NS {
            return;
        }
        let now = clock::monotonic_ns();
        if !lanes.waking || now.saturating_sub(lanes.last_wake_ns) > STUCK_NS {
            (lanes.waking, lanes.last_wake_ns) = (true, now);
            self.for_workers.notify_one();
            cost::note_wake(clock::monotonic_ns().saturating_sub(now));
        }
    }

    /// A worker has taken a job and left others. Threads that were not to be had before may be to be had now.
    fn see_to_the_rest(&'static self, lanes: &mut Lanes) {
        if lanes.refused.is_some() {
            self.start_worker(lanes);
        } else {
            self.wake_worker(lanes);
        }
    }

    /// The next job for a worker.
    fn next_job(&self, lanes: &mut Lanes) -> Option<Claimed> {
        loop {
            let mut next = lanes.jobs.pop_front()?;
            while next == lanes.turn {
                // A lookup that waited for its turn may have been cancelled.
                next = lanes.lookups.pop_front().or_else(|| lanes.jobs.pop_front())?;
            }
            lanes.taken(Job::of_link(next));
            // All of a lane can be claimed: who cancels holds the same lock.
            if let Some(job) = Job::of_link(next).claim() {
                return Some(job);
            }
        }
    }

    pub(super) fn work(&'static self) {
        let mut lanes = self.lanes.lock();
        // While the pool is shut down, some may have ended and others begun.
        let batch = &self.batches[lanes.numbered % self.limit];
        lanes.numbered += 1;
        // Jobs run since this worker waited for one.
        let mut streak = 0;
        loop {
            let Some(next) = self.next_job(&mut lanes) else {
                if lanes.stopping {
                    break;
                }
                self.start_lookups(&mut lanes);
                // Else a lookup's turn has come.
                if lanes.jobs.is_empty() {
                    lanes.idle += 1;
                    lanes = self.wait_for_jobs(lanes, streak <= SHORT_STREAK);
                    lanes.idle -= 1;
                    streak = 0;
                }
                continue;
            };
            if next.job.is(Kind::Short) {
                super::count_run(1);
                let ran;
                (lanes, ran) = self.run_batch(batch, next, lanes);
                streak += ran;
                self.start_lookups(&mut lanes);
                continue;
            }
            // Before it runs: afterwards the request may be gone.
            let (is_work, is_lookup) = (next.job.is(Kind::Work), next.job.is(Kind::Lookup));
            if is_lookup {
                lanes.lookups_on_workers += 1;
                self.start_lookups(&mut lanes);
            }
            if !lanes.jobs.is_empty() {
                self.see_to_the_rest(&mut lanes);
            }
            let began_ns = super::count_run(1).is_multiple_of(SAMPLE).then(clock::monotonic_ns);
            streak += 1;
            drop(lanes);
            next.run().finish();
            let took_ns = began_ns.map(|began| clock::monotonic_ns().saturating_sub(began));
            lanes = self.lanes.lock();
            if let Some(took) = took_ns {
                lanes.note_job(took);
            }
            lanes.forget_work(is_work);
            lanes.lookups_on_workers -= usize::from(is_lookup);
            self.start_lookups(&mut lanes);
        }
        lanes.workers -= 1;
    }

    /// Waits until there is a job, most likely. With `may_spin` it need not sleep at once.
    fn wait_for_jobs(
        &'static self,
        mut lanes: MutexGuard<'static, Lanes>,
        may_spin: bool,
    ) -> MutexGuard<'static, Lanes> {
        if may_spin && !lanes.spinning && lanes.adaptive_spin.expects_work() {
            lanes.spinning = true;
            self.some_jobs.store(false, Relaxed);
            let mut adaptive_spin = lanes.adaptive_spin;
            drop(lanes);
            let found = adaptive_spin.spin(None, || self.some_jobs.load(Relaxed));
            lanes = self.lanes.lock();
            lanes.spinning = false;
            lanes.adaptive_spin = adaptive_spin;
            // Between the last look and the lock a job may have come that nobody was woken for.
            if found || !lanes.jobs.is_empty() || lanes.stopping {
                return lanes;
            }
        }
        lanes.last_asleep_ns = clock::monotonic_ns();
        lanes = self.for_workers.wait(lanes);
        lanes.waking = false;
        // Not how long this one slept: they take turns.
        let after_ns = clock::monotonic_ns() - lanes.last_asleep_ns;
        lanes.adaptive_spin.slept(Some(after_ns));
        lanes
    }

    /// Does a short job, and others with it. Gives how many.
    fn run_batch(
        &'static self,
        batch: &Batch,
        first: Claimed,
        mut lanes: MutexGuard<'static, Lanes>,
    ) -> (MutexGuard<'static, Lanes>, u32) {
        lanes.fill(batch);
        if !lanes.jobs.is_empty() {
            self.see_to_the_rest(&mut lanes);
        }
        drop(lanes);
        let began = clock::monotonic_ns();
        let (mut next, mut ran) = (Some(first), 0u32);
        while let Some(claimed) = next {
            let job = claimed.run();
            ran += 1;
            let is_late = ran % GLANCE == 1 && clock::monotonic_ns().saturating_sub(began) > LONGEST_NS;
            next = batch.next(job, is_late);
        }
        let took = clock::monotonic_ns().saturating_sub(began);
        batch.hand_over();
        lanes = self.lanes.lock();
        lanes.take_back(batch);
        lanes.note_batch(took / u64::from(ran));
        (lanes, ran)
    }
}

impl Lanes {
    /// Notes how long a job took.
    fn note_job(&mut self, took_ns: u64) {
        self.job_ns = clock::settled(self.job_ns, took_ns);
    }

    /// Moves short jobs from the front of the lane to the batch, which has its first already.
    fn fill(&mut self, batch: &Batch) {
        let more = (self.batch_size.min((self.short + 1).div_ceil(2))).saturating_sub(1);
        if more == 0 {
            return;
        }
        batch.fill((0..more).map_while(|_| {
            let is_short = |&link: &Link| link != self.turn && Job::of_link(link).is(Kind::Short);
            let link = self.jobs.first().filter(is_short)?;
            link.unlink();
            self.taken(Job::of_link(link));
            super::count_run(1);
            Some(link)
        }));
    }

    /// Puts what a batch has not begun to the front of the lane.
    pub(super) fn take_back(&mut self, batch: &Batch) {
        batch.give_back(|link| {
            self.jobs.push_front(link);
            self.short += 1;
            super::count_run(-1);
        });
    }

    /// Notes how long the jobs of a batch took, on average.
    fn note_batch(&mut self, took_ns: u64) {
        self.note_job(took_ns);
        cost::note_short(took_ns);
        let good = (GOOD_NS / took_ns.max(1)).clamp(1, MOST as u64) as usize;
        self.batch_size = good.min(2 * self.batch_size);
    }
}
