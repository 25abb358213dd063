//! What loops did, in numbers: those of all loops, which add up, and those of one for who looks closer.

#![deny(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::abi::ext::uvring_metrics_t;
use crate::model::event_loop::Loop;
use crate::observe;

/// The figures of one loop, or of many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) turns: u64,
    pub(crate) ring_enters: u64,
    pub(crate) epoll_waits: u64,
    pub(crate) polls: u64,
    pub(crate) files_inline: u64,
    pub(crate) files_ring: u64,
    pub(crate) files_pool: u64,
    pub(crate) stream_reads: u64,
    pub(crate) stream_writes: u64,
    pub(crate) wakeups: u64,
    pub(crate) loops: u64,
    pub(crate) loops_on_ring: u64,
}

/// The sums of the loops that are closed, in the order of `Figures::all`.
static CLOSED: [AtomicU64; 12] = [const { AtomicU64::new(0) }; 12];

/// Keeps the figures of a loop that is about to go.
pub(crate) fn note_closing(event_loop: Loop) {
    for (sum, figure) in CLOSED.iter().zip(Figures::of(event_loop).all()) {
        sum.fetch_add(*figure, Relaxed);
    }
}

impl Figures {
    /// Those of a loop, which counts as one on the ring if nobody has asked yet.
    pub(crate) fn of(event_loop: Loop) -> Figures {
        let state = event_loop.state();
        let driver = state.driver.borrow();
        let counters = driver.counters();
        Figures {
            turns: state.metrics.loop_count.get(),
            ring_enters: counters.enters,
            epoll_waits: counters.epoll_waits,
            polls: counters.polls,
            files_inline: state.files.answered_inline.get(),
            files_ring: counters.ring_files,
            files_pool: state.files.given_to_pool.get(),
            stream_reads: state.metrics.stream_reads.get(),
            stream_writes: state.metrics.stream_writes.get(),
            wakeups: event_loop.shared().wake.count(),
            loops: 1,
            loops_on_ring: u64::from(driver.may_have_ring()),
        }
    }

    /// The same with those of closed loops.
    pub(crate) fn with_closed(mut self) -> Figures {
        for (figure, sum) in self.all().into_iter().zip(&CLOSED) {
            *figure += sum.load(Relaxed);
        }
        self
    }

    fn all(&mut self) -> [&mut u64; 12] {
        [
            &mut self.turns,
            &mut self.ring_enters,
            &mut self.epoll_waits,
            &mut self.polls,
            &mut self.files_inline,
            &mut self.files_ring,
            &mut self.files_pool,
            &mut self.stream_reads,
            &mut self.stream_writes,
            &mut self.wakeups,
            &mut self.loops,
            &mut self.loops_on_ring,
        ]
    }
}

/// The counters of a loop. `size` and the histograms are left out.
pub(crate) fn metrics(event_loop: Loop) -> uvring_metrics_t {
    let state = event_loop.state();
    let counters = state.driver.borrow().counters();
    let (metrics, files) = (&state.metrics, &state.files);
    let ext = &metrics.ext;
    uvring_metrics_t {
        turns: metrics.loop_count.get(),
        enters: counters.enters,
        entries: counters.entries,
        completions: counters.completions,
        epoll_waits: counters.epoll_waits,
        recv_views: ext.recv_views.get(),
        recv_bytes: ext.recv_bytes.get(),
        recv_parked: ext.recv_parked.get(),
        views_kept: ext.views_kept.get(),
        write_calls: ext.write_calls.get(),
        write_entries: ext.write_entries.get(),
        write_bytes: ext.write_bytes.get(),
        zc_sends: ext.zc_sends.get(),
        zc_copied: ext.zc_copied.get(),
        moved_copied: ext.moved_copied.get(),
        moved_spliced: ext.moved_spliced.get(),
        stream_reads: metrics.stream_reads.get(),
        stream_writes: metrics.stream_writes.get(),
        accepts: metrics.accepts.get(),
        posts: metrics.posts.get(),
        wakeups: event_loop.shared().wake.count(),
        cancels: metrics.cancels.get(),
        timeouts: ext.timeouts.get(),
        files_inline: files.answered_inline.get(),
        files_ring: counters.ring_files,
        files_pool: files.given_to_pool.get(),
        pool_waiting: (event_loop.shared().jobs() + event_loop.shared().lookups()) as u64,
        refusals: metrics.refusals.get(),
        overflows: counters.overflows,
        asleep_ns: metrics.asleep_ns.get(),
        handles: event_loop.active_handles().into(),
        requests: event_loop.requests().into(),
        ..uvring_metrics_t::default()
    }
}

/// Tells those who look from outside, if somebody may.
#[cold]
pub(crate) fn publish(event_loop: Loop, doing: u64) {
    let Some(slot) = event_loop.shared().slot() else { return };
    slot.publish(observe::counters(&mut metrics(event_loop)));
    let is_ring = event_loop.state().driver.borrow().may_have_ring();
    slot.note(doing, is_ring);
}
