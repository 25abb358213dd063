//! Streams: what TCP, pipe and tty handles share.

pub(crate) mod accept;
pub(crate) mod read;
pub(crate) mod write;

use libc::c_uint;

use crate::handle::Stream;

pub(crate) fn close(_stream: Stream) {}

/// In the closing phase: what is left of connect, write and shutdown requests ends with `UV_ECANCELED`.
pub(crate) fn finish_closing(_stream: Stream) {}

pub(crate) fn on_ready(_stream: Stream, _events: c_uint) {}
