//! File operations: the life of a `uv_fs_t`.

use crate::abi::{Errno, Result};
use crate::event_loop::Loop;
pub(crate) use crate::request::FsReq;

/// File requests of a loop on their way.
pub(crate) struct Files {}

impl Files {
    pub(crate) const fn new() -> Files {
        Files {}
    }

    /// True if a result awaits its callback.
    pub(crate) fn has_news(&self) -> bool {
        false
    }
}

/// The poll phase begins: tries what was queued, and sends the rest to ring or pool.
pub(crate) fn before_poll(_event_loop: Loop) {}

/// Delivers what finished before the poll phase.
pub(crate) fn deliver_finished(_event_loop: Loop) {}

/// `uv_run` is about to return: no file operation may stay on the ring.
pub(crate) fn leave_run(_event_loop: Loop) {}

/// `uv_cancel` of a file request.
pub(crate) fn cancel(_req: FsReq) -> Result {
    Err(Errno::EBUSY)
}

/// The ring has done a request.
pub(crate) fn on_ring(_req: FsReq, _result: i32) {}
