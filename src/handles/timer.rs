//! Timers, in a heap in user space.
//!
//! Timers due at the same millisecond run in the order in which they were started, so the heap is ordered by
//! (`timeout`, `start_id`). A timer never runs early: besides libuv's millisecond it has a deadline in nanoseconds, and the
//! first in the heap runs only when that has passed. (libuv, which has only the millisecond, is early by up to one.)
//!
//! The heap is an array with four children a node: one timer costs 32 bytes beside the handle, in cache lines that are
//! read one after the other. The handle keeps its index, so that stopping needs no search. Room in the heap is made when a timer is
//! initialised, which may fail; starting a timer, again or by itself, cannot.

use libc::c_int;

use crate::abi::*;
use crate::base::alloc::Array;
use crate::base::queue;
use crate::base::queue::Link;
use crate::callback;
use crate::event_loop::Loop;
use crate::handle::{Handle, Timer};

/// Initialises a timer. `UV_ENOMEM` without memory to keep track of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_init(r#loop: *mut uv_loop_t, handle: *mut uv_timer_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Timer::from_c(handle).init(Loop::from_c(r#loop)) }.into_c()
}

/// Starts a timer, again if it runs: `cb` is called after `timeout` milliseconds, and then, if `repeat` is not 0, every
/// `repeat` milliseconds. With a `timeout` of 0 it is called in the next turn.
/// `UV_EINVAL` if `cb` is NULL or the timer is closing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_start(handle: *mut uv_timer_t, cb: uv_timer_cb, timeout: u64, repeat: u64) -> c_int {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.start(cb, timeout, repeat).into_c()
}

/// Stops a timer; its callback is not called any more. Always returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_stop(handle: *mut uv_timer_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.stop();
    0
}

/// Starts a repeating timer anew with its repeat value as the timeout. A timer that does not repeat is left alone.
/// `UV_EINVAL` if it was never started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_again(handle: *mut uv_timer_t) -> c_int {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.again().into_c()
}

/// Sets the repeat interval in milliseconds; it counts from the next expiry on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_set_repeat(handle: *mut uv_timer_t, repeat: u64) {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.repeat.set(repeat);
}

/// The repeat interval in milliseconds, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_get_repeat(handle: *const uv_timer_t) -> u64 {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.repeat.get()
}

/// Milliseconds until the timer is due, 0 if it is overdue; relative to `uv_now`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_timer_get_due_in(handle: *const uv_timer_t) -> u64 {
    // SAFETY: law 1.
    let timer = unsafe { Timer::from_c(handle) };
    timer.timeout.get().saturating_sub(Handle::from(timer).event_loop().time.get())
}

impl Timer {
    fn init(self, event_loop: Loop) -> Result {
        event_loop.state().timers.borrow_mut().admit()?;
        Handle::from(self).init(event_loop, UV_TIMER);
        self.timer_cb.set(None);
        self.timeout.set(0);
        self.repeat.set(0);
        self.start_id.set(0);
        self.link().init();
        Ok(())
    }

    /// The first two words of the node: the link among the timers that are about to run.
    fn link(self) -> Link {
        // SAFETY: law 1; the node is three words, aligned as a link is.
        unsafe { Link::at((&raw const (*self.as_ptr()).node).cast()) }
    }

    /// The third word of the node: the place of an active timer in the heap.
    fn index(self) -> usize {
        self.node.get().heap[2].addr()
    }

    fn set_index(self, index: usize) {
        let mut node = self.node.get();
        node.heap[2] = std::ptr::without_provenance_mut(index);
        self.node.set(node);
    }

    fn start(self, cb: uv_timer_cb, timeout: u64, repeat: u64) -> Result {
        let handle = Handle::from(self);
        if handle.is_closing() || cb.is_none() {
            return Err(Errno::EINVAL);
        }
        let event_loop = handle.event_loop();
        let shared = event_loop.shared();
        let entry = Entry {
            timeout_ms: event_loop.time.get().saturating_add(timeout),
            start_id: event_loop.timer_counter.get(),
            due_ns: shared.now_ns().saturating_add(timeout.saturating_mul(1_000_000)),
            timer: self,
        };
        let mut timers = event_loop.state().timers.borrow_mut();
        if handle.is_active() {
            timers.remove(self.index());
        } else {
            // It may be due and waiting for the callbacks before its own.
            self.link().unlink();
        }
        timers.insert(entry)?;
        shared.set_due_ns(timers.due_ns());
        self.timer_cb.set(cb);
        self.timeout.set(entry.timeout_ms);
        self.repeat.set(repeat);
        self.start_id.set(entry.start_id);
        event_loop.timer_counter.set(entry.start_id + 1);
        handle.start();
        Ok(())
    }

