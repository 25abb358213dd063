//! How a loop waits: for what, how long, and whether asleep.
//!
//! | in flight | before the loop falls asleep it |
//! |---|---|
//! | anything, and the program wants busy polling | spins, as long as that says |
//! | little, and threads or a peer tend to bring something soon | spins, for some microseconds (`sys/spin.rs`) |
//! | hundreds of jobs of the pool, whose results tend to come soon | coalesces results |
//! | else | does nothing |
//!
//! Coalescing is for a loop that is faster than the pool: woken for each result it took a processor from a worker each time, 9 000
//! times for 61 000 listings of directories, and these took 15.7 µs of processor time each. They take 13.8 with it; 256 reads
//! of cached files in flight on epoll went from 0.9 of libuv's rate to 1.03, writes from 0.89 to 1.07.

#![deny(unsafe_code)]

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::driver::limit::Limit;
use crate::model::event_loop::Loop;
use crate::model::metrics::add;
use crate::observe::trace::{self, Name};
use crate::observe::{self, Header, Histogram};
use crate::pool;
use crate::sys::clock;

/// With more requests than this in flight, the loop does not spin: more will be ready by the time that it wakes.
const SPIN_LIMIT: u32 = 8;
/// How long results are coalesced. The kernel adds its timer slack, 50 µs.
const COALESCE: Duration = Duration::from_micros(50);
/// No coalescing if the loop has to be awake within this time, in nanoseconds.
const COALESCE_AND_SLACK_NS: u64 = 200_000;
/// How long the results of short jobs may be late, in nanoseconds: many times as long as a batch takes.
const PATIENCE_NS: u64 = 2_000_000;

impl Loop {
    /// Waits, and notes whether what is delivered next had been there already. Apart from the parts that fall asleep, because
    /// turns that do not are short: 38 ns.
    #[inline]
    pub(super) fn wait(self, until_ns: Option<u64>) {
        let state = self.state();
        let metrics = &state.metrics;
        metrics.waiting.set(true);
        if until_ns == Some(0) {
            self.wait_in_driver(until_ns);
        } else if !self.finds_something(until_ns) {
            return self.fall_asleep(until_ns);
        }
        // Also where nothing slept: what ran before in this turn may have taken long, and the check phase asks what time it is.
        self.update_time();
    }

    /// Spins or coalesces, if that is better than to fall asleep at once. True if there is something to do.
    #[inline(never)]
    fn finds_something(self, until_ns: Option<u64>) -> bool {
        let state = self.state();
        if state.busy_poll_ns.get() > 0 && self.busy_poll(until_ns) {
            return true;
        }
        // A name lookup takes its time.
        let is_busy =
            self.requests() > SPIN_LIMIT || self.shared().lookups() > 0 || state.driver.borrow().files_in_flight() > 0;
        if !is_busy && (state.adaptive_spin.get().expects_work() || state.event_spin.get().expects_events()) {
            return self.spin(until_ns);
        }
        if state.adaptive_spin.get().is_often_soon() && pool::is_busy_with(self.shared().jobs()) {
            return self.coalesce(until_ns);
        }
        // Who measures pays for a poll before the sleep, as with libuv.
        self.shared().idle.measured.load(Relaxed) && self.wait_in_driver(Some(0))
    }

    /// Spins as long as the program wants. True if there is something to do, or a timer is due.
    fn busy_poll(self, until_ns: Option<u64>) -> bool {
        let end = clock::monotonic_ns() + self.state().busy_poll_ns.get();
        loop {
            if self.wait_in_driver(Some(0)) || self.has_sent_work() {
                return true;
            }
            let now = clock::monotonic_ns();
            if until_ns.is_some_and(|until| now >= until) {
                return true;
            }
            if now >= end {
                return false;
            }
            std::hint::spin_loop();
        }
    }

    /// True if the driver has brought something.
    fn wait_in_driver(self, until_ns: Option<u64>) -> bool {
        let state = self.state();
        let limit = Limit { until_ns, sigmask: state.sigmask.get() };
        if observe::is_on() {
            self.wait_observed(limit);
        } else {
            state.driver.borrow_mut().wait(limit, &mut state.batch.borrow_mut());
        }
        self.has_batch()
    }

