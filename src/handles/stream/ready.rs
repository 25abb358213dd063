//! A stream is ready, or is being closed: who of those beside this file has something to do.

#![deny(unsafe_code)]

use libc::c_uint;

use super::state::{take_connect, take_shutdown};
use super::{accept, advance, gather, read, reads};
use crate::abi::*;
use crate::callback;
use crate::model::handle::{Handle, Stream, flag};
use crate::model::io_watcher as io;
use crate::sys::socket;

/// From `uv_close`: the kernel lets go of the descriptor, which is closed, and so is what nobody has claimed.
pub(crate) fn close(stream: Stream) {
    let handle = Handle::from(stream);
    read::stop(stream);
    // As `uv_write` would have.
    gather::flush_stream(stream);
    stream.io().close(handle.event_loop());
    handle.stop();
    handle.clear(flag::READABLE | flag::WRITABLE);
    // Closing what the whole process takes for its standard streams does no good.
    let fd = stream.io_watcher.fd.replace(-1);
    if fd > libc::STDERR_FILENO {
        socket::close(fd);
    }
    accept::close(stream);
}

/// In the closing phase: what is left of connect, write and shutdown requests ends with `UV_ECANCELED`.
pub(crate) fn finish_closing(stream: Stream) {
    if let Some(req) = take_connect(stream) {
        callback::connect(req, Errno::ECANCELED.0);
    }
    reads::end_all(stream, Errno::ECANCELED);
    advance::flush(stream, Errno::ECANCELED);
    while !stream.completed().is_empty() {
        advance::run_callbacks(stream);
    }
    if let Some(req) = take_shutdown(stream) {
        callback::shutdown(req, Errno::ECANCELED.0);
    }
    stream.discard_side();
}

/// The descriptor is ready, or the watcher was fed (`OUT` alone).
pub(crate) fn on_ready(stream: Stream, events: c_uint) {
    if stream.is_server() {
        return accept::on_ready(stream);
    }
    if !stream.connect_req.get().is_null() {
        return finish_connecting(stream);
    }
    if reads::have_ended(stream) {
        reads::call_back(stream);
        if stream.fd() == -1 {
            return;
        }
    }
    if events & (io::IN | io::ERR | io::HUP) != 0 {
        if is_end(stream, events) {
            read::end_without_buffer(stream);
        } else {
            read::on_ready(stream, events);
        }
        if stream.fd() == -1 {
            return;
        }
    }
    if events & (io::OUT | io::ERR | io::HUP) != 0 {
        advance::on_ready(stream);
    }
}

/// True if there is a hang-up and, though it was asked for, nothing to read: nobody has the other end of a pipe. A socket is
/// readable then, and a terminal says more when read.
fn is_end(stream: Stream, events: c_uint) -> bool {
    events & (io::IN | io::ERR | io::HUP) == io::HUP
        && Handle::from(stream).has(flag::READING)
        && stream.io_watcher.events.get() & io::IN != 0
        && stream.r#type.get() != UV_TTY
}

/// The connection attempt may have ended.
fn finish_connecting(stream: Stream) {
    let event_loop = Handle::from(stream).event_loop();
    let result = match stream.delayed_error.replace(0) {
        // Fed for the sake of a cancelled write: SO_ERROR says nothing while the attempt is under way.
        0 if !stream.completed().is_empty() && !socket::is_writable(stream.fd()) => {
            return advance::run_callbacks(stream);
        }
        0 => socket::take_error(stream.fd()),
        error => Err(Errno(error)),
    };
    if result == Err(socket::EINPROGRESS) {
        return;
    }
    let Some(req) = take_connect(stream) else { return };
    if result.is_err() || stream.queued().is_empty() {
        stream.io().stop(event_loop, io::OUT);
    }
    callback::connect(req, result.into_c());
    if stream.fd() == -1 {
        return;
    }
    if result.is_err() {
        advance::flush(stream, Errno::ECANCELED);
        advance::run_callbacks(stream);
        return;
    }
    // What was put off meanwhile.
    let has_ready_work = !stream.completed().is_empty() || !stream.shutdown_req.get().is_null();
    if stream.queued().is_empty() && has_ready_work {
        stream.io().feed(event_loop);
    }
}
