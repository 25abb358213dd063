//! A loop's inotify descriptor.

#![deny(unsafe_code)]

use crate::abi::Result;
use crate::model::event_loop::Loop;
use crate::model::io_watcher::{self as io, Part};
use crate::sys::{inotify, socket};

pub(super) fn open(event_loop: Loop) -> Result {
    let fd = inotify::open()?;
    event_loop.inotify_watcher().init(Part::Inotify, fd);
    if let Err(e) = event_loop.inotify_watcher().start(event_loop, io::IN) {
        socket::close(fd);
        return Err(e);
    }
    event_loop.inotify_fd.set(fd);
    Ok(())
}

pub(super) fn close(event_loop: Loop) {
    let fd = event_loop.inotify_fd.replace(-1);
    if fd != -1 {
        event_loop.inotify_watcher().close(event_loop);
        socket::close(fd);
    }
}
