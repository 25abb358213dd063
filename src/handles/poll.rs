//! Poll handles.

use libc::c_uint;

use crate::handle::Poll;

pub(crate) fn close(_handle: Poll) {}

pub(crate) fn on_ready(_handle: Poll, _events: c_uint) {}
