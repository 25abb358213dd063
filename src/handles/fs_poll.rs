//! File watchers by regular stat calls.

use crate::handle::FsPoll;

pub(crate) fn close(_handle: FsPoll) {}
