//! `uv_backend_fd`: the loop's descriptor watched by somebody else.
//!
//! A ring that is polled pays for a wake-up at each completion, so ring and eventfd join the epoll descriptor only when it
//! is asked for. Any thread may ask first, also while another runs the loop (in libuv it is a plain read); then the loop's
//! own thread lets them join, in its next poll phase. A gate tells which of the two it is:
//!
//! | state | meaning | next |
//! |---|---|---|
//! | OUTSIDE | nobody is in `uv_run` | INSIDE, EXPOSING |
//! | INSIDE | a thread is in `uv_run` | OUTSIDE |
//! | EXPOSING | who asked is letting them join; `uv_run` waits a moment | OUTSIDE |

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use libc::c_int;

use super::Loop;

const OUTSIDE: u32 = 0;
const INSIDE: u32 = 1;
const EXPOSING: u32 = 2;

/// Whether the backend descriptor was asked for, and whether it tells of everything.
#[derive(Default)]
pub(super) struct Exposure {
    asked: AtomicBool,
    gate: AtomicU32,
    done: AtomicBool,
}

impl Exposure {
    /// `uv_run` begins. False if it was entered already: it is nested, or a callback has jumped out of it.
    pub(super) fn enter(&self) -> bool {
        loop {
            match self.gate.compare_exchange(OUTSIDE, INSIDE, SeqCst, SeqCst) {
                Ok(_) => return true,
                Err(INSIDE) => return false,
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    /// True if somebody watches the descriptor.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(SeqCst)
    }

    /// In a forked child: the new descriptors have to join anew.
    pub(super) fn forget(&self) {
        self.done.store(false, SeqCst);
        self.gate.store(OUTSIDE, SeqCst);
    }
}

impl Loop {
    /// From now on somebody watches the backend descriptor. Thread-safe.
    pub(super) fn expose(self) -> c_int {
        let state = self.state();
        let exposure = &state.exposure;
        if !exposure.asked.swap(true, SeqCst) && !self.join_outside() {
            // The thread that runs the loop does it.
            state.wake.wake();
        }
        self.backend_fd.get()
    }

    /// `uv_run` ends, that of the `enter` which gave true.
    pub(super) fn leave_exposure(self) {
        let exposure = &self.state().exposure;
        exposure.gate.store(OUTSIDE, SeqCst);
        // Somebody may have asked between the last look inside and this.
        if exposure.is_asked() && !exposure.done.load(SeqCst) {
            self.join_outside();
        }
    }

    /// Lets ring and eventfd join, unless a thread is in `uv_run`.
    fn join_outside(self) -> bool {
        let gate = &self.state().exposure.gate;
        let outside = gate.compare_exchange(OUTSIDE, EXPOSING, SeqCst, SeqCst).is_ok();
        if outside {
            self.join_if_asked();
            gate.store(OUTSIDE, SeqCst);
        }
        outside
    }

    /// Lets ring and eventfd join the backend descriptor, if somebody has asked for it and they have not yet.
    pub(super) fn join_if_asked(self) {
        let state = self.state();
        if state.exposure.is_asked() && !state.exposure.done.swap(true, SeqCst) {
            state.driver.borrow_mut().expose(state.wake.fd());
        }
    }
}
