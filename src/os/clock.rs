//! Clocks and sleeping.

use libc::{c_int, timespec};

/// A clock of the system in nanoseconds. Thread-safe and async-signal-safe.
pub(crate) fn nanoseconds(clock: c_int) -> u64 {
    let mut t = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the answer. The clocks asked for always exist.
    unsafe { libc::clock_gettime(clock, &raw mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn monotonic_ns() -> u64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}
