//! What a loop counts (`uv_metrics_info`, `uv_metrics_idle_time`, `uvring_loop_stats`).

use std::cell::Cell;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use crate::os::clock;

/// Counters, some read by other threads.
#[derive(Default)]
pub(crate) struct Metrics {
    pub(crate) loop_count: Cell<u64>,
    pub(crate) events: Cell<u64>,
    pub(crate) events_waiting: Cell<u64>,
    /// Plain system calls that read from and wrote to streams.
    pub(crate) stream_reads: Cell<u64>,
    pub(crate) stream_writes: Cell<u64>,
    /// What is being delivered was there before the loop slept.
    pub(super) waiting: Cell<bool>,
    /// Idle time is measured (`UV_METRICS_IDLE_TIME`).
    pub(super) measured: AtomicBool,
    /// Nanoseconds spent asleep, and when the sleep under way began, or 0.
    idle_ns: AtomicU64,
    asleep_since_ns: AtomicU64,
}

impl Metrics {
    pub(super) fn fall_asleep(&self) {
        if self.measured.load(Relaxed) {
            self.asleep_since_ns.store(clock::monotonic_ns(), SeqCst);
        }
    }

    pub(super) fn wake_up(&self) {
        let since = self.asleep_since_ns.swap(0, SeqCst);
        if since != 0 {
            self.idle_ns.fetch_add(clock::monotonic_ns().saturating_sub(since), SeqCst);
        }
    }

    /// Counts events that are delivered in this poll phase.
    pub(crate) fn count(&self, events: u64) {
        self.events.set(self.events.get() + events);
        if self.waiting.get() {
            self.events_waiting.set(self.events_waiting.get() + events);
        }
    }

    pub(super) fn idle(&self) -> u64 {
        let since = self.asleep_since_ns.load(SeqCst);
        let slept = self.idle_ns.load(SeqCst);
        if since == 0 { slept } else { slept + clock::monotonic_ns().saturating_sub(since) }
    }
}
