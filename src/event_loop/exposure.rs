//! `uv_backend_fd`: the loop's descriptor watched by somebody else.
//!
//! Everything that makes the descriptor readable is in the epoll set already. But the wake-up is edge-triggered, which saves
//! the loop a read, and another waiter would take the edge away: from the first call on it is level-triggered. Any thread
//! may ask, also while another runs the loop (in libuv it is a plain read).
//!
//! From then on the descriptor tells of everything at any time, whether or not the loop seems to be awake: a callback may jump out
//! of `uv_run`, and then nobody learns of that before the program waits. So threads always write into the wake-up, the loop takes
//! their token when it has delivered everything, and file requests start at once and do not ride the ring, whose completions
//! only `uv_run` sees.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Loop;
use crate::abi::Result;
use crate::handles::io::{self, Part};

/// What it takes to make the wake-up level-triggered.
#[derive(Default)]
pub(crate) struct Exposure {
    /// The key under which the wake-up is registered, as bits.
    pub(crate) wake_key: AtomicU64,
}

impl Loop {
    /// True if somebody watches the backend descriptor.
    pub(crate) fn is_exposed(self) -> bool {
        self.shared().wake.is_watched()
    }

    /// Registers the loop's wake-up, at once. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for it.
    pub(crate) fn watch_wake_up(self) -> Result {
        let watcher = self.wake_watcher();
        watcher.init(Part::Wake, self.shared().wake.fd());
        watcher.start(self, io::IN)?;
        watcher.reconcile(self)?;
        self.shared().exposure.wake_key.store(watcher.bits.get() as u64, Relaxed);
        Ok(())
    }
}
