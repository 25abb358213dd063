//! One job: a `uv__work` inside a request, linked by its `wq`.
//!
//! | state | `wq` | `work` |
//! |---|---|---|
//! | queued | linked in a lane of the pool, or in a worker's batch | set |
//! | running | unlinked | NULL |
//! | finished, or cancelled | linked in `loop->wq`, or in a worker's batch | NULL |
//! | answered at once | linked in `loop->wq` | set: it can be cancelled until its callback |
//!
//! Whoever takes the function away (`claim`) has the job: a worker that runs it, or who cancels it.
//!
//! A job's loop pointer leads to the part of the loop's state that every thread may touch. Its low bits hold what `uv__work` has no
//! room for: the job's kind, and whether it was cancelled.
//!
//! The unsafe code cites the pool's argument.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::AcqRel};

use libc::c_int;

use crate::abi::{Errno, uv__work};
use crate::base::queue::Link;
use crate::model::job::{Job, WithJob};
use crate::model::shared::Shared;
use crate::observe::trace::{self, Name};
use crate::observe::{self, Histogram};
use crate::sys::clock;

/// What a job does with its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whatever the user's code does.
    Work = 0,
    /// A file operation.
    File = 1,
    /// A name lookup, which may hang for long.
    Lookup = 2,
    /// A file operation that is over in microseconds, most likely: a worker takes several at once.
    Short = 3,
}

/// The low bits of a job's loop pointer.
const KIND: usize = 3;
const CANCELLED: usize = 4;
/// All of them: a post, which no thread works on. It only asks for its `done` on the loop's, and nobody counts it. (A cancelled job is no
/// short one.)
const POST: usize = KIND | CANCELLED;
const _: () = assert!(align_of::<Shared>() > KIND | CANCELLED);

/// A request that goes on, on its loop's thread.
pub(crate) trait Done: WithJob {
    /// With 0 or `UV_ECANCELED`. The last thing done with the request (law 2).
    fn done(self, status: c_int);
}

/// A request that the pool can do.
pub(crate) trait Task: Done {
    /// Does it, on a worker.
    fn run(self);
}

unsafe extern "C" fn run<T: Task>(work: *mut uv__work) {
    // SAFETY: (1); `set_up` had such a request's job.
    unsafe { T::of_job(Job::from_c(work)) }.run();
}

unsafe extern "C" fn done<T: Done>(work: *mut uv__work, status: c_int) {
    // SAFETY: (1); `set_up` had such a request's job.
    unsafe { T::of_job(Job::from_c(work)) }.done(status);
}

/// Makes a request's job ready to be queued.
pub(super) fn prepare<T: Task>(shared: &Shared, task: T, kind: Kind) -> Job {
    let job = set_up(shared, task, kind as usize);
    job.work.set(Some(run::<T>));
    job.count(1);
    job
}

fn set_up<T: Done>(shared: &Shared, request: T, kind: usize) -> Job {
    let job = request.job();
    job.done.set(Some(done::<T>));
    job.r#loop.set(ptr::from_ref(shared).cast_mut().cast());
    job.set_low_bits(kind);
    job.link().init();
    job
}

impl Job {
    /// What its loop has for every thread.
    fn shared<'a>(self) -> &'a Shared {
        // SAFETY: (1), (3); `set_up` set it.
        unsafe { &*self.r#loop.get().map_addr(|a| a & !(KIND | CANCELLED)).cast() }
    }

    fn low_bits(self) -> usize {
        self.r#loop.get().addr() & (KIND | CANCELLED)
    }

    /// To be called where nobody else reads them: no thread has the job.
    fn set_low_bits(self, bits: usize) {
        self.r#loop.set(self.r#loop.get().map_addr(|a| (a & !(KIND | CANCELLED)) | bits));
    }

    pub(super) fn is(self, kind: Kind) -> bool {
        self.low_bits() & KIND == kind as usize
    }

    fn is_post(self) -> bool {
        self.low_bits() == POST
    }

    /// Notes that the loop awaits a job more, or (with -1) one less.
    pub(super) fn count(self, change: isize) {
        self.shared().count_job(self.is(Kind::Lookup), change);
        if self.is(Kind::Short) {
            self.shared().count_short(change);
        }
    }

    /// Makes a job that an ancestor's pool has queued one that no lookup waits behind.
    pub(super) fn disown(self) {
        if self.is(Kind::Work) {
            self.set_low_bits(Kind::File as usize);
        }
    }

    /// Takes the job for the caller, who holds the lock of the list that it was in: whoever comes second has to let go of it.
    pub(super) fn claim(self) -> Option<Claimed> {
        // SAFETY: (1); a function that may be NULL is a word.
        let word = unsafe { AtomicPtr::from_ptr(self.work.as_ptr().cast::<*mut ()>()) };
        let run = word.swap(ptr::null_mut(), AcqRel);
        // SAFETY: NULL is `None`, and anything else was a function.
        unsafe { std::mem::transmute::<*mut (), Option<Run>>(run) }.map(|run| Claimed { job: self, run })
    }

    /// It leaves its lane, for a thread that will run it.
    #[cold]
    pub(super) fn note_wait(self, came_ns: u64) {
        let now_ns = clock::monotonic_ns();
        if let Some(slot) = self.shared().slot() {
            slot.record(Histogram::PoolWait, now_ns.saturating_sub(came_ns));
        }
        if trace::is_on() {
            let waited = trace::Micros(now_ns.saturating_sub(came_ns));
            let more = format_args!("\"job\":\"{}\",\"waited_us\":{waited}", self.name());
            trace::beside("pool", "waits for a thread", self.as_ptr().addr(), came_ns, now_ns, more);
        }
    }

    /// What it is, for a trace.
    fn name(self) -> &'static str {
        if self.is(Kind::Work) {
            "uv_queue_work"
        } else if self.is(Kind::Lookup) {
            "name lookup"
        } else {
            "file job"
        }
    }

