//! The thread pool: one for the process, for `uv_queue_work`, for file operations that cannot go to a ring, and for name
//! lookups.
//!
//! `UV_THREADPOOL_SIZE` workers (4 unless set, 1024 at most): each of the first jobs starts one, later jobs take turns
//! among them. (libuv starts all with the first job, and its test of their names wants to see each.) Name lookups have a
//! lane of their own with as many threads again, so that slow name servers hold up nothing else. A lookup starts only
//! while a worker is idle (or could be started), or while every busy worker runs a file operation: behind jobs of
//! `uv_queue_work` that fill the pool it stays queued and can be cancelled, as with libuv.
//!
//! Of short jobs a worker takes several at once (`batch`).
//!
//! The system may have no thread to give, at first or later. Whoever has at least one to wait for is queued, and each later job
//! tries again to start another; a lookup without threads of its kind takes its turn among the jobs. `submit` fails if there is
//! no thread at all, and the request was not started then.
//!
//! A forked child has none of the threads, and makes a pool of its own. What its parent's held stays under way for ever in the
//! child, as with libuv, unless it was queued and is cancelled.
//!
//! Argument for the unsafe code: (1) a job's memory is valid until its `done` was called (law 2), and `done` is called only
//! after the job was put into `loop->wq`; (2) the lanes' links are touched only under the pool's lock, or in a forked child by
//! the one thread that it has, `loop->wq` only under the loop's; (3) the loop outlives its jobs, because each counts as an active
//! request, and `uv_loop_close` waits for workers that are just handing a job back; (4) a pool in `POOL` is freed only by
//! `shutdown`, when no thread and no caller is left.

mod arrivals;
mod batch;
mod cost;
mod jobs;
mod lookups;
mod workers;

use std::alloc::{Layout, alloc};
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use libc::c_void;

use crate::abi::{Errno, Result, uv__queue, uv_thread_t};
use crate::base::environment;
use crate::base::fork;
use crate::base::lock::{Condvar, Mutex};
use crate::base::queue::Link;
use crate::model::job::Job;
use crate::model::shared::Shared;
use crate::os::thread;
use crate::sys::call::this_thread;
use crate::sys::spin::AdaptiveSpin;
use arrivals::Arrivals;
use batch::Batch;
pub(crate) use cost::{doubt_short_ns, short_ns, wake_ns};
pub(crate) use jobs::{Done, Kind, Task, answered, call_done, cancel, is_post, post};

/// So many jobs keep a worker busy for 100 µs: a `stat` takes 2 to 3.
const MANY: usize = 32;
/// A thread's stack, in bytes: libuv's figure.
const STACK: usize = 8 << 20;

struct Pool {
    /// How many workers there may be, and as many threads for lookups.
    limit: usize,
    /// Heads of the lanes, and what takes a lookup's place in the lane of jobs.
    jobs: uv__queue,
    lookups: uv__queue,
    turn: uv__queue,
    lanes: Mutex<Lanes>,
    for_workers: Condvar,
    for_lookups: Condvar,
    /// There may be jobs in the first lane; for the worker that looks without the lock.
    some_jobs: AtomicBool,
    /// One for each worker.
    batches: Vec<Batch>,
    fork_generation: u64,
}

/// Under the pool's lock (2).
struct Lanes {
    jobs: Link,
    lookups: Link,
    /// In the lane of jobs while a lookup has to be done by a worker.
    turn: Link,
    /// Every thread that was started.
    threads: Vec<uv_thread_t>,
    /// Why the system last refused a thread, if it has.
    refused: Option<Errno>,
    workers: usize,
    /// How many there have been.
    numbered: usize,
    idle: usize,
    /// Short jobs in the lane, and how many of them a worker takes at once.
    short: usize,
    batch_size: usize,
    /// A worker has been woken and has not looked for a job yet; and when the last one was, in nanoseconds.
    waking: bool,
    last_wake_ns: u64,
    /// How long jobs take, in nanoseconds.
    job_ns: u64,
    /// A worker that has run out of jobs spins before it goes to sleep; and whether that tends to pay.
    spinning: bool,
    adaptive_spin: AdaptiveSpin,
    /// When a worker last fell asleep, in nanoseconds.
    last_asleep_ns: u64,
    /// Jobs of `uv_queue_work`, running or queued.
    working: usize,
    lookup_threads: usize,
    lookup_idle: usize,
    /// One of them was started or woken, and has not looked for a lookup yet.
    lookup_coming: bool,
    /// Lookups that workers are running.
    lookups_on_workers: usize,
    arrivals: Arrivals,
    stopping: bool,
}

// SAFETY: the links are touched only under the lock (2).
unsafe impl Send for Lanes {}
// SAFETY: the heads are touched only under the lock (2).
unsafe impl Sync for Pool {}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(std::ptr::null_mut());
/// Jobs run so far, those under way included; written under the pool's lock.
static RUN: AtomicU64 = AtomicU64::new(0);

/// Jobs that the pools of this process have run so far, those under way included. A forked child goes on from its parent's figure.
pub(crate) fn jobs() -> u64 {
    RUN.load(Relaxed)
}

