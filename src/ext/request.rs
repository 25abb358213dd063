//! What can be done with any request of this header.

use libc::c_int;

use crate::abi::ext::uvring_req_t;
use crate::abi::{Errno, IntoC, Result};
use crate::handles::stream::entry::Gathered;
use crate::handles::stream::gather;
use crate::handles::stream::reads::{self, Read};
use crate::model::event_loop::Loop;
use crate::model::ext_request::{ExtReq, Kind, Many};
use crate::model::metrics::add;
use crate::requests::fs::many;

/// Asks for the end of a request. Its callback comes all the same, later, with `UV_ECANCELED`, or with the result if it was too late;
/// until then its memory stays the library's. What a write has sent, or a read has read, stays: `done` in the request tells how much.
///
/// Returns 0, or `UV_ENOENT` if the request is not under way. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_cancel(req: *mut uvring_req_t) -> c_int {
    if req.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 2.
    cancel(unsafe { ExtReq::from_c(req) }).into_c()
}

fn cancel(req: ExtReq) -> Result {
    let Some(kind) = req.kind() else { return Err(Errno::ENOENT) };
    // SAFETY: the loop outlives its requests.
    add(&unsafe { Loop::from_c(req.r#loop.get()) }.state().metrics.cancels, 1);
    // SAFETY: law 2; the kind tells the type.
    unsafe {
        match kind {
            Kind::Write | Kind::ZeroCopy => gather::cancel(Gathered::from_c(req.as_ptr().cast())),
            Kind::Read => reads::cancel(Read::from_c(req.as_ptr().cast())),
            Kind::Many => many::cancel(Many::from_c(req.as_ptr().cast())),
            // The library's own, which nobody has; and one that has ended.
            Kind::Chunk | Kind::Release => {}
        }
    }
    Ok(())
}

/// Limits the next call with this memory, if it is one of `uvring_fs_stat_many` or `uvring_fs_load_many`: so many nanoseconds after it
/// the request is cancelled, as by `uvring_cancel`, and its callback gets `UV_ETIMEDOUT` in place of `UV_ECANCELED`. For one call.
///
/// Returns 0; `UV_EBUSY` if the request is under way; `UV_EINVAL` if `req` is NULL. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_timeout(req: *mut uvring_req_t, ns: u64) -> c_int {
    if req.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 2.
    unsafe { ExtReq::from_c(req) }.limit(ns).into_c()
}
