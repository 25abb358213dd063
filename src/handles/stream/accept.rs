//! Connections that a listener takes; and the descriptors that an IPC pipe has received, which are claimed in the same way.
//!
//! One connection is taken from the kernel for one callback (law 6). While the user has not claimed it, it lies in
//! `accepted_fd` and the listener is not polled.

use std::ptr;

use libc::c_int;

use super::hand_out;
use crate::abi::*;
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::handle::{Handle, Stream};
use crate::model::io_watcher as io;
use crate::model::metrics::add;
use crate::sys::socket;

/// A listener is readable.
pub(super) fn on_ready(server: Stream) {
    if server.hands_out() {
        return hand_out::on_ready(server);
    }
    if server.accepted_fd.get() != -1 {
        return;
    }
    let event_loop = Handle::from(server).event_loop();
    match socket::accept(server.fd()) {
        Ok(fd) => {
            add(&event_loop.state().metrics.accepts, 1);
            server.accepted_fd.set(fd);
        }
        Err(Errno::EMFILE | Errno::ENFILE) => return turn_away(server, event_loop),
        // The connection was given up meanwhile, or somebody else took it. Nothing that the user could do.
        Err(_) => return,
    }
    callback::connection(server, 0);
    // Closed, or claimed.
    if server.accepted_fd.get() != -1 {
        server.io().stop(event_loop, io::IN);
    }
}

/// The process has no descriptor left: gives up the spare one, so that those who wait are not left hanging and the loop
/// does not spin, closes all of them, and takes a new spare one.
fn turn_away(server: Stream, event_loop: Loop) {
    if event_loop.emfile_fd.get() == -1 {
        return;
    }
    socket::close(event_loop.emfile_fd.replace(-1));
    while let Ok(fd) = socket::accept(server.fd()) {
        socket::close(fd);
    }
    event_loop.emfile_fd.set(socket::spare());
}

/// Descriptors an IPC pipe has received beyond the one in `accepted_fd`, at `stream->queued_fds`.
#[derive(Clone, Copy)]
struct Queued(Stream);

impl Queued {
    fn of(stream: Stream) -> Queued {
        Queued(stream)
    }

    fn list(self) -> Option<&'static mut Array<c_int>> {
        // SAFETY: NULL or boxed by `add`; no other reference lives meanwhile, and no user code runs.
        unsafe { self.0.queued_fds.get().cast::<Array<c_int>>().as_mut() }
    }

    fn len(self) -> usize {
        self.list().map_or(0, |list| list.len())
    }

    fn add(self, fd: c_int) -> Result {
        if self.0.queued_fds.get().is_null() {
            self.0.queued_fds.set(alloc::boxed(Array::<c_int>::new())?.as_ptr().cast());
        }
        self.list().map_or(Err(Errno::ENOMEM), |list| list.push(fd))
    }

    /// The first, or -1.
    fn take(self) -> c_int {
        let Some(list) = self.list() else { return -1 };
        if list.is_empty() {
            return -1;
        }
        let fd = list.remove(0);
        if list.is_empty() {
            self.discard();
        }
        fd
    }

    fn discard(self) {
        if let Some(list) = ptr::NonNull::new(self.0.queued_fds.replace(ptr::null_mut()).cast::<Array<c_int>>()) {
            // SAFETY: `add` boxed it, and the field no longer points to it.
            unsafe { alloc::unbox(list) };
        }
    }
}

/// The next descriptor that waits for `uv_accept`, or -1.
pub(super) fn next(stream: Stream) -> c_int {
    Queued::of(stream).take()
}

/// How many descriptors wait for `uv_accept`.
pub(crate) fn pending(stream: Stream) -> c_int {
    c_int::from(stream.accepted_fd.get() != -1) + Queued::of(stream).len() as c_int
}

/// Keeps descriptors that a message has brought for `uv_accept`. `UV_ENOMEM` closes those that do not fit.
pub(super) fn receive(stream: Stream, fds: &[c_int]) -> Result {
    for (i, &fd) in fds.iter().enumerate() {
        if stream.accepted_fd.get() == -1 {
            stream.accepted_fd.set(fd);
        } else if let Err(e) = Queued::of(stream).add(fd) {
            fds[i..].iter().for_each(|&fd| socket::close(fd));
            return Err(e);
        }
    }
    Ok(())
}

/// Closes what nobody has claimed.
pub(super) fn close(stream: Stream) {
    loop {
        let fd = stream.accepted_fd.replace(Queued::of(stream).take());
        if fd == -1 {
            break;
        }
        socket::close(fd);
    }
}
