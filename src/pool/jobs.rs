//! One job: a `uv__work` inside a request, linked by its `wq`.
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
//! The unsafe code cites the pool's argument.

use std::cell::Cell;

use libc::c_int;

use crate::abi::{Errno, uv__work, uv_loop_t};
use crate::base::queue;
use crate::base::queue::Link;
use crate::model::event_loop::Loop;
use crate::model::metrics::add;
use crate::observe::Histogram;
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
}

/// The low bits of a job's loop pointer.
const KIND: usize = 3;
const CANCELLED: usize = 4;
/// In place of a kind: a post, which no thread works on. It only asks for its `done` on the loop's, and nobody counts it.
const POST: usize = 3;
const _: () = assert!(align_of::<uv_loop_t>() > KIND | CANCELLED);

/// Runs on a worker.
pub(crate) type Run = unsafe extern "C" fn(*mut uv__work);
/// Runs on the loop's thread afterwards, with 0 or `UV_ECANCELED`.
pub(crate) type Done = unsafe extern "C" fn(*mut uv__work, c_int);

/// The job whose `wq` this is.
pub(super) fn job(link: Link) -> *mut uv__work {
    queue::owner!(link, uv__work, wq)
}

pub(super) fn wq(work: *mut uv__work) -> Link {
    // SAFETY: (1).
    unsafe { Link::at(&raw const (*work).wq) }
}

pub(super) fn prepare(event_loop: Loop, work: *mut uv__work, kind: Kind, run: Run, done: Done) {
    // SAFETY: (1).
    unsafe {
        (*work).work.set(Some(run));
        (*work).done.set(Some(done));
        (*work).r#loop.set(event_loop.as_ptr().map_addr(|a| a | kind as usize));
    }
    count(work, 1);
    wq(work).init();
}

fn event_loop(work: *mut uv__work) -> Loop {
    // SAFETY: (1), (3).
    unsafe { Loop::from_c((*work).r#loop.get().map_addr(|a| a & !(KIND | CANCELLED))) }
}

fn low_bits(work: *mut uv__work) -> usize {
    // SAFETY: (1).
    unsafe { (*work).r#loop.get() }.addr() & (KIND | CANCELLED)
}

pub(super) fn is(work: *mut uv__work, kind: Kind) -> bool {
    low_bits(work) & KIND == kind as usize
}

fn is_post(work: *mut uv__work) -> bool {
    low_bits(work) & KIND == POST
}

/// Notes that the loop awaits a job more, or (with -1) one less.
pub(super) fn count(work: *mut uv__work, change: isize) {
    let state = event_loop(work).state();
    let count: &Cell<usize> = if is(work, Kind::Lookup) { &state.lookups } else { &state.jobs };
    count.set(count.get().wrapping_add_signed(change));
}

/// Makes a job that an ancestor's pool has queued one that no lookup waits behind.
pub(super) fn disown(link: Link) {
    let work = job(link);
    if is(work, Kind::Work) {
        // SAFETY: (1).
        unsafe { (*work).r#loop.set((*work).r#loop.get().map_addr(|a| a | Kind::File as usize)) };
    }
}

/// Takes a job back that has not started: its `done` will be called with `UV_ECANCELED`. False if it is too late.
pub(crate) fn cancel(work: *mut uv__work) -> bool {
    // Without a pool there is at most an answer that awaits its callback, or an ancestor's job.
    let pool = super::pool().ok();
    let mut lanes = pool.map(|pool| pool.lanes.lock());
    let guard = event_loop(work).shared().mailbox.lock();
    // SAFETY: (1), (2): under both locks.
    let queued = !wq(work).is_empty() && unsafe { (*work).work.get() }.is_some();
    if queued {
        wq(work).unlink();
        if let Some(lanes) = &mut lanes {
            lanes.forget_work(is(work, Kind::Work));
            lanes.arrivals.take(work);
        }
        // SAFETY: (1); no worker has it.
        unsafe { (*work).r#loop.set((*work).r#loop.get().map_addr(|a| a | CANCELLED)) };
    }
    drop(guard);
    if let (Some(pool), Some(lanes)) = (pool, &mut lanes) {
        // One job less that lookups wait behind.
        pool.start_lookups(lanes);
    }
    drop(lanes);
    if queued {
        add(&event_loop(work).state().metrics.cancels, 1);
        finish(work);
    }
    queued
}

/// Does a job, on a thread of the pool, and hands it back. `came_ns`: when it was queued, if somebody wants to know.
pub(super) fn run(work: *mut uv__work, came_ns: Option<u64>) {
    if let Some(came_ns) = came_ns {
        note_wait(work, came_ns);
    }
    // SAFETY: (1); `prepare` set the function.
    if let Some(f) = unsafe { (*work).work.get() } {
        // SAFETY: (1).
        unsafe { f(work) };
    }
    finish(work);
}

#[cold]
fn note_wait(work: *mut uv__work, came_ns: u64) {
    if let Some(slot) = event_loop(work).shared().slot() {
        slot.record(Histogram::PoolWait, clock::monotonic_ns().saturating_sub(came_ns));
    }
}

/// Hands a job back to its loop and wakes it.
fn finish(work: *mut uv__work) {
    let event_loop = event_loop(work);
    let shared = event_loop.shared();
    let guard = shared.mailbox.lock();
    // SAFETY: (1).
    unsafe { (*work).work.set(None) };
    shared.hand_over(guard, event_loop.wq(), wq(work));
}

/// Takes a job that the loop's own thread has done already: its `done` is called in the next poll phase, as if it came from
/// a worker. Until then it can be cancelled, because with libuv it could be while it waited for a thread. Not for `Kind::Work`,
/// which the pool counts.
pub(crate) fn answered(event_loop: Loop, work: *mut uv__work, kind: Kind, run: Run, done: Done) {
    prepare(event_loop, work, kind, run, done);
    let mailbox = &event_loop.shared().mailbox;
    mailbox.put(&mailbox.lock(), event_loop.wq(), wq(work));
    event_loop.announce();
}

/// From any thread: has `done` called on the loop's.
pub(crate) fn post(event_loop: Loop, work: *mut uv__work, done: Done) {
    // SAFETY: (1).
    unsafe {
        (*work).done.set(Some(done));
        (*work).r#loop.set(event_loop.as_ptr().map_addr(|a| a | POST));
    }
    wq(work).init();
    finish(work);
}

/// In a forked child: takes the posts out of `loop->wq`. They are the parent's.
pub(crate) fn forget_posts(event_loop: Loop) {
    let mut next = event_loop.wq().first();
    while let Some(link) = next {
        next = link.next_in(event_loop.wq());
        if is_post(job(link)) {
            link.unlink();
        }
    }
}

/// Calls the `done` of a job that `loop->wq` gave up, with 0 or `UV_ECANCELED`.
pub(crate) fn done(link: Link) {
    let work = job(link);
    if !is_post(work) {
        count(work, -1);
    }
    // SAFETY: (1); `done` is the last thing done with the request (law 2).
    unsafe {
        let status = if low_bits(work) & CANCELLED != 0 { Errno::ECANCELED.0 } else { 0 };
        if let Some(done) = (*work).done.get() {
            done(work, status);
        }
    }
}
