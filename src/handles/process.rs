//! Child processes.

use crate::event_loop::Loop;
use crate::handle::Process;

pub(crate) fn close(_handle: Process) {}

/// The child's pidfd is readable: it is noted among those to deliver at the end of the batch.
pub(crate) fn on_exit(_handle: Process) {}

/// Reaps the noted children and calls their `exit_cb`.
pub(crate) fn deliver_exits(_event_loop: Loop) {}
