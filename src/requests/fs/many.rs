//! `uvring_fs_stat_many`, `uvring_fs_load_many`: threads of the pool take the items by chunks, each the next that nobody has.
//!
//! Argument for the unsafe code: (1) the items are the library's until the callback, and each is touched by the one thread that has taken
//! it (law 2); (2) what the threads share is boxed when the request begins and freed when it ends, which is after the last of them
//! has handed its job back.

use std::cell::Cell;
use std::mem::offset_of;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use libc::{c_int, c_void};

use super::load;
use super::stat::ask;
use crate::abi::ext::{uvring_load_item_t, uvring_many_cb, uvring_stat_item_t};
use crate::abi::{Errno, Result, uv__queue, uv__work, uv_timer_t};
use crate::base::alloc;
use crate::base::environment;
use crate::callback;
use crate::model::deadline::Deadline;
use crate::model::event_loop::Loop;
use crate::model::ext_request::{ExtReq, Kind, Many};
use crate::model::job::{Job, WithJob};
use crate::pool::{self, Done, Task};

/// How many items a thread takes at once.
const CHUNK: usize = 32;
/// The most threads for one request. (Of 100 000 cached stats two did 1 135 000 a second on two processors, four 1 288 000.)
const THREADS: usize = 4;

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) enum Items {
    Stat {
        items: *mut uvring_stat_item_t,
        /// Of `statx`.
        flags: c_int,
    },
    Load {
        items: *mut uvring_load_item_t,
    },
}

/// A thread's part of a request.
#[repr(C)]
struct PartOf {
    work: uv__work,
    state: Cell<*const State>,
}

/// The same, as the pool has it.
#[derive(Clone, Copy)]
struct Part(NonNull<PartOf>);

/// What the threads share.
struct State {
    req: Many,
    items: Items,
    count: usize,
    /// The first item that nobody has taken.
    next: AtomicUsize,
    /// How many items have failed.
    failed: AtomicUsize,
    /// Nothing more is to be begun.
    stop: AtomicBool,
    parts: [PartOf; THREADS],
    /// How many of them were given to the pool, and how many of these are not done; for the loop's thread.
    given: Cell<usize>,
    under_way: Cell<usize>,
}

/// Starts a request. `UV_ENOMEM`; `UV_EAGAIN` if the system has no thread for it.
pub(crate) fn start(event_loop: Loop, req: Many, items: Items, count: usize, cb: uvring_many_cb) -> Result {
    let callback = cb.ok_or(Errno::EINVAL)? as *mut c_void;
    let state = alloc::boxed(State {
        req,
        items,
        count,
        next: AtomicUsize::new(0),
        failed: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        parts: [const { PartOf { work: new_work(), state: Cell::new(ptr::null()) } }; THREADS],
        given: Cell::new(0),
        under_way: Cell::new(0),
    })?;
    let request = ExtReq::from(req);
    let begun = request.arm(event_loop, Some(on_due)).and_then(|()| {
        request.begin(event_loop, Kind::Many, callback);
        // SAFETY: (2).
        unsafe { req.state().write(state.as_ptr().cast()) };
        // SAFETY: (2).
        unsafe { state.as_ref() }.give(event_loop).inspect_err(|_| {
            request.disarm();
            request.end(event_loop);
        })
    });
    begun.inspect_err(|_| {
        // SAFETY: (2): no thread has seen it.
        unsafe { alloc::unbox(state) };
    })
}

impl Many {
    /// Where what the threads share is found.
    fn state(self) -> *mut *mut c_void {
        // SAFETY: law 2.
        unsafe { (&raw mut (*self.as_ptr()).more).cast() }
    }
}

