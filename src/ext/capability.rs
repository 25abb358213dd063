//! What a loop can do as the ring does it, and what it does by other means.

use libc::{c_int, c_uint};

use crate::abi::{Errno, uv_loop_t};
use crate::model::event_loop::Loop;

/// What `uvring_capability_of` is about: `UVRING_CAP_*`.
#[expect(non_camel_case_types, reason = "the name is C's")]
pub type uvring_capability = c_uint;

/// Receiving into a pool without asking for each receive.
pub const UVRING_CAP_RECV: c_uint = 1;
/// One large buffer of a pool serves many receives.
pub const UVRING_CAP_RECV_INCREMENTAL: c_uint = 2;
/// Reading by requests.
pub const UVRING_CAP_READ: c_uint = 3;
/// Writes to many streams in one system call.
pub const UVRING_CAP_WRITE_BATCH: c_uint = 4;
/// Writing without a copy.
pub const UVRING_CAP_WRITE_ZC: c_uint = 5;
/// Accepting without asking for each connection.
pub const UVRING_CAP_ACCEPT: c_uint = 6;
/// Moving bytes from stream to stream.
pub const UVRING_CAP_MOVE: c_uint = 7;
/// Sending a file to a stream.
pub const UVRING_CAP_SENDFILE: c_uint = 8;
/// Registered memory.
pub const UVRING_CAP_MEMORY: c_uint = 9;
/// Files without descriptors.
pub const UVRING_CAP_FILE: c_uint = 10;
/// Files whose devices are polled.
pub const UVRING_CAP_POLLED_FILES: c_uint = 11;
/// A kernel thread that takes what is submitted.
pub const UVRING_CAP_SQPOLL: c_uint = 12;
/// Looking before sleeping.
pub const UVRING_CAP_BUSY_POLL: c_uint = 13;
/// Messages from ring to ring.
pub const UVRING_CAP_POST: c_uint = 14;

/// Answer of `uvring_capability_of`: as the ring does it.
pub const UVRING_NATIVE: c_int = 2;
/// Answer of `uvring_capability_of`: it works, by other means.
pub const UVRING_EMULATED: c_int = 1;

/// Tells how a loop does something: `UVRING_NATIVE`, `UVRING_EMULATED`, or `UV_ENOTSUP`; `UV_EINVAL` for what it does not know. Never
/// makes a ring: it tells what a ring would do. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_capability_of(r#loop: *mut uv_loop_t, capability: uvring_capability) -> c_int {
    // SAFETY: law 5.
    let event_loop = unsafe { Loop::from_c(r#loop) };
    match capability {
        UVRING_CAP_RECV
        | UVRING_CAP_RECV_INCREMENTAL
        | UVRING_CAP_READ
        | UVRING_CAP_WRITE_ZC
        | UVRING_CAP_ACCEPT
        | UVRING_CAP_BUSY_POLL
        | UVRING_CAP_POST => UVRING_EMULATED,
        UVRING_CAP_WRITE_BATCH | UVRING_CAP_SQPOLL if event_loop.state().driver.borrow_mut().is_ring() => UVRING_NATIVE,
        UVRING_CAP_WRITE_BATCH => UVRING_EMULATED,
        UVRING_CAP_SQPOLL | UVRING_CAP_MOVE | UVRING_CAP_SENDFILE => Errno::ENOTSUP.0,
        UVRING_CAP_MEMORY | UVRING_CAP_FILE | UVRING_CAP_POLLED_FILES => Errno::ENOTSUP.0,
        _ => Errno::EINVAL.0,
    }
}
