//! UDP handles.

use libc::c_uint;

use crate::handle::Udp;

pub(crate) fn close(_handle: Udp) {}

pub(crate) fn finish_closing(_handle: Udp) {}

pub(crate) fn on_ready(_handle: Udp, _events: c_uint) {}
