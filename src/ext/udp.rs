//! Receiving datagrams into pools.

use libc::c_int;

use crate::abi::ext::{uvring_pool_t, uvring_udp_recv_cb};
use crate::abi::{Errno, IntoC, uv_udp_t};
use crate::handles::udp::{self, lend};
use crate::handles::view_pool::ViewPool;
use crate::model::handle::Udp;

/// As `uvring_recv_start`, for datagrams: each is lent as a view, with its sender. A handle without a socket is bound to any IPv4 port. An
/// error does not stop the receiving. A buffer of the pool that is smaller than 64 KiB cuts longer datagrams (`UV_UDP_PARTIAL`).
///
/// Returns 0; `UV_EALREADY` if it receives in any way; `UV_EINVAL` for another type of handle, if it is closing, without `cb`, or if
/// the pool is closing or another loop's; `UV_ENOMEM`; or what `bind(2)` answers. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_udp_recv_start(
    handle: *mut uv_udp_t,
    pool: *mut uvring_pool_t,
    cb: uvring_udp_recv_cb,
) -> c_int {
    if handle.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1; a pool that was made and not closed.
    unsafe {
        let pool = (!pool.is_null()).then(|| ViewPool::from_c(pool));
        lend::start(Udp::from_c(handle), pool, cb)
    }
    .into_c()
}

/// Receives no more: as `uv_udp_recv_stop`, which does the same. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_udp_recv_stop(handle: *mut uv_udp_t) -> c_int {
    if handle.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1.
    udp::recv_stop(unsafe { Udp::from_c(handle) }).into_c()
}