    /// Waits while somebody looks.
    #[cold]
    fn wait_observed(self, limit: Limit) {
        let state = self.state();
        let slot = self.shared().slot();
        let mut driver = state.driver.borrow_mut();
        let before = driver.counters();
        let sleeps = limit.until_ns != Some(0);
        if sleeps {
            observe::pause();
        }
        let began_ns = clock::monotonic_ns();
        if sleeps && let Some(slot) = slot {
            slot.swap_doing(Header::SLEEPING, began_ns);
        }
        driver.wait(limit, &mut state.batch.borrow_mut());
        let ended_ns = clock::monotonic_ns();
        let found = driver.counters().completions - before.completions;
        if sleeps {
            add(&state.metrics.asleep_ns, ended_ns.saturating_sub(began_ns));
            if trace::is_on() {
                trace::span("wait", &Name::Text("wait"), began_ns, ended_ns, format_args!("\"brought\":{found}"));
                if self.has_sent_work() {
                    trace::instant("woken", ended_ns);
                }
            }
        }
        if let Some(slot) = slot {
            slot.swap_doing(Header::TURNING, ended_ns);
            if found > 0 {
                slot.record(Histogram::Completions, found);
            }
        }
    }

    /// True if the driver's completions are yet to be delivered.
    fn has_batch(self) -> bool {
        let state = self.state();
        state.delivered.get() < state.batch.borrow().len()
    }

    /// Spins as long as that is better than to sleep. True if there is something.
    fn spin(self, until_ns: Option<u64>) -> bool {
        let state = self.state();
        let finds_event = || {
            state.driver.borrow_mut().poll_descriptors(&mut state.batch.borrow_mut());
            self.has_batch()
        };
        let (mut adaptive_spin, mut event_spin) = (state.adaptive_spin.get(), state.event_spin.get());
        if adaptive_spin.expects_work() {
            let found = finds_event() || adaptive_spin.spin(until_ns, || self.has_sent_work());
            state.adaptive_spin.set(adaptive_spin);
            return found;
        }
        let found = event_spin.spin(until_ns, || self.has_sent_work() || finds_event());
        state.event_spin.set(event_spin);
        found
    }

    /// Coalesces results of the pool, if there is nothing else to do. True if there is something to do.
    fn coalesce(self, until_ns: Option<u64>) -> bool {
        if self.wait_in_driver(Some(0)) || self.has_ready_work() {
            return true;
        }
        if until_ns.is_none_or(|until| until > clock::monotonic_ns() + COALESCE_AND_SLACK_NS) {
            let idle = &self.shared().idle;
            idle.fall_asleep();
            // The loop counts as awake: nobody has to wake it.
            std::thread::sleep(COALESCE);
            idle.wake_up();
        }
        self.has_ready_work()
    }

    /// Sleeps, and learns from it.
    #[inline(never)]
    fn fall_asleep(self, until_ns: Option<u64>) {
        let state = self.state();
        let idle = &self.shared().idle;
        state.metrics.waiting.set(false);
        idle.fall_asleep();
        let files = state.driver.borrow().files_in_flight();
        let is_ready =
            if self.shared().short_jobs() > 0 { self.sleep_beside_batches(until_ns) } else { self.sleep(until_ns) };
        idle.wake_up();
        self.update_time_after_sleep(is_ready, files > 0);
    }

    /// Sleeps while workers may hold results back until they have more. When nothing comes for long, because a job hangs, asks for them.
    #[inline(never)]
    fn sleep_beside_batches(self, until_ns: Option<u64>) -> bool {
        let mut patience_ns = PATIENCE_NS;
        loop {
            let enough = clock::monotonic_ns() + patience_ns;
            if until_ns.is_some_and(|until| until <= enough) {
                return self.sleep(until_ns);
            }
            let is_ready = self.sleep(Some(enough));
            if is_ready || self.has_ready_work() || clock::monotonic_ns() < enough {
                return is_ready;
            }
            pool::rescue();
            patience_ns *= 2;
        }
    }

    /// Sleeps; true if the driver has brought something.
    fn sleep(self, until_ns: Option<u64>) -> bool {
        let wake = &self.shared().wake;
        wake.asleep();
        let is_ready = self.wait_in_driver(if self.has_ready_work() { Some(0) } else { until_ns });
        wake.awake();
        is_ready
    }

    /// Notes what ended a sleep how soon. Of a sleep with files on the ring that they ended there is nothing to learn.
    fn update_time_after_sleep(self, is_ready: bool, had_files: bool) {
        let (state, shared) = (self.state(), self.shared());
        let since = shared.now_ns();
        self.update_time();
        let took = shared.now_ns() - since;
        let by_thread = self.has_sent_work();
        if by_thread || !had_files {
            let only = match state.batch.borrow()[..] {
                [only] if is_ready && !by_thread => Some(only.key.to_bits()),
                _ => None,
            };
            let (mut adaptive_spin, mut event_spin) = (state.adaptive_spin.get(), state.event_spin.get());
            adaptive_spin.slept(by_thread.then_some(took));
            event_spin.slept(only, took);
            state.adaptive_spin.set(adaptive_spin);
            state.event_spin.set(event_spin);
        }
    }
}
