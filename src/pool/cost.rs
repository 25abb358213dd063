//! What jobs and wake-ups take, as far as is known, for whoever wonders whether the pool had better do something. Written under the
//! pool's lock.

#![deny(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sys::clock;

/// A short job, in nanoseconds; 0 if nobody knows.
static SHORT_NS: AtomicU64 = AtomicU64::new(0);
/// The call that wakes a worker, in nanoseconds.
static WAKE_NS: AtomicU64 = AtomicU64::new(5_000);

/// How long a short job takes, if somebody knows.
pub(crate) fn short_ns() -> Option<u64> {
    Some(SHORT_NS.load(Relaxed)).filter(|&ns| ns > 0)
}

/// Nobody has a short job done because they take too long, so nobody would learn that they do no more: the figure fades, by half in
/// 700 times. (What two threads take off at the same time may count once.)
pub(crate) fn doubt_short_ns() {
    let known = SHORT_NS.load(Relaxed);
    SHORT_NS.store(known - known.div_ceil(1024), Relaxed);
}

pub(super) fn note_short(took_ns: u64) {
    SHORT_NS.store(clock::settled(SHORT_NS.load(Relaxed), took_ns), Relaxed);
}

/// How long it takes to wake a thread of the pool.
pub(crate) fn wake_ns() -> u64 {
    WAKE_NS.load(Relaxed)
}

pub(super) fn note_wake(took_ns: u64) {
    WAKE_NS.store(clock::settled(WAKE_NS.load(Relaxed), took_ns), Relaxed);
}
