//! What a loop counts (`uv_metrics_info`, `uv_metrics_idle_time`, `uvring_loop_stats`).

use std::cell::Cell;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use crate::sys::clock;

/// Counters.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) loop_count: Cell<u64>,
    pub(crate) events: Cell<u64>,
    pub(crate) events_waiting: Cell<u64>,
    /// Events that are being delivered: they count when their callbacks have run, as with libuv.
    under_way: Cell<u64>,
    /// Plain system calls that read from and wrote to streams.
    pub(crate) stream_reads: Cell<u64>,
    pub(crate) stream_writes: Cell<u64>,
    /// What is being delivered was there before the loop slept.
    pub(crate) waiting: Cell<bool>,
}

/// How long the loop has slept; other threads ask.
#[derive(Default)]
pub(crate) struct Idle {
    /// Idle time is measured (`UV_METRICS_IDLE_TIME`).
    pub(crate) measured: AtomicBool,
    /// Nanoseconds spent asleep, and when the sleep under way began, or 0.
    idle_ns: AtomicU64,
    asleep_since_ns: AtomicU64,
}

impl Idle {
    pub(crate) fn fall_asleep(&self) {
        if self.measured.load(Relaxed) {
            self.asleep_since_ns.store(clock::monotonic_ns(), SeqCst);
        }
    }

    pub(crate) fn wake_up(&self) {
        let since = self.asleep_since_ns.swap(0, SeqCst);
        if since != 0 {
            self.idle_ns.fetch_add(clock::monotonic_ns().saturating_sub(since), SeqCst);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        let since = self.asleep_since_ns.load(SeqCst);
        let slept = self.idle_ns.load(SeqCst);
        if since == 0 { slept } else { slept + clock::monotonic_ns().saturating_sub(since) }
    }
}

impl Metrics {
    /// Notes an event that is about to be delivered.
    pub(crate) fn count(&self) {
        self.under_way.set(self.under_way.get() + 1);
    }

    /// Counts what has been delivered.
    pub(crate) fn delivered(&self) {
        let events = self.under_way.take();
        self.events.set(self.events.get() + events);
        if self.waiting.get() {
            self.events_waiting.set(self.events_waiting.get() + events);
        }
    }
}
