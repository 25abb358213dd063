//! The loop as C sees it: its lists, and the words that any thread may read.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};

use libc::c_int;

use crate::abi::*;
use crate::base::newtype::{linked, newtype};

newtype!(
    /// A loop.
    Loop,
    uv_loop_t
);

linked!(
    Loop,
    uv_loop_t,
    handle_queue: handle_queue,
    pending_queue: pending_queue,
    watcher_queue: watcher_queue,
    wq: wq,
    process_handles: process_handles,
    prepare_handles: prepare_handles,
    check_handles: check_handles,
    idle_handles: idle_handles,
    async_handles: async_handles
);

macro_rules! words {
    ($($name:ident, $field:ident: $atomic:ty;)+) => { $(
        pub(super) fn $name(self) -> &'static $atomic {
            // SAFETY: the loop is alive (law 5); what may happen at the same time goes through here, too. (The count of requests
            // is the lower half of its field.)
            unsafe { <$atomic>::from_ptr((&raw const (*self.as_ptr()).$field).cast_mut().cast()) }
        }
    )+ };
}

impl Loop {
    words! {
        active_handles_word, active_handles: AtomicU32;
        requests_word, active_reqs: AtomicU32;
        stop_word, stop_flag: AtomicU32;
        time_word, time: AtomicU64;
        closing_word, closing_handles: AtomicPtr<uv_handle_t>;
    }

    pub(crate) fn count_active(self, change: c_int) {
        let word = self.active_handles_word();
        word.store(word.load(Relaxed).wrapping_add_signed(change), Relaxed);
    }

    pub(crate) fn active_handles(self) -> u32 {
        self.active_handles_word().load(Relaxed)
    }

    pub(crate) fn count_request(self, change: c_int) {
        self.requests_word().store(self.requests().wrapping_add_signed(change), Relaxed);
    }

    pub(crate) fn requests(self) -> u32 {
        self.requests_word().load(Relaxed)
    }

    pub(crate) fn stop(self) {
        self.stop_word().store(1, Relaxed);
    }

    pub(crate) fn is_stopped(self) -> bool {
        self.stop_word().load(Relaxed) != 0
    }

    pub(crate) fn take_stop(self) {
        if self.is_stopped() {
            self.stop_word().store(0, Relaxed);
        }
    }

    /// The handles that are closing, last first.
    pub(crate) fn closing(self) -> *mut uv_handle_t {
        self.closing_word().load(Relaxed)
    }

    pub(crate) fn set_closing(self, first: *mut uv_handle_t) {
        self.closing_word().store(first, Relaxed);
    }

    pub(crate) fn time_ms(self) -> u64 {
        self.time_word().load(Relaxed)
    }
}
