//! Receiving from streams into pools.

use libc::c_int;

use crate::abi::ext::{uvring_pool_t, uvring_recv_cb};
use crate::abi::{Errno, IntoC, uv_stream_t};
use crate::handles::stream::recv;
use crate::handles::view_pool::ViewPool;
use crate::model::handle::Stream;

/// Receives whatever comes into `pool`, or, with NULL, into the loop's own: `cb` is lent a view of it, until `uvring_recv_stop`, the
/// end, or an error.
///
/// A stream whose kept views hold the pool's `stream_max`, and a pool without a free buffer, are not received into, and so the peer
/// has to wait; that ends by itself when views are released.
///
/// Returns 0; `UV_EALREADY` if the stream is read in any way; `UV_ENOTCONN` if it is not readable; `UV_ENOTSUP` for IPC pipes and
/// ttys; `UV_EINVAL` if it is closing, without `cb`, or if the pool is closing or another loop's; `UV_ENOMEM`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_recv_start(
    stream: *mut uv_stream_t,
    pool: *mut uvring_pool_t,
    cb: uvring_recv_cb,
) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1; a pool that was made and not closed.
    unsafe {
        let pool = (!pool.is_null()).then(|| ViewPool::from_c(pool));
        recv::start(Stream::from_c(stream), pool, cb)
    }
    .into_c()
}

/// Receives no more: there is no callback after it returns. Nothing is lost; `uvring_recv_start`, `uvring_read` and `uv_read_start`
/// go on with the next byte. Returns 0, also for a stream that does not receive. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_recv_stop(stream: *mut uv_stream_t) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1.
    recv::stop(unsafe { Stream::from_c(stream) });
    0
}
