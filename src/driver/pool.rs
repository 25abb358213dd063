//! The thread pool: one for the process, for `uv_queue_work`, for file operations that cannot ride a ring, and for name
//! lookups.
//!
//! `UV_THREADPOOL_SIZE` workers (4 unless set, 1024 at most): each of the first jobs starts one, later jobs take turns
//! among them. (libuv starts all with the first job, and its test of their names wants to see each.) Name lookups have a
//! lane of their own with as many threads again, so that slow name servers hold up nothing else. A lookup starts only
//! while a worker is idle (or could be started), or while every busy worker runs a file operation: behind jobs of
//! `uv_queue_work` that fill the pool it stays queued and can be cancelled, as with libuv.
//!
//! A job is a `uv__work` inside a request, linked by its `wq`:
//!
//! | state | `wq` | `work` |
//! |---|---|---|
//! | queued | linked in a lane of the pool | set |
//! | running | unlinked | set |
//! | finished, or cancelled | linked in `loop->wq` | NULL |
//! | answered at once | linked in `loop->wq` | set: it can be cancelled until its callback |
//!
//! The low bits of a job's loop pointer hold what `uv__work` has no room for: its kind, and whether it was cancelled.
//!
//! Argument for the unsafe code: (1) a job's memory is valid until its `done` was called (law 2), and `done` is called only
//! after the job was put into `loop->wq`; (2) the lanes' links are touched only under the pool's lock, `loop->wq` only
//! under the loop's; (3) the loop outlives its jobs, because each counts as an active request, and `uv_loop_close` waits for
//! workers that are just handing a job back.

use std::cell::Cell;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{
    AtomicBool, AtomicPtr,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
};
use std::thread::JoinHandle;

use libc::{c_int, c_uint};

use super::fork;
use crate::abi::{Errno, uv__queue, uv__work, uv_loop_t};
use crate::event_loop::Loop;
use crate::os::clock;
use crate::os::lock::{Condvar, Mutex, MutexGuard};
use crate::os::spin::Habit;
use crate::queue::{self, Link};

/// What a job does with its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whatever the user's code does.
    Work = 0,
    /// A file operation.
    File = 1,
    /// A name lookup, which may hang for long.
    Lookup = 2,
}

/// Where jobs come in bursts longer than this, a worker goes to sleep between them: the next burst will have grown by the
/// time it wakes, and to take jobs one by one as they come keeps the loop from submitting them.
const SHORT_STREAK: u32 = 32;

/// A worker that was woken so long ago and has not come waits for the processor on which the one before it works, while another may
/// have nothing to do: the scheduler leaves it there for some milliseconds.
const STUCK_NS: u64 = 50_000;
/// Where jobs take longer, another worker is woken then. 32 listings of folders in flight went from 0.9 of libuv's rate to 1.1. Jobs
/// of 2 µs, such as stats, are done sooner by fewer workers.
const LONG_NS: u64 = 5_000;
/// One of so many jobs is timed.
const SAMPLE: u64 = 8;

/// So many jobs keep a worker busy for 100 µs: a `stat` takes 2 to 3.
const MANY: usize = 32;

/// The low bits of a job's loop pointer.
const KIND: usize = 3;
const CANCELLED: usize = 4;
const _: () = assert!(align_of::<uv_loop_t>() > KIND | CANCELLED);

/// Runs on a worker.
pub(crate) type Run = unsafe extern "C" fn(*mut uv__work);
/// Runs on the loop's thread afterwards, with 0 or `UV_ECANCELED`.
pub(crate) type Done = unsafe extern "C" fn(*mut uv__work, c_int);

/// Jobs that the pool of this process has run so far, those under way included.
pub(crate) fn jobs() -> u64 {
    // SAFETY: as in `pool`.
    unsafe { POOL.load(Acquire).as_ref() }.map_or(0, |pool| pool.lanes.lock().run)
}

