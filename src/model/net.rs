//! When what `uv_write` is given goes to the kernel.

#![deny(unsafe_code)]

use once_cell::race::OnceBool;

use crate::base::environment;

/// The promise that a loop's streams keep.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    /// What fits is with the kernel when `uv_write` returns: libuv's promise.
    Readiness,
    /// What sockets are given is gathered until the callbacks of the iteration have run.
    Gather,
}

impl Net {
    /// For a new loop: `UVRING_NET=gather`, or libuv's. Read once.
    pub(crate) fn of_environment() -> Net {
        static GATHERS: OnceBool = OnceBool::new();
        match GATHERS.get_or_init(|| environment::is_ours(c"UVRING_NET", c"gather")) {
            true => Net::Gather,
            false => Net::Readiness,
        }
    }
}
