//! Random bytes.

use libc::{c_int, c_uint, c_void};

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::job::WithJob;
use crate::model::request::{Random, Req};
use crate::pool;
use crate::pool::{Done, Kind, Task};
use crate::sys::random;

/// Fills the `buflen` bytes at `buf` with random bytes fit for keys, all or none: on a thread of the pool, and `cb` is called
/// with the outcome; or before it returns if `cb` is NULL, then `loop` and `req` are not used. May wait early in the
/// system's life. `flags` must be 0.
/// `UV_E2BIG` for more than 2147483647 bytes, `UV_EINVAL` for other flags and without loop or request where there is `cb`,
/// `UV_ENOSYS` if the system has no source.
/// Without `cb` thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_random(
    r#loop: *mut uv_loop_t,
    req: *mut uv_random_t,
    buf: *mut c_void,
    buflen: usize,
    flags: c_uint,
    cb: uv_random_cb,
) -> c_int {
    if buflen > c_int::MAX as usize {
        return Errno::E2BIG.0;
    }
    if flags != 0 || (cb.is_some() && (r#loop.is_null() || req.is_null())) {
        return Errno::EINVAL.0;
    }
    if cb.is_none() {
        // SAFETY: the caller's buffer.
        return unsafe { random::fill(buf, buflen) }.into_c();
    }
    // SAFETY: laws 2 and 5.
    let (event_loop, req) = unsafe { (Loop::from_c(r#loop), Random::from_c(req)) };
    Req::from(req).init(event_loop, UV_RANDOM);
    req.r#loop.set(r#loop);
    req.status.set(0);
    req.cb.set(cb);
    req.buf.set(buf);
    req.buflen.set(buflen);
    if pool::submit(event_loop.shared(), req, Kind::Work).is_err() {
        // No thread is to be had: it does not take long.
        req.run();
        pool::answered(event_loop.shared(), req, Kind::File);
        event_loop.announce();
    }
    0
}

impl Task for Random {
    fn run(self) {
        // SAFETY: the user's buffer, valid until the callback.
        self.status.set(unsafe { random::fill(self.buf.get(), self.buflen.get()) }.into_c());
    }
}

impl Done for Random {
    fn done(self, status: c_int) {
        self.event_loop().count_request(-1);
        let status = if status == 0 { self.status.get() } else { status };
        callback::random(self, status, self.buf.get(), self.buflen.get());
    }
}
