//! What a loop counts (`uv_metrics_info`, `uv_metrics_idle_time`, `uvring_loop_stats`, `uvring_metrics`).

#![deny(unsafe_code)]

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
    pub(crate) accepts: Cell<u64>,
    pub(crate) posts: Cell<u64>,
    pub(crate) cancels: Cell<u64>,
    pub(crate) refusals: Cell<u64>,
    /// Nanoseconds asleep, while somebody looks.
    pub(crate) asleep_ns: Cell<u64>,
    pub(crate) ext: ExtMetrics,
    /// What is being delivered was there before the loop slept.
    pub(crate) waiting: Cell<bool>,
}

/// Counters of the calls of uvring.h; each is told by `uvring_metrics` under its name.
#[derive(Default)]
pub(crate) struct ExtMetrics {
    pub(crate) recv_views: Cell<u64>,
    pub(crate) recv_bytes: Cell<u64>,
    pub(crate) recv_parked: Cell<u64>,
    /// Now.
    pub(crate) views_kept: Cell<u64>,
    pub(crate) write_calls: Cell<u64>,
    pub(crate) write_entries: Cell<u64>,
    pub(crate) write_bytes: Cell<u64>,
    pub(crate) zc_sends: Cell<u64>,
    pub(crate) zc_copied: Cell<u64>,
    pub(crate) moved_copied: Cell<u64>,
    pub(crate) moved_spliced: Cell<u64>,
    pub(crate) timeouts: Cell<u64>,
}

/// Adds to a counter.
pub(crate) fn add(counter: &Cell<u64>, more: u64) {
    counter.set(counter.get() + more);
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
