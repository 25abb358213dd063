//! What can be done with any request of this header.

use libc::c_int;

use crate::abi::ext::uvring_req_t;
use crate::abi::{Errno, IntoC, Result};
use crate::handles::stream::entry::Gathered;
use crate::handles::stream::gather;
use crate::handles::stream::reads::{self, Read};
use crate::model::event_loop::Loop;
use crate::model::ext_request::{ExtReq, Kind};
use crate::model::metrics::add;

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
            // The library's own, which nobody has; and one that has ended.
            Kind::Chunk | Kind::Release => {}
        }
    }
    Ok(())
}
