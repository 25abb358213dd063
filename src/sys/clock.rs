//! Clocks and sleeping.

use libc::{c_int, c_uint, timespec};

use crate::abi::{Errno, UV_CLOCK_MONOTONIC, UV_CLOCK_REALTIME, uv_clock_id, uv_timespec64_t, uv_timeval64_t};

/// The monotonic clock in nanoseconds since an arbitrary moment; for measuring intervals. Thread-safe and
/// async-signal-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_hrtime() -> u64 {
    monotonic_ns()
}

/// Reads a clock: `UV_CLOCK_MONOTONIC`, which counts from an arbitrary moment and never goes back, or
/// `UV_CLOCK_REALTIME`, which counts from 1970-01-01 UTC and may be set.
///
/// Returns 0, `UV_EFAULT` if `ts` is NULL, or `UV_EINVAL` for another clock. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_clock_gettime(clock_id: uv_clock_id, ts: *mut uv_timespec64_t) -> c_int {
    if ts.is_null() {
        return Errno::EFAULT.0;
    }
    let t = match clock_id {
        UV_CLOCK_MONOTONIC => read(libc::CLOCK_MONOTONIC),
        UV_CLOCK_REALTIME => read(libc::CLOCK_REALTIME),
        _ => return Errno::EINVAL.0,
    };
    // SAFETY: not NULL, so C promises a place for the answer.
    unsafe { *ts = uv_timespec64_t { tv_sec: t.tv_sec, tv_nsec: t.tv_nsec as i32 } };
    0
}

/// The time of day: seconds and microseconds since 1970-01-01 UTC. Returns 0, or `UV_EINVAL` if `tv` is NULL.
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_gettimeofday(tv: *mut uv_timeval64_t) -> c_int {
    if tv.is_null() {
        return Errno::EINVAL.0;
    }
    let t = read(libc::CLOCK_REALTIME);
    // SAFETY: not NULL, so C promises a place for the answer.
    unsafe { *tv = uv_timeval64_t { tv_sec: t.tv_sec, tv_usec: (t.tv_nsec / 1000) as i32 } };
    0
}

/// Makes the calling thread sleep for `msec` milliseconds. A signal does not cut the sleep short. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn uv_sleep(msec: c_uint) {
    let mut left = timespec { tv_sec: (msec / 1000).into(), tv_nsec: (msec % 1000 * 1_000_000).into() };
    // SAFETY: `left` is valid; a signal leaves what remains in it.
    while unsafe { libc::nanosleep(&raw const left, &raw mut left) } != 0 && Errno::last() == Errno::EINTR {}
}

/// A clock of the system in nanoseconds. Thread-safe and async-signal-safe.
pub(crate) fn nanoseconds(clock: c_int) -> u64 {
    let t = read(clock);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn monotonic_ns() -> u64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}

fn read(clock: c_int) -> timespec {
    let mut t = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid place for the answer. The clocks asked for always exist.
    unsafe { libc::clock_gettime(clock, &raw mut t) };
    t
}

/// What something takes, as far as is known, and now that it took so long: near the lower end, because what has to wait for a processor
/// takes a thousand times as long.
pub(crate) fn settled(known_ns: u64, took_ns: u64) -> u64 {
    let more = took_ns.saturating_sub(known_ns).min(known_ns / 4 + 250);
    let less = known_ns.saturating_sub(took_ns) / 2;
    known_ns + more - less
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_is_never_short() {
        let start = uv_hrtime();
        uv_sleep(20);
        assert!(uv_hrtime() - start >= 20_000_000);
    }

    #[test]
    fn both_realtime_clocks_agree() {
        let mut ts = uv_timespec64_t::default();
        let mut tv = uv_timeval64_t::default();
        // SAFETY: the places are ours.
        unsafe {
            assert_eq!(uv_clock_gettime(UV_CLOCK_REALTIME, &raw mut ts), 0);
            assert_eq!(uv_gettimeofday(&raw mut tv), 0);
        }
        assert!(tv.tv_sec - ts.tv_sec <= 1);
        assert!((0..1_000_000).contains(&tv.tv_usec));
    }
}