struct Pool {
    /// How many workers there may be, and as many threads for lookups.
    limit: usize,
    lanes: Mutex<Lanes>,
    for_workers: Condvar,
    for_lookups: Condvar,
    /// There may be jobs in the first lane; for the worker that looks without the lock.
    some_jobs: AtomicBool,
    fork_generation: u64,
}

/// Under the pool's lock (2).
struct Lanes {
    jobs: Link,
    lookups: Link,
    /// Every thread that was started.
    threads: Vec<JoinHandle<()>>,
    workers: usize,
    idle: usize,
    /// A worker has been woken and has not looked for a job yet; and when the last one was, in nanoseconds.
    waking: bool,
    last_wake_ns: u64,
    /// How long jobs take, in nanoseconds.
    job_ns: u64,
    /// A worker that has run out of jobs looks for more before it goes to sleep; and whether that tends to pay.
    looking: bool,
    habit: Habit,
    /// When a worker last fell asleep, in nanoseconds.
    last_asleep_ns: u64,
    /// Jobs of `uv_queue_work`, running or queued.
    working: usize,
    lookup_threads: usize,
    lookup_idle: usize,
    /// One of them was started or woken, and has not looked for a lookup yet.
    lookup_coming: bool,
    stopping: bool,
    /// Jobs run so far, those under way included.
    run: u64,
}

// SAFETY: the links are touched only under the lock (2).
unsafe impl Send for Lanes {}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(std::ptr::null_mut());
static START: Mutex<()> = Mutex::new(());

/// `UV_THREADPOOL_SIZE`: 4 unless set, 1 to 1024.
pub(crate) fn size_limit() -> c_uint {
    // Like `atoi`: leading digits count, anything else is 0, which gives 1.
    let Some(value) = std::env::var_os("UV_THREADPOOL_SIZE") else { return 4 };
    let digits = value.as_encoded_bytes().iter().take_while(|b| b.is_ascii_digit());
    let n = digits.fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')));
    n.clamp(1, 1024)
}

/// The head of a lane. Not kept as a box: what moves a box claims its contents, and the list points to its head.
fn head() -> Link {
    // SAFETY: it lives as long as the pool, which is never freed while a thread may use it.
    let head = unsafe { Link::at(Box::into_raw(Box::new(uv__queue::new()))) };
    head.init();
    head
}

/// The pool of this process; made at the first call, and again in a forked child, which has none of its threads.
fn pool() -> &'static Pool {
    let generation = fork::generation();
    let pool = POOL.load(Acquire);
    // SAFETY: a pool in `POOL` is never freed but by `shutdown`, when no thread and no caller is left.
    match unsafe { pool.as_ref() } {
        Some(pool) if pool.fork_generation == generation => pool,
        _ => start(generation),
    }
}

fn start(generation: u64) -> &'static Pool {
    // In a child the lock may have been held by a thread that is no more.
    let guard = if POOL.load(Acquire).is_null() { Some(START.lock()) } else { None };
    let current = POOL.load(Acquire);
    // SAFETY: as in `pool`.
    if let Some(pool) = unsafe { current.as_ref() }
        && pool.fork_generation == generation
    {
        return pool;
    }
    // From Rust's allocator, which is libc's: a pool may outlive the allocator that the program put in place.
    let fresh = Box::into_raw(Box::new(Pool {
        limit: size_limit() as usize,
        lanes: Mutex::new(Lanes {
            jobs: head(),
            lookups: head(),
            threads: Vec::new(),
            workers: 0,
            idle: 0,
            waking: false,
            last_wake_ns: 0,
            job_ns: 0,
            looking: false,
            habit: Habit::new(),
            last_asleep_ns: 0,
            working: 0,
            lookup_threads: 0,
            lookup_idle: 0,
            lookup_coming: false,
            stopping: false,
            run: 0,
        }),
        for_workers: Condvar::new(),
        for_lookups: Condvar::new(),
        some_jobs: AtomicBool::new(false),
        fork_generation: generation,
    }));
    let _ = POOL.compare_exchange(current, fresh, AcqRel, Acquire);
    drop(guard);
    // SAFETY: as in `pool`; it is not null now.
    unsafe { &*POOL.load(Acquire) }
}

