//! Streams: what TCP, pipe and tty handles share.

pub(crate) mod accept;
pub(crate) mod read;
pub(crate) mod write;

use std::ptr;

use libc::{c_int, c_uint};

use crate::abi::*;
use crate::event_loop::Loop;
use crate::handle::{Handle, Stream};
use crate::handles::io::{Io, Part};
use crate::os::socket;
use crate::queue::Link;

impl Stream {
    /// The stream's watcher.
    pub(crate) fn io(self) -> Io {
        // SAFETY: law 1.
        unsafe { Io::at(&raw const (*self.as_ptr()).io_watcher) }
    }

    pub(crate) fn fd(self) -> c_int {
        self.io_watcher.fd.get()
    }

    /// Requests not yet written.
    pub(crate) fn write_queue(self) -> Link {
        // SAFETY: law 1.
        unsafe { Link::at(&raw const (*self.as_ptr()).write_queue) }
    }

    /// Requests that await their callbacks.
    pub(crate) fn completed_queue(self) -> Link {
        // SAFETY: law 1.
        unsafe { Link::at(&raw const (*self.as_ptr()).write_completed_queue) }
    }
}

/// Initialises the fields that streams share, the base fields included. `kind` is `UV_TCP`, `UV_NAMED_PIPE` or `UV_TTY`.
pub(crate) fn init(stream: Stream, event_loop: Loop, kind: uv_handle_type) {
    Handle::from(stream).init(event_loop, kind);
    stream.write_queue_size.set(0);
    stream.alloc_cb.set(None);
    stream.read_cb.set(None);
    stream.connect_req.set(ptr::null_mut());
    stream.shutdown_req.set(ptr::null_mut());
    stream.write_queue().init();
    stream.completed_queue().init();
    stream.connection_cb.set(None);
    stream.delayed_error.set(0);
    stream.accepted_fd.set(-1);
    stream.queued_fds.set(ptr::null_mut());
    stream.io().init(Part::Stream, -1);
    // The spare descriptor that `accept` gives up when the process has no more.
    if event_loop.emfile_fd.get() == -1 {
        event_loop.emfile_fd.set(socket::spare());
    }
}

/// Gives the stream a descriptor, which is non-blocking already, and adds `flags` (`READABLE`, `WRITABLE` …).
/// `UV_EBUSY` if it has another.
pub(crate) fn open(stream: Stream, fd: c_int, flags: c_uint) -> Result {
    if stream.fd() != -1 && stream.fd() != fd {
        return Err(Errno::EBUSY);
    }
    Handle::from(stream).set(flags);
    stream.io_watcher.fd.set(fd);
    Ok(())
}

/// Notes that `connect(2)` was called for `req`, with the outcome `begun` (in progress counts as `Ok`); `cb` is called in a
/// later phase. The caller has seen that there is no other connect request.
pub(crate) fn connecting(_stream: Stream, _req: crate::request::Connect, _cb: uv_connect_cb, _begun: Result) -> Result {
    Err(Errno::ENOSYS)
}

pub(crate) fn close(_stream: Stream) {}

/// In the closing phase: what is left of connect, write and shutdown requests ends with `UV_ECANCELED`.
pub(crate) fn finish_closing(_stream: Stream) {}

pub(crate) fn on_ready(_stream: Stream, _events: c_uint) {}
