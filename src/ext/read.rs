//! Reading from streams by requests.

use libc::{c_int, c_uint};

use crate::abi::ext::{uvring_read_cb, uvring_read_t};
use crate::abi::{Errno, IntoC, uv_buf_t, uv_stream_t};
use crate::handles::stream::reads;
use crate::model::handle::Stream;

/// Reads once, into the caller's memory: ends with `at_least` bytes or more, up to what fits, and takes nothing beyond that from the
/// kernel. Several may be queued, and are served in order.
///
/// The array is copied; the memory it points to, and `req`, belong to the library until `cb`. `UV_EOF` if the end comes first; `uv_close`
/// ends reads with `UV_ECANCELED`; `req->done` tells how many bytes are there, in any case.
///
/// Returns 0; `UV_EINVAL` without buffers, without `cb`, if `at_least` is 0 or more than fits, or if the stream is closing;
/// `UV_EALREADY` if it is read in another way; `UV_ENOTCONN` if it is not readable; `UV_ENOTSUP` for IPC pipes; `UV_ENOMEM`. Not
/// thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_read(
    req: *mut uvring_read_t,
    stream: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    at_least: usize,
    cb: uvring_read_cb,
) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 1 and 2.
    unsafe { reads::start(req, Stream::from_c(stream), bufs, nbufs, at_least, cb) }.into_c()
}
