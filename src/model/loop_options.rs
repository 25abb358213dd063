//! Options of a loop that libuv does not have.

#![deny(unsafe_code)]

use crate::abi::{Errno, Result};
use crate::driver::{RingOptions, SubmissionPolling};
use crate::model::event_loop::Loop;

/// How long the kernel's thread waits for work before it sleeps, where libuv's own option asks for one, in milliseconds: libuv's figure.
const SQPOLL_IDLE_MS: u32 = 10;

impl Loop {
    /// Has a kernel thread take what the loop submits, or not any more. `UV_EBUSY` once the loop has run.
    pub(crate) fn set_submission_polling(self, polling: Option<SubmissionPolling>) -> Result {
        self.set_ring_options(|options| RingOptions { polling, ..options })
    }

    /// The same as libuv's option asks for it. Where it cannot be, the loop goes on as any other.
    pub(crate) fn poll_submissions_if_possible(self) {
        let _ = self.set_submission_polling(Some(SubmissionPolling { idle_ms: SQPOLL_IDLE_MS, cpu: None }));
    }

    /// Sets how many submissions the ring has room for: a power of two. `UV_EBUSY` once the loop has run.
    pub(crate) fn set_ring_entries(self, entries: u32) -> Result {
        self.set_ring_options(|options| RingOptions { entries, ..options })
    }

    pub(crate) fn ring_options(self) -> Result<RingOptions> {
        self.state().driver.borrow_mut().ring_options()
    }

    fn set_ring_options(self, change: impl FnOnce(RingOptions) -> RingOptions) -> Result {
        let state = self.state();
        if state.running.get().is_some() || state.metrics.loop_count.get() > 0 {
            return Err(Errno::EBUSY);
        }
        let mut driver = state.driver.borrow_mut();
        let options = driver.ring_options()?;
        driver.set_ring_options(change(options))
    }
}
