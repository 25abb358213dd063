//! Timers, in a heap in user space (`model/timers.rs`).
//!
//! Timers due at the same millisecond run in the order in which they were started, so the heap is ordered by
//! (`timeout`, `start_id`). A timer never runs early: besides libuv's millisecond it has a deadline in nanoseconds, and the
//! first in the heap runs only when that has passed. (libuv, which has only the millisecond, is early by up to one.)

use std::ptr;

use libc::c_int;

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Timer};

const NS_PER_MS: u64 = 1_000_000;

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
    let timer = unsafe { Timer::from_c(handle) };
    timer.repeat.set(repeat);
    timer.set_short_ns(0);
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

    /// By how many nanoseconds a timer that was started in nanoseconds repeats sooner than `repeat` says; in a word that libuv
    /// leaves to handles of other types.
    fn short_ns(self) -> u64 {
        // SAFETY: `Handle::init` set all words to 0.
        unsafe { self.u.get().reserved[0] }.addr() as u64
    }

    fn set_short_ns(self, short: u64) {
        // Of most timers it is 0 for ever.
        if short == self.short_ns() {
            return;
        }
        let reserved = [ptr::without_provenance_mut(short as usize), ptr::null_mut(), ptr::null_mut(), ptr::null_mut()];
        self.u.set(uv__handle_u { reserved });
    }

    fn start(self, cb: uv_timer_cb, timeout: u64, repeat: u64) -> Result {
        let event_loop = Handle::from(self).event_loop();
        let timeout_ms = event_loop.time.get().saturating_add(timeout);
        let due_ns = event_loop.shared().now_ns().saturating_add(timeout.saturating_mul(NS_PER_MS));
        self.start_at(cb, timeout_ms, timeout_ms.saturating_mul(NS_PER_MS), due_ns)?;
        self.repeat.set(repeat);
        self.set_short_ns(0);
        Ok(())
    }

    /// As `start`, in nanoseconds.
    pub(crate) fn start_ns(self, cb: uv_timer_cb, timeout: u64, repeat: u64) -> Result {
        let event_loop = Handle::from(self).event_loop();
        let timeout_ms = event_loop.time.get().saturating_add(timeout.div_ceil(NS_PER_MS));
        let due_ns = event_loop.shared().now_ns().saturating_add(timeout);
        self.start_at(cb, timeout_ms, due_ns, due_ns)?;
        self.repeat.set(repeat.div_ceil(NS_PER_MS));
        self.set_short_ns((NS_PER_MS - repeat % NS_PER_MS) % NS_PER_MS);
        Ok(())
    }

    fn again(self) -> Result {
        if self.timer_cb.get().is_none() {
            return Err(Errno::EINVAL);
        }
        match (self.repeat.get(), self.short_ns()) {
            (0, _) => Ok(()),
            (repeat, 0) => self.start(self.timer_cb.get(), repeat, repeat),
            (repeat, short) => {
                let repeat = repeat.saturating_mul(NS_PER_MS) - short;
                self.start_ns(self.timer_cb.get(), repeat, repeat)
            }
        }
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
        if first.due_ns > event_loop.shared().now_ns() || first.order_ns / NS_PER_MS > event_loop.time.get() {
            break;
        }
        first.timer.stop();
        ready.push_back(first.timer.link());
    }
    while let Some(link) = ready.pop_front() {
        let timer = Timer::of_link(link);
        // Cannot fail: it has a callback, and its room in the heap.
        let _ = timer.again();
        callback::timer(timer);
    }
}
