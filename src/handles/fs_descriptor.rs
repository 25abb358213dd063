//! A loop's inotify descriptor.

use crate::abi::Result;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::{self as io, Io, Part};
use crate::sys::{inotify, socket};

pub(super) fn open(event_loop: Loop) -> Result {
    let fd = inotify::open()?;
    watcher(event_loop).init(Part::Inotify, fd);
    if let Err(e) = watcher(event_loop).start(event_loop, io::IN) {
        socket::close(fd);
        return Err(e);
    }
    event_loop.inotify_fd.set(fd);
    Ok(())
}

fn watcher(event_loop: Loop) -> Io {
    // SAFETY: the loop is alive (law 5).
    unsafe { Io::at(&raw const (*event_loop.as_ptr()).inotify_read_watcher) }
}

pub(super) fn close(event_loop: Loop) {
    let fd = event_loop.inotify_fd.replace(-1);
    if fd != -1 {
        watcher(event_loop).close(event_loop);
        socket::close(fd);
    }
}
