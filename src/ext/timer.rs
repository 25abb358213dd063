//! Timers in nanoseconds.

use libc::c_int;

use crate::abi::{IntoC, uv_loop_t, uv_timer_cb, uv_timer_t};
use crate::model::event_loop::Loop;
use crate::model::handle::Timer;

/// As `uv_timer_start`, with the timeout and the repeat interval in nanoseconds. `uv_timer_get_repeat` and
/// `uv_timer_get_due_in` round up to milliseconds; `uv_timer_set_repeat` sets milliseconds again.
///
/// A timer is never early. How late it is, is the kernel's to say (some 50 µs, unless the thread's timer slack is less); one
/// that is due in the same millisecond as timers of `uv_timer_start` that are due before it may wait for these.
/// `UV_EINVAL` if `cb` is NULL or the timer is closing. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_timer_start(
    handle: *mut uv_timer_t,
    cb: uv_timer_cb,
    timeout_ns: u64,
    repeat_ns: u64,
) -> c_int {
    // SAFETY: law 1.
    unsafe { Timer::from_c(handle) }.start_ns(cb, timeout_ns, repeat_ns).into_c()
}

/// The loop's time in nanoseconds, as of the last update, as `uv_now` is in milliseconds. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_now(r#loop: *const uv_loop_t) -> u64 {
    // SAFETY: law 5.
    unsafe { Loop::from_c(r#loop) }.shared().now_ns()
}