/// Its loop.
fn loop_of(req: Many) -> Loop {
    // SAFETY: the loop outlives its requests.
    unsafe { Loop::from_c(req.r#loop.get()) }
}

const fn new_work() -> uv__work {
    uv__work { work: Cell::new(None), done: Cell::new(None), r#loop: Cell::new(ptr::null_mut()), wq: uv__queue::new() }
}

/// Ends a request as soon as nobody is in the midst of an item.
pub(crate) fn cancel(req: Many) {
    // SAFETY: (2): it is in flight.
    let state = unsafe { &*req.state().read().cast::<State>() };
    state.stop.store(true, Relaxed);
    for part in &state.parts[..state.given.get()] {
        pool::cancel(Part(NonNull::from(part)).job());
    }
}

unsafe extern "C" fn on_due(timer: *mut uv_timer_t) {
    // SAFETY: as `begin` was told.
    let req = unsafe { Deadline::request(timer) };
    // SAFETY: it was one of these that was armed.
    let req = unsafe { Many::from_c(req.as_ptr().cast()) };
    ExtReq::from(req).pass(loop_of(req));
    cancel(req);
}

impl Part {
    fn state<'a>(self) -> &'a State {
        // SAFETY: (2).
        unsafe { &*self.0.as_ref().state.get() }
    }
}

impl WithJob for Part {
    fn job(self) -> Job {
        // SAFETY: (2).
        unsafe { Job::from_c(&raw const (*self.0.as_ptr()).work) }
    }

    unsafe fn of_job(job: Job) -> Part {
        const _: () = assert!(offset_of!(PartOf, work) == 0);
        // SAFETY: the caller's.
        Part(unsafe { NonNull::new_unchecked(job.as_ptr().cast()) })
    }

    fn event_loop(self) -> Loop {
        loop_of(self.state().req)
    }
}

impl Task for Part {
    fn run(self) {
        self.state().work();
    }
}

impl Done for Part {
    fn done(self, _status: c_int) {
        let state = self.state();
        state.under_way.set(state.under_way.get() - 1);
        if state.under_way.get() == 0 {
            finish(NonNull::from(state));
        }
    }
}

fn finish(state: NonNull<State>) {
    // SAFETY: (2).
    let (req, is_whole) = unsafe { state.as_ref() }.settle();
    // SAFETY: (2): no thread has it any more.
    unsafe { alloc::unbox(state) };
    let request = ExtReq::from(req);
    let why = if request.disarm() { Errno::ETIMEDOUT } else { Errno::ECANCELED };
    req.status.set(if is_whole { 0 } else { why.0 });
    let callback = request.end(loop_of(req));
    // SAFETY: `start` was given it.
    callback::many(req, unsafe { std::mem::transmute::<*mut c_void, uvring_many_cb>(callback) });
}

impl State {
    /// Gives the pool as many jobs as there may be use for. Fails if it takes none.
    fn give(&self, event_loop: Loop) -> Result {
        let threads = self.count.div_ceil(CHUNK).clamp(1, THREADS.min(environment::pool_size() as usize));
        for part in &self.parts[..threads] {
            part.state.set(self);
            match pool::submit(event_loop.shared(), Part(NonNull::from(part)), pool::Kind::File) {
                Ok(()) => self.given.set(self.given.get() + 1),
                Err(error) if self.given.get() == 0 => return Err(error),
                Err(_) => break,
            }
        }
        self.under_way.set(self.given.get());
        Ok(())
    }

    /// The next items for a thread.
    fn take(&self) -> Option<Range<usize>> {
        if self.stop.load(Relaxed) {
            return None;
        }
        let from = self.next.fetch_add(CHUNK, Relaxed);
        (from < self.count).then(|| from..self.count.min(from + CHUNK))
    }

    /// On a thread of the pool.
    fn work(&self) {
        let failed = match self.items {
            Items::Stat { items, flags } => {
                let each = |at| {
                    // SAFETY: (1).
                    unsafe { stat(items.add(at), flags) }
                };
                std::iter::from_fn(|| self.take()).flatten().filter(|&at| !each(at)).count()
            }
            Items::Load { items } => {
                // SAFETY: (1).
                unsafe { load::all(items, || self.take()) }
            }
        };
        self.failed.fetch_add(failed, Relaxed);
    }

    /// Nobody works any more: gives what was not begun its status. Also the request, and whether that was nothing.
    fn settle(&self) -> (Many, bool) {
        let left = self.next.load(Relaxed).min(self.count)..self.count;
        for at in left.clone() {
            // SAFETY: (1): nobody has taken it.
            unsafe {
                match self.items {
                    Items::Stat { items, .. } => (*items.add(at)).status = Errno::ECANCELED.0,
                    Items::Load { items } => (*items.add(at)).status = Errno::ECANCELED.0,
                }
            }
        }
        self.req.failed.set(self.failed.load(Relaxed) + left.len());
        (self.req, left.is_empty())
    }
}

/// Answers a question; false if there is no answer.
///
/// # Safety
/// (1)
unsafe fn stat(item: *mut uvring_stat_item_t, flags: c_int) -> bool {
    // SAFETY: the caller's.
    unsafe {
        match ask((*item).dir, (*item).path, flags, |_| {}) {
            Ok(answer) => {
                (*item).stat = answer;
                (*item).status = 0;
                true
            }
            Err(error) => {
                (*item).status = error.0;
                false
            }
        }
    }
}
