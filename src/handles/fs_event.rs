//! File watchers (inotify).

use crate::abi::Result;
use crate::event_loop::Loop;
use crate::handle::FsEvent;

pub(crate) fn close(_handle: FsEvent) {}

/// The inotify descriptor is readable.
pub(crate) fn on_ready(_event_loop: Loop) {}

pub(crate) fn loop_cleanup(_event_loop: Loop) {}

/// In a forked child: a new inotify descriptor with the same watches.
pub(crate) fn loop_fork(_event_loop: Loop) -> Result {
    Ok(())
}
