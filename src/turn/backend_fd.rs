//! `uv_backend_fd`: the loop's descriptor watched by somebody else.
//!
//! Everything that makes the descriptor readable is in the epoll set already. But the wake-up is edge-triggered, which saves
//! the loop a read, and another waiter would take the edge away: from the first call on it is level-triggered. Any thread
//! may ask, also while another runs the loop (in libuv it is a plain read).
//!
//! From then on the descriptor tells of everything at any time, whether or not the loop seems to be awake: a callback may jump out
//! of `uv_run`, and then nobody learns of that before the program waits. So threads always write into the wake-up, the loop takes
//! their token when it has delivered everything, and file requests start at once and do not go to the ring, whose completions
//! only `uv_run` sees.

#![deny(unsafe_code)]

use std::sync::atomic::Ordering::Relaxed;

use libc::c_int;

use crate::abi::Result;
use crate::driver::epoll;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::{self as io, Part};
use crate::op::OpKey;

impl Loop {
    /// Registers the loop's wake-up, at once. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for it.
    pub(super) fn watch_wake_up(self) -> Result {
        let watcher = self.wake_watcher();
        watcher.init(Part::Wake, self.shared().wake.fd());
        watcher.start(self, io::IN)?;
        watcher.reconcile(self)?;
        self.shared().wake_key.store(watcher.bits.get() as u64, Relaxed);
        Ok(())
    }

    /// From now on somebody watches the backend descriptor. Thread-safe.
    pub(super) fn request_backend_fd(self) -> c_int {
        let shared = self.shared();
        let set = self.backend_fd.get();
        if shared.wake.watch() {
            let key = OpKey::from_bits(shared.wake_key.load(Relaxed));
            epoll::tell_of_level(set, shared.wake.fd(), key);
            if shared.runs_here() {
                // In a callback; or one has jumped out of `uv_run`, and left undone what has to be done before anybody waits.
                self.leave_run();
            } else if shared.is_unheard() || self.has_sent_work() {
                shared.wake.wake();
            }
        }
        set
    }
}
