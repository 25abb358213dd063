//! What is asked of a loop: whether it is alive, how long it may sleep, what time it is.
//!
//! Programs ask in callbacks, between turns, and from a thread that waits on the backend descriptor while another uses the loop.
//! So the public answers come from words that are read and written whole: fields that C sees, heads of lists, and
//! [`Shared`](super::shared::Shared). They are libuv's answers. That a finished operation awaits its callback shows only between
//! turns, and only where no descriptor tells of it: in callbacks it is the loop's own affair.

#![deny(unsafe_code)]

use std::sync::atomic::Ordering::Relaxed;

use libc::c_int;

use crate::model::event_loop::Loop;
use crate::sys::clock;

/// How long a loop sleeps at most that has to look for itself: to try a registration again which the kernel had no room for, or
/// for results of a ring that was given up.
const LOOK_AGAIN_NS: u64 = 10_000_000;

impl Loop {
    pub(crate) fn update_time(self) {
        let now = clock::monotonic_ns();
        self.shared().set_now_ns(now);
        self.time_word().store(now / 1_000_000, Relaxed);
    }

    fn has_active(self) -> bool {
        self.active_handles_word().load(Relaxed) > 0 || self.requests() > 0
    }

    /// What programs are told: handles that the closing phase under way has yet to finish do not count.
    pub(crate) fn alive(self) -> bool {
        self.has_active()
            || !self.pending_queue().is_empty()
            || !self.closing().is_null()
            || self.shared().mailbox.has_some()
    }

    /// True if there is something to run for.
    pub(crate) fn has_more(self) -> bool {
        self.alive() || self.has_closing()
    }

    pub(crate) fn has_closing(self) -> bool {
        // The second holds something outside the closing phase only when a callback has jumped out of it.
        !self.closing().is_null() || !self.state().closing_now.get().is_null()
    }

    /// True if no callback is due before the poll phase that makes a turn of `UV_RUN_ONCE` one that need not sleep.
    pub(crate) fn has_nothing_to_call(self) -> bool {
        self.pending_queue().is_empty() && self.idle_handles().is_empty() && self.state().walking.held().is_empty()
    }

    /// True if libuv's loop would not sleep now.
    fn is_busy(self) -> bool {
        self.is_stopped()
            || !self.has_active()
            || !self.pending_queue().is_empty()
            || !self.idle_handles().is_empty()
            || !self.closing().is_null()
    }

    /// What programs are told, in milliseconds: 0 not to wait, -1 for as long as it takes. Any thread may ask.
    pub(crate) fn backend_timeout(self) -> c_int {
        // The descriptor does not tell of watchers in the queue before the next turn.
        if self.is_busy() || !self.watcher_queue().is_empty() || self.shared().is_unheard() {
            return 0;
        }
        let Some(due) = self.due_ns(self.shared().is_restless()) else { return -1 };
        let left = due.saturating_sub(self.shared().now_ns());
        left.div_ceil(1_000_000).min(c_int::MAX as u64) as c_int
    }

    /// When the poll phase has to end: `None` for never, 0 for at once.
    pub(crate) fn sleep_until(self) -> Option<u64> {
        if self.is_busy() || self.has_closing() || self.has_ready_work() {
            return Some(0);
        }
        self.due_ns(!self.state().walking.starved().is_empty())
    }

    fn due_ns(self, is_restless: bool) -> Option<u64> {
        let due = self.shared().due_ns();
        if is_restless { Some(due.unwrap_or(u64::MAX).min(self.shared().now_ns() + LOOK_AGAIN_NS)) } else { due }
    }

    /// True if the loop has to look for itself, now and then, between two runs.
    pub(crate) fn is_restless(self) -> bool {
        !self.state().walking.starved().is_empty() || self.state().driver.borrow().must_look()
    }

    /// True if the driver is to be told what some watcher wants.
    pub(crate) fn must_reconcile(self) -> bool {
        let walking = &self.state().walking;
        !self.watcher_queue().is_empty() || !walking.stopped().is_empty() || !walking.starved().is_empty()
    }

    /// True if something awaits its callback.
    pub(crate) fn has_ready_work(self) -> bool {
        self.has_sent_work() || self.has_own_work()
    }

    /// True if another thread has left something.
    pub(crate) fn has_sent_work(self) -> bool {
        let shared = self.shared();
        shared.mailbox.has_some() || !shared.pending_asyncs.is_empty()
    }

    /// The same of what the loop's thread has taken over, or done itself.
    pub(crate) fn has_own_work(self) -> bool {
        let state = self.state();
        state.delivered.get() < state.batch.borrow().len()
            || state.files.has_ready_work()
            || !state.walking.finished().is_empty()
            || !state.walking.held().is_empty()
            || state.some_asyncs_taken_over()
            || self.extension().is_some_and(|extension| !extension.ended_pools().is_empty())
    }
}
