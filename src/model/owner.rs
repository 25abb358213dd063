//! Who waits for which operation: file operations on the ring, ends of children, and watchers.

#![deny(unsafe_code)]

use crate::model::handle::Process;
use crate::model::io_watcher::Io;
use crate::model::request::FsReq;

/// Whom a completion concerns.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    /// The watcher of a handle, or one of the loop's own. Not in the table.
    Io(Io),
    /// A child whose end is awaited through its pidfd.
    Process(Process),
    /// A file request on the ring.
    Fs(FsReq),
}
