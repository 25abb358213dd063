//! Timers, in a heap in user space (`model/timers.rs`).
//!
//! Timers due at the same millisecond run in the order in which they were started, so the heap is ordered by
//! (`timeout`, `start_id`). A timer never runs early: besides libuv's millisecond it has a deadline in nanoseconds, and the
//! first in the heap runs only when that has passed. (libuv, which has only the millisecond, is early by up to one.)

use libc::c_int;

use crate::abi::*;
use crate::base::queue;
use crate::base::queue::Link;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Timer};
use crate::model::timers::Entry;

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
