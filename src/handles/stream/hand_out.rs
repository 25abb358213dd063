//! Connections that a listener hands out as sockets, for which the program has no handle yet.

#![deny(unsafe_code)]

use libc::c_int;

use super::state;
use crate::abi::{Errno, Result};
use crate::callback;
use crate::model::handle::{Handle, Kind, Stream, flag};
use crate::model::io_watcher as io;
use crate::sys::socket;

/// So many connections are taken in a row, so that a flood of them does not keep others waiting.
const MOST_IN_A_ROW: usize = 64;

pub(crate) fn stop(server: Stream) {
    let handle = Handle::from(server);
    if may_listen(handle) && server.hands_out() {
        server.set_accept_cb(None);
        server.io().stop(handle.event_loop(), io::IN);
        handle.stop();
    }
}

pub(crate) fn adopt(stream: Stream, fd: c_int) -> Result {
    let handle = Handle::from(stream);
    if fd < 0 || handle.is_closing() || !may_listen(handle) {
        return Err(Errno::EINVAL);
    }
    state::open(stream, fd, flag::READABLE | flag::WRITABLE)?;
    handle.set(flag::BOUND);
    Ok(())
}

pub(super) fn may_listen(handle: Handle) -> bool {
    matches!(handle.kind(), Kind::Tcp(_) | Kind::Pipe(_))
}

/// Connections wait.
pub(super) fn on_ready(server: Stream) {
    for _ in 0..MOST_IN_A_ROW {
        let cb = server.accept_cb();
        match socket::accept(server.fd()) {
            Ok(sock) => callback::accept(cb, server, 0, sock),
            Err(e) if is_passing(e) => return,
            Err(e) => {
                stop(server);
                return callback::accept(cb, server, e.0, -1);
            }
        }
        // Stopped, or closed.
        if !server.hands_out() || server.fd() == -1 {
            return;
        }
    }
}

/// True if nobody waits any more, or the connection was given up meanwhile: the next one may do better.
fn is_passing(error: Errno) -> bool {
    !matches!(error, Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::ENOBUFS | Errno::EBADF | Errno::EINVAL)
}
