//! `uv_backend_fd`: the loop's descriptor watched by somebody else.
//!
//! Everything that makes the descriptor readable is in the epoll set already. But the wake-up is edge-triggered, which saves
//! the loop a read, and another waiter would take the edge away: from the first call on it is level-triggered. Any thread
//! may ask, also while another runs the loop (in libuv it is a plain read).

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use libc::c_int;

use super::Loop;
use crate::abi::Result;
use crate::driver::epoll;
use crate::handles::io::{self, Part};

/// Whether the backend descriptor was asked for.
#[derive(Default)]
pub(super) struct Exposure {
    asked: AtomicBool,
    /// The key under which the wake-up is registered, as bits.
    wake_key: AtomicU64,
}

impl Loop {
    /// True if somebody watches the backend descriptor.
    pub(crate) fn is_exposed(self) -> bool {
        self.state().exposure.asked.load(SeqCst)
    }

    /// Registers the loop's wake-up, at once. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for it.
    pub(super) fn watch_wake_up(self) -> Result {
        let watcher = self.wake_watcher();
        watcher.init(Part::Wake, self.state().wake.fd());
        watcher.start(self, io::IN)?;
        watcher.reconcile(self)?;
        self.state().exposure.wake_key.store(watcher.bits.get() as u64, Relaxed);
        Ok(())
    }

    /// From now on somebody watches the backend descriptor. Thread-safe.
    pub(super) fn expose(self) -> c_int {
        let state = self.state();
        let set = self.backend_fd.get();
        if !state.exposure.asked.swap(true, SeqCst) {
            let key = state.exposure.wake_key.load(Relaxed);
            epoll::epoll_ctl(set, libc::EPOLL_CTL_MOD, state.wake.fd(), io::IN, key);
        }
        set
    }
}
