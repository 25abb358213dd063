//! Signal watchers.

use crate::abi::Result;
use crate::event_loop::Loop;
use crate::handle::Signal;

/// Before the first loop of the process.
pub(crate) fn global_init() -> Result {
    Ok(())
}

/// At `uv_library_shutdown`.
pub(crate) fn cleanup() {}

pub(crate) fn close(_handle: Signal) {}

/// False while the signal pipe still holds a message for a closing handle.
pub(crate) fn may_finish(_handle: Signal) -> bool {
    true
}

/// The signal pipe is readable.
pub(crate) fn on_ready(_event_loop: Loop) {}

pub(crate) fn loop_cleanup(_event_loop: Loop) {}

/// In a forked child: a new signal pipe.
pub(crate) fn loop_fork(_event_loop: Loop) -> Result {
    Ok(())
}