    fn stop(self) {
        let handle = Handle::from(self);
        if handle.is_active() {
            let event_loop = handle.event_loop();
            let mut timers = event_loop.state().timers.borrow_mut();
            timers.remove(self.index());
            event_loop.shared().set_due_ns(timers.due_ns());
            handle.stop();
        } else {
            // As in `start`.
            self.link().unlink();
        }
    }

    fn again(self) -> Result {
        if self.timer_cb.get().is_none() {
            return Err(Errno::EINVAL);
        }
        if self.repeat.get() != 0 {
            self.start(self.timer_cb.get(), self.repeat.get(), self.repeat.get())?;
        }
        Ok(())
    }
}

pub(crate) fn close(timer: Timer) {
    timer.stop();
    Handle::from(timer).event_loop().state().timers.borrow_mut().dismiss();
}

/// The timers phase: takes all timers that are due out of the heap, then runs them. What a callback starts, or makes due
/// by `uv_update_time`, waits for the next phase.
pub(crate) fn run(event_loop: Loop) {
    let state = event_loop.state();
    let ready = state.walking.timers();
    loop {
        let first = state.timers.borrow().first();
        let Some(first) = first else { break };
        if first.due_ns > event_loop.shared().now_ns() || first.timeout_ms > event_loop.time.get() {
            break;
        }
        first.timer.stop();
        ready.push_back(first.timer.link());
    }
    while let Some(link) = ready.pop_front() {
        // SAFETY: the link of a due timer lies in a live timer (law 1); `stop` and `close` take it out.
        let timer = unsafe { Timer::from_c(queue::owner!(link, uv_timer_t, node)) };
        // Cannot fail: it has a callback, and its room in the heap.
        let _ = timer.again();
        callback::timer(timer);
    }
}

#[derive(Clone, Copy)]
struct Entry {
    timeout_ms: u64,
    start_id: u64,
    due_ns: u64,
    timer: Timer,
}

impl Entry {
    fn before(&self, other: &Entry) -> bool {
        (self.timeout_ms, self.start_id) < (other.timeout_ms, other.start_id)
    }
}

const CHILDREN: usize = 4;

/// The active timers of a loop, the first due on top.
pub(crate) struct Heap {
    active: Array<Entry>,
    /// How many timers there are, active or not; `active` has room for as many.
    timers: usize,
}

impl Heap {
    pub(crate) const fn new() -> Heap {
        Heap { active: Array::new(), timers: 0 }
    }

    /// Makes room for one timer more.
    fn admit(&mut self) -> Result {
        self.active.reserve_total(self.timers + 1)?;
        self.timers += 1;
        Ok(())
    }

    /// Gives the room of one timer up.
    fn dismiss(&mut self) {
        self.timers -= 1;
    }

    fn first(&self) -> Option<Entry> {
        self.active.first().copied()
    }

    /// When the first timer is due: CLOCK_MONOTONIC in nanoseconds.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        self.active.first().map(|e| e.due_ns)
    }

    fn insert(&mut self, entry: Entry) -> Result {
        self.active.push(entry)?;
        self.up(self.active.len() - 1, entry);
        Ok(())
    }

    fn remove(&mut self, index: usize) {
        let Some(last) = self.active.pop() else { return };
        if index == self.active.len() {
            return;
        }
        let removed = self.active[index];
        if last.before(&removed) { self.up(index, last) } else { self.down(index, last) }
    }

    fn place(&mut self, index: usize, entry: Entry) {
        self.active[index] = entry;
        entry.timer.set_index(index);
    }

    fn up(&mut self, mut index: usize, entry: Entry) {
        while index > 0 {
            let parent = (index - 1) / CHILDREN;
            let above = self.active[parent];
            if !entry.before(&above) {
                break;
            }
            self.place(index, above);
            index = parent;
        }
        self.place(index, entry);
    }

    fn down(&mut self, mut index: usize, entry: Entry) {
        loop {
            let children = index * CHILDREN + 1..(index * CHILDREN + 1 + CHILDREN).min(self.active.len());
            let Some(least) = children.reduce(|a, b| if self.active[b].before(&self.active[a]) { b } else { a }) else {
                break;
            };
            let below = self.active[least];
            if !below.before(&entry) {
                break;
            }
            self.place(index, below);
            index = least;
        }
        self.place(index, entry);
    }
}