/// The pool that was made last, by this process or an ancestor.
fn latest() -> Option<&'static Pool> {
    // SAFETY: (4).
    unsafe { POOL.load(Acquire).as_ref() }
}

/// The pool of this process; made at the first call, and again in a forked child, which has none of its threads. No lock is
/// taken: in a child its holder may be a thread that is no more.
fn pool() -> Result<&'static Pool> {
    let generation = fork::generation();
    let latest = latest();
    match latest {
        Some(pool) if pool.is_of_this_process() => Ok(pool),
        _ => start(latest, generation),
    }
}

fn start(latest: Option<&'static Pool>, generation: u64) -> Result<&'static Pool> {
    if let Some(ancestor) = latest {
        ancestor.disown_jobs();
    }
    let fresh = Pool::boxed(generation)?;
    let latest = latest.map_or(std::ptr::null_mut(), |pool| std::ptr::from_ref(pool).cast_mut());
    if let Err(theirs) = POOL.compare_exchange(latest, fresh, AcqRel, Acquire) {
        // SAFETY: made above, and nobody has seen it; (4).
        return Ok(unsafe {
            drop(Box::from_raw(fresh));
            &*theirs
        });
    }
    // SAFETY: (4).
    Ok(unsafe { &*fresh })
}

/// True if a loop that awaits so many jobs, lookups not counted, has given the workers enough to do for some 100 µs.
pub(crate) fn is_busy_with(jobs: usize) -> bool {
    jobs > MANY && latest().is_some_and(|pool| jobs > MANY * pool.limit)
}

/// Queues a request of a loop. Why the system refuses a thread, mostly `UV_EAGAIN`, if there is none that could do it: its functions
/// are not called then.
pub(crate) fn submit(shared: &Shared, task: impl Task, kind: Kind) -> Result {
    let pool = pool()?;
    let job = jobs::prepare(shared, task, kind);
    let mut lanes = pool.lanes.lock();
    lanes.arrivals.note(job);
    let has_thread = match kind {
        Kind::Lookup => {
            lanes.lookups.push_back(job.link());
            pool.start_lookups(&mut lanes);
            lanes.lookup_threads + lanes.workers > 0
        }
        Kind::File | Kind::Short | Kind::Work => {
            lanes.short += usize::from(kind == Kind::Short);
            lanes.jobs.push_back(job.link());
            pool.start_worker(&mut lanes);
            lanes.workers > 0
        }
    };
    if !has_thread {
        job.link().unlink();
        job.claim();
        lanes.leaves(job);
        job.count(-1);
        return Err(lanes.refused.unwrap_or(Errno::EAGAIN));
    }
    lanes.working += usize::from(kind == Kind::Work);
    Ok(())
}

impl Pool {
    /// A pool without threads. From Rust's allocator, which is libc's: it may outlive the allocator that the program put in place.
    fn boxed(fork_generation: u64) -> Result<*mut Pool> {
        let limit = environment::pool_size() as usize;
        let mut batches = Vec::new();
        batches.try_reserve_exact(limit).map_err(|_| Errno::ENOMEM)?;
        batches.extend((0..limit).map(|_| Batch::new()));
        // SAFETY: a pool is not empty.
        let place = unsafe { alloc(Layout::new::<Pool>()) }.cast::<Pool>();
        if place.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: room for a pool, which stays where it is until it is freed.
        unsafe {
            let jobs = Link::at(&raw const (*place).jobs);
            let lookups = Link::at(&raw const (*place).lookups);
            let turn = Link::at(&raw const (*place).turn);
            place.write(Pool {
                limit,
                jobs: uv__queue::new(),
                lookups: uv__queue::new(),
                turn: uv__queue::new(),
                lanes: Mutex::new(Lanes::new(jobs, lookups, turn)),
                for_workers: Condvar::new(),
                for_lookups: Condvar::new(),
                some_jobs: AtomicBool::new(false),
                batches,
                fork_generation,
            });
            for link in [jobs, lookups, turn] {
                link.init();
            }
            (*place).batches.iter().for_each(Batch::init);
        }
        Ok(place)
    }

    /// False in a forked child, which has none of the pool's threads, and whose copy of a lock may be held by one of them.
    fn is_of_this_process(&self) -> bool {
        self.fork_generation == fork::generation()
    }

    /// Starts a thread; false if the system has no room for one.
    fn spawn(&'static self, lanes: &mut Lanes, role: Role) -> bool {
        let body = match role {
            Role::Worker => main_of_worker,
            Role::Lookup => main_of_lookups,
        };
        let this = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        let mut thread = 0;
        let room = lanes.threads.try_reserve(1).map_err(|_| Errno::ENOMEM);
        // SAFETY: a place for the thread's id; the pool outlives its threads (4).
        match room.and_then(|()| unsafe { thread::create(&raw mut thread, STACK, Some(body as _), this) }) {
            Ok(()) => lanes.threads.push(thread),
            Err(error) => {
                lanes.refused = Some(error);
                return false;
            }
        }
        true
    }

    /// In a forked child: what an ancestor's pool had queued counts for nothing in the pool to be made. It can be cancelled.
    fn disown_jobs(&self) {
        // SAFETY: the pool is never freed now; (2): another thread may have been changing the list when it was copied, but its links
        // always point to nodes.
        let (head, turn) = unsafe { (Link::at(&raw const self.jobs), Link::at(&raw const self.turn)) };
        let mut next = head.first();
        while let Some(link) = next {
            next = link.next_in(head).filter(|&next| next != link);
            if link != turn {
                Job::of_link(link).disown();
            }
        }
    }
}

impl Lanes {
    /// A job of `uv_queue_work`, if it is one, has ended or was taken back. It may be an ancestor's that was between its lane and a
    /// worker when it was copied, and that nobody has counted here.
    fn forget_work(&mut self, is_work: bool) {
        self.working = self.working.saturating_sub(is_work.into());
    }

    /// A job that is in its lane, or may be an ancestor's, leaves it. Gives since when it was there, in nanoseconds, if that was noted.
    fn leaves(&mut self, job: Job) -> Option<u64> {
        self.short = self.short.saturating_sub(job.is(Kind::Short).into());
        self.arrivals.take(job)
    }

    /// A thread takes a job that was in its lane.
    fn taken(&mut self, job: Job) {
        if let Some(came_ns) = self.leaves(job) {
            job.note_wait(came_ns);
        }
    }

    fn new(jobs: Link, lookups: Link, turn: Link) -> Lanes {
        Lanes {
            jobs,
            lookups,
            turn,
            threads: Vec::new(),
            refused: None,
            workers: 0,
            numbered: 0,
            idle: 0,
            short: 0,
            batch_size: 1,
            waking: false,
            last_wake_ns: 0,
            job_ns: 0,
            spinning: false,
            adaptive_spin: AdaptiveSpin::new(),
            last_asleep_ns: 0,
            working: 0,
            lookup_threads: 0,
            lookup_idle: 0,
            lookup_coming: false,
            lookups_on_workers: 0,
            arrivals: Arrivals::new(),
            stopping: false,
        }
    }
}

/// Results of short jobs are late: what was done is handed back, and what some worker has taken and not begun is there for others.
pub(crate) fn rescue() {
    let Some(pool) = latest().filter(|pool| pool.is_of_this_process()) else { return };
    let mut lanes = pool.lanes.lock();
    for batch in &pool.batches {
        lanes.take_back(batch);
    }
    if !lanes.jobs.is_empty() {
        pool.start_worker(&mut lanes);
    }
    drop(lanes);
    for batch in &pool.batches {
        batch.hand_over();
    }
}

/// What a thread is for.
#[derive(Clone, Copy)]
enum Role {
    Worker,
    Lookup,
}

unsafe extern "C" fn main_of_worker(this: *mut c_void) {
    // SAFETY: from `spawn`.
    unsafe { of_thread(this) }.work();
}

unsafe extern "C" fn main_of_lookups(this: *mut c_void) {
    // SAFETY: from `spawn`.
    unsafe { of_thread(this) }.look_up();
}

/// The pool of the thread that runs the calling function, which got it as its argument.
///
/// # Safety
/// `this` is what `spawn` passed on.
unsafe fn of_thread(this: *mut c_void) -> &'static Pool {
    // SAFETY: a name of less than 16 bytes; (4).
    unsafe {
        libc::pthread_setname_np(libc::pthread_self(), c"libuv-worker".as_ptr());
        &*this.cast::<Pool>()
    }
}

