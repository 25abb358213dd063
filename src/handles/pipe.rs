//! Pipes and unix domain sockets.

use libc::c_int;

use crate::abi::*;
use crate::handle::Pipe;

/// `uv_listen` on a pipe.
pub(crate) fn listen(_pipe: Pipe, _backlog: c_int, _cb: uv_connection_cb) -> Result {
    Err(Errno::EINVAL)
}