/// The job whose `wq` this is.
fn job(link: Link) -> *mut uv__work {
    queue::owner!(link, uv__work, wq)
}

fn wq(work: *mut uv__work) -> Link {
    // SAFETY: (1).
    unsafe { Link::at(&raw const (*work).wq) }
}

fn prepare(event_loop: Loop, work: *mut uv__work, kind: Kind, run: Run, done: Done) {
    // SAFETY: (1).
    unsafe {
        (*work).work.set(Some(run));
        (*work).done.set(Some(done));
        (*work).r#loop.set(event_loop.as_ptr().map_addr(|a| a | kind as usize));
    }
    let count = in_flight(event_loop, kind == Kind::Lookup);
    count.set(count.get() + 1);
    wq(work).init();
}

/// True if a loop that awaits so many jobs, lookups not counted, has given the workers enough to do for some 100 µs.
pub(crate) fn is_busy_with(jobs: usize) -> bool {
    // SAFETY: as in `pool`.
    jobs > MANY && unsafe { POOL.load(Acquire).as_ref() }.is_some_and(|pool| jobs > MANY * pool.limit)
}

/// How many lookups, or other jobs, the loop awaits.
fn in_flight(event_loop: Loop, is_lookup: bool) -> &'static Cell<usize> {
    let state = event_loop.state();
    if is_lookup { &state.lookups } else { &state.jobs }
}

/// Queues a job. `run` is called on a worker, then `done` on the loop's thread.
pub(crate) fn submit(event_loop: Loop, work: *mut uv__work, kind: Kind, run: Run, done: Done) {
    prepare(event_loop, work, kind, run, done);
    let pool = pool();
    let mut lanes = pool.lanes.lock();
    match kind {
        Kind::Lookup => {
            lanes.lookups.push_back(wq(work));
            pool.start_lookups(&mut lanes);
        }
        Kind::File | Kind::Work => {
            lanes.working += usize::from(kind == Kind::Work);
            lanes.jobs.push_back(wq(work));
            pool.some_jobs.store(true, Relaxed);
            pool.start_worker(&mut lanes);
        }
    }
}