/// Counts a job that is about to run, or (with -1) one that is not after all; gives how many there were with it. To be called under the
/// pool's lock.
fn count_run(change: i64) -> u64 {
    let count = RUN.load(Relaxed).wrapping_add_signed(change);
    RUN.store(count, Relaxed);
    count
}

/// Ends all threads (`uv_library_shutdown`). Queued jobs are run first; a later job starts a new pool. In a forked child there is
/// nothing to end, nor a lock to take, until it has made a pool of its own.
pub(crate) fn shutdown() {
    let Some(this) = latest().filter(|pool| pool.is_of_this_process()) else { return };
    let pool = POOL.swap(std::ptr::null_mut(), AcqRel);
    let me = this_thread();
    let mut is_here = false;
    loop {
        let mut lanes = this.lanes.lock();
        lanes.stopping = true;
        this.for_workers.notify_all();
        this.for_lookups.notify_all();
        // One by one, because a thread that ends may start another for what is queued.
        let Some(thread) = lanes.threads.pop() else { break };
        drop(lanes);
        if thread == me {
            // A job has ended the process.
            is_here = true;
        } else {
            // Not only until it has left the pool: what it does last is code of this library, too, which may be unloaded next.
            // SAFETY: started here, and joined once.
            unsafe { libc::pthread_join(thread, std::ptr::null_mut()) };
        }
    }
    if !is_here {
        // SAFETY: no thread is left, and nobody finds the pool any more; `boxed` made it as a box is made.
        drop(unsafe { Box::from_raw(pool) });
    }
}