    /// Hands the job back to its loop and wakes it.
    pub(super) fn finish(self) {
        let shared = self.shared();
        shared.mailbox.hand_over(shared.mailbox.lock(), self.link(), &shared.wake);
    }
}

/// Runs on a worker.
type Run = unsafe extern "C" fn(*mut uv__work);

/// A job, and its function, which nobody else will get.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    pub(super) job: Job,
    run: Run,
}

impl Claimed {
    /// Does it, on a thread of the pool. To be handed back.
    pub(super) fn run(self) -> Job {
        let began_ns = observe::begin_span();
        // SAFETY: (1); `prepare` set it.
        unsafe { (self.run)(self.job.as_ptr()) };
        observe::end_span(began_ns, "pool", &Name::Text(self.job.name()));
        self.job
    }
}

/// Hands the jobs of a list back, and wakes their loops.
pub(super) fn finish_all(list: Link) {
    while let Some(first) = list.first() {
        let shared = Job::of_link(first).shared();
        let finished = shared.mailbox.lock();
        while let Some(link) = list.first().filter(|&link| ptr::eq(Job::of_link(link).shared(), shared)) {
            link.unlink();
            shared.mailbox.put(&finished, link);
        }
        shared.mailbox.tell(finished, &shared.wake);
    }
}

/// Takes a job back that has not started: its `done` will be called with `UV_ECANCELED`. False if it is too late.
pub(crate) fn cancel(job: Job) -> bool {
    // Without a pool there is at most an answer that awaits its callback, or an ancestor's job.
    let pool = super::pool().ok();
    let mut lanes = pool.map(|pool| pool.lanes.lock());
    let guard = job.shared().mailbox.lock();
    let queued = job.claim().is_some();
    if queued {
        let is_in_batch = pool.is_some_and(|pool| pool.batches.iter().any(|batch| batch.forget(job)));
        // (2): under both locks.
        job.link().unlink();
        if let Some(lanes) = &mut lanes {
            lanes.forget_work(job.is(Kind::Work));
            if !is_in_batch {
                lanes.leaves(job);
            }
        }
        if job.is(Kind::Short) {
            // From now on it is as any file operation: no worker holds it back.
            job.shared().count_short(-1);
            job.set_low_bits(Kind::File as usize);
        }
        job.set_low_bits(job.low_bits() | CANCELLED);
    }
    drop(guard);
    if let (Some(pool), Some(lanes)) = (pool, &mut lanes) {
        // One job less that lookups wait behind.
        pool.start_lookups(lanes);
    }
    drop(lanes);
    if queued {
        job.finish();
    }
    queued
}

/// Takes a request that the loop's own thread has done already: its `done` is called in the next poll phase, as if it came from
/// a worker. Until then it can be cancelled, because with libuv it could be while it waited for a thread. Not for `Kind::Work`,
/// which the pool counts. To be followed by the loop's `announce`.
pub(crate) fn answered(shared: &Shared, task: impl Task, kind: Kind) {
    let job = prepare(shared, task, kind);
    shared.mailbox.put(&shared.mailbox.lock(), job.link());
}

/// From any thread: has `done` called on the loop's.
pub(crate) fn post(shared: &Shared, request: impl Done) {
    let job = set_up(shared, request, POST);
    job.finish();
}

/// True for a post in `loop->wq`.
pub(crate) fn is_post(link: Link) -> bool {
    Job::of_link(link).is_post()
}

/// Calls the `done` of a job that `loop->wq` gave up, with 0 or `UV_ECANCELED`.
pub(crate) fn call_done(link: Link) {
    let job = Job::of_link(link);
    if !job.is_post() {
        job.count(-1);
    }
    // One that was answered at once cannot be cancelled any more.
    job.work.set(None);
    let status = if job.low_bits() & CANCELLED != 0 && !job.is_post() { Errno::ECANCELED.0 } else { 0 };
    if let Some(done) = job.done.get() {
        // SAFETY: (1); `done` is the last thing done with the request (law 2).
        unsafe { done(job.as_ptr(), status) };
    }
}
