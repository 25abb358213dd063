//! How long a driver may wait.

#![deny(unsafe_code)]

use crate::sys::clock;

/// How long to sleep, and with which signals blocked.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// Point of CLOCK_MONOTONIC in nanoseconds at which to wake at the latest; `None` for never. A point in the past
    /// makes the wait a poll.
    pub(crate) until_ns: Option<u64>,
    /// Signals to block while asleep, as the kernel's bit set (`UV_LOOP_BLOCK_SIGNAL`).
    pub(crate) sigmask: u64,
}

impl Limit {
    /// Not to sleep.
    pub(crate) const NOWAIT: Limit = Limit { until_ns: Some(0), sigmask: 0 };

    /// The same, but within so many nanoseconds from now.
    pub(super) fn at_most(self, ns: u64) -> Limit {
        let soon = clock::monotonic_ns() + ns;
        Limit { until_ns: Some(self.until_ns.map_or(soon, |until| until.min(soon))), ..self }
    }

    /// True if the time is up.
    pub(super) fn is_over(self) -> bool {
        self.left_ns(false) == Some(0)
    }

    /// How long a wait may take from now on, in nanoseconds; `None` without a limit. 0 for a poll.
    pub(crate) fn left_ns(self, nowait: bool) -> Option<u64> {
        match self.until_ns {
            _ if nowait => Some(0),
            // Without reading the clock.
            Some(0) => Some(0),
            until => until.map(|until| until.saturating_sub(clock::monotonic_ns())),
        }
    }
}