fn event_loop(work: *mut uv__work) -> Loop {
    // SAFETY: (1), (3).
    unsafe { Loop::from_c((*work).r#loop.get().map_addr(|a| a & !(KIND | CANCELLED))) }
}

fn low_bits(work: *mut uv__work) -> usize {
    // SAFETY: (1).
    unsafe { (*work).r#loop.get() }.addr() & (KIND | CANCELLED)
}

/// True for a job of `uv_queue_work`.
fn is_work(work: *mut uv__work) -> bool {
    low_bits(work) & KIND == Kind::Work as usize
}

/// Takes a job back that has not started: its `done` will be called with `UV_ECANCELED`. False if it is too late.
pub(crate) fn cancel(work: *mut uv__work) -> bool {
    let pool = pool();
    let mut lanes = pool.lanes.lock();
    let guard = event_loop(work).state().finished.lock();
    // SAFETY: (1), (2): under both locks.
    let queued = !wq(work).is_empty() && unsafe { (*work).work.get() }.is_some();
    if queued {
        wq(work).unlink();
        lanes.working -= usize::from(is_work(work));
        // SAFETY: (1); no worker has it.
        unsafe { (*work).r#loop.set((*work).r#loop.get().map_addr(|a| a | CANCELLED)) };
    }
    drop(guard);
    // One job less that lookups wait behind.
    pool.start_lookups(&mut lanes);
    drop(lanes);
    if queued {
        finish(work);
    }
    queued
}

/// Hands a job back to its loop and wakes it.
fn finish(work: *mut uv__work) {
    let event_loop = event_loop(work);
    let state = event_loop.state();
    let guard = state.finished.lock();
    // SAFETY: (1).
    unsafe { (*work).work.set(None) };
    event_loop.wq().push_back(wq(work));
    state.work_pending.store(true, Relaxed);
    let asleep = state.wake.claim();
    if asleep {
        // Keeps the loop from being closed (3) while it is woken outside the lock, which it wants as soon as it is awake.
        state.handing_over.fetch_add(1, SeqCst);
    }
    drop(guard);
    if asleep {
        state.wake.signal();
        state.handing_over.fetch_sub(1, SeqCst);
    }
}

/// Takes a job that the loop's own thread has done already: its `done` is called in the next poll phase, as if it came from
/// a worker. Until then it can be cancelled, because with libuv it could be while it waited for a thread.
pub(crate) fn answered(event_loop: Loop, work: *mut uv__work, kind: Kind, run: Run, done: Done) {
    prepare(event_loop, work, kind, run, done);
    let state = event_loop.state();
    let guard = state.finished.lock();
    event_loop.wq().push_back(wq(work));
    state.work_pending.store(true, Relaxed);
    drop(guard);
    event_loop.announce();
}

/// Calls the `done` of a job that `loop->wq` gave up, with 0 or `UV_ECANCELED`.
pub(crate) fn done(link: Link) {
    let work = job(link);
    let count = in_flight(event_loop(work), low_bits(work) & KIND == Kind::Lookup as usize);
    count.set(count.get() - 1);
    // SAFETY: (1); `done` is the last thing done with the request (law 2).
    unsafe {
        let status = if low_bits(work) & CANCELLED != 0 { Errno::ECANCELED.0 } else { 0 };
        if let Some(done) = (*work).done.get() {
            done(work, status);
        }
    }
}

impl Pool {
    /// Makes sure that a worker sees the new job.
    fn start_worker(&'static self, lanes: &mut Lanes) {
        if lanes.workers < self.limit && lanes.spawn(move || self.work()) {
            lanes.workers += 1;
        } else {
            self.wake_worker(lanes);
        }
    }

    fn lookup_may_start(&self, lanes: &Lanes) -> bool {
        lanes.working < self.limit || lanes.stopping
    }

    /// Makes sure that a lookup starts if the rule at the top allows it. The thread that takes it sees to the next.
    fn start_lookups(&'static self, lanes: &mut Lanes) {
        if lanes.lookup_coming || lanes.lookups.is_empty() || !self.lookup_may_start(lanes) {
            return;
        }
        if lanes.lookup_idle > 0 {
            lanes.lookup_coming = true;
            self.for_lookups.notify_one();
        } else if lanes.lookup_threads < self.limit && lanes.spawn(move || self.look_up()) {
            lanes.lookup_coming = true;
            lanes.lookup_threads += 1;
        }
    }

    /// Wakes a worker, unless one is on its way already: it will wake the next if it finds more to do. Waking one for each
    /// job of a burst cost more than the jobs. Where jobs are long, one that is on its way for long does not count.
    fn wake_worker(&self, lanes: &mut Lanes) {
        if lanes.idle == 0 || lanes.looking {
            return;
        }
        let now = if lanes.job_ns > LONG_NS { clock::monotonic_ns() } else { lanes.last_wake_ns };
        if !lanes.waking || now.saturating_sub(lanes.last_wake_ns) > STUCK_NS {
            (lanes.waking, lanes.last_wake_ns) = (true, now);
            self.for_workers.notify_one();
        }
    }

    fn work(&'static self) {
        let mut lanes = self.lanes.lock();
        // Jobs run since this worker waited for one.
        let mut streak = 0;
        loop {
            let next = lanes.jobs.pop_front().map(job);
            let Some(next) = next else {
                if lanes.stopping {
                    break;
                }
                lanes.idle += 1;
                self.start_lookups(&mut lanes);
                lanes = self.wait_for_jobs(lanes, streak <= SHORT_STREAK);
                lanes.idle -= 1;
                streak = 0;
                continue;
            };
            if !lanes.jobs.is_empty() {
                self.wake_worker(&mut lanes);
            }
            // Before it runs: afterwards the request may be gone.
            let is_work = is_work(next);
            lanes.run += 1;
            let began_ns = lanes.run.is_multiple_of(SAMPLE).then(clock::monotonic_ns);
            streak += 1;
            drop(lanes);
            run(next);
            let took_ns = began_ns.map(|began| clock::monotonic_ns().saturating_sub(began));
            lanes = self.lanes.lock();
            if let Some(took) = took_ns {
                lanes.note_job(took);
            }
            lanes.working -= usize::from(is_work);
            self.start_lookups(&mut lanes);
        }
        lanes.workers -= 1;
    }

    /// Waits until there is a job, most likely. With `may_look` it need not sleep at once.
    fn wait_for_jobs(
        &'static self,
        mut lanes: MutexGuard<'static, Lanes>,
        may_look: bool,
    ) -> MutexGuard<'static, Lanes> {
        if may_look && !lanes.looking && lanes.habit.expects_work() {
            lanes.looking = true;
            self.some_jobs.store(false, Relaxed);
            let mut habit = lanes.habit;
            drop(lanes);
            let found = habit.look(None, || self.some_jobs.load(Relaxed));
            lanes = self.lanes.lock();
            lanes.looking = false;
            lanes.habit = habit;
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
        lanes.habit.slept(Some(after_ns));
        lanes
    }

    fn look_up(&'static self) {
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
            lanes.run += 1;
            drop(lanes);
            run(job(next));
            lanes = self.lanes.lock();
        }
        lanes.lookup_threads -= 1;
    }
}

impl Lanes {
    /// Notes how long a job took. The figure stays near the lower end: a job in the midst of which a thread has to wait for a
    /// processor takes a thousand times as long.
    fn note_job(&mut self, took_ns: u64) {
        let more = took_ns.saturating_sub(self.job_ns).min(self.job_ns / 4 + 250);
        let less = self.job_ns.saturating_sub(took_ns) / 2;
        self.job_ns = self.job_ns + more - less;
    }

    /// Starts a thread; false if the system has no room for one.
    fn spawn(&mut self, body: impl FnOnce() + Send + 'static) -> bool {
        if self.threads.try_reserve(1).is_err() {
            return false;
        }
        let thread = std::thread::Builder::new().name("libuv-worker".into()).stack_size(8 << 20).spawn(body);
        thread.map(|thread| self.threads.push(thread)).is_ok()
    }
}

fn run(work: *mut uv__work) {
    // SAFETY: (1); `submit` set the function.
    if let Some(f) = unsafe { (*work).work.get() } {
        // SAFETY: (1).
        unsafe { f(work) };
    }
    finish(work);
}

/// Ends all threads (`uv_library_shutdown`). Queued jobs are run first; a later job starts a new pool.
pub(crate) fn shutdown() {
    let pool = POOL.swap(std::ptr::null_mut(), AcqRel);
    // SAFETY: as in `pool`.
    let Some(this) = (unsafe { pool.as_ref() }) else { return };
    if this.fork_generation != fork::generation() {
        return;
    }
    // Not `thread::current`, which is not to be had any more when a process ends.
    // SAFETY: takes nothing.
    let me = unsafe { libc::pthread_self() };
    let mut is_here = false;
    loop {
        let mut lanes = this.lanes.lock();
        lanes.stopping = true;
        this.for_workers.notify_all();
        this.for_lookups.notify_all();
        // One by one, because a thread that ends may start another for what is queued.
        let Some(thread) = lanes.threads.pop() else { break };
        drop(lanes);
        if thread.as_pthread_t() == me {
            // A job has ended the process.
            is_here = true;
        } else {
            // Not only until it has left the pool: what it does last is code of this library, too, which may be unloaded next.
            let _ = thread.join();
        }
    }
    if !is_here {
        // SAFETY: no thread is left; `start` and `head` made these, and nobody finds the pool any more.
        unsafe {
            let pool = Box::from_raw(pool);
            let lanes = pool.lanes.into_inner();
            drop((Box::from_raw(lanes.jobs.as_ptr()), Box::from_raw(lanes.lookups.as_ptr())));
        }
    }
}
