//! Writing to streams: gathered, copied, with watermarks.

use libc::{c_int, c_uint, c_void};

use crate::abi::ext::{uvring_release_cb, uvring_view_t, uvring_watermark_cb, uvring_write_cb, uvring_write_t};
use crate::abi::{Errno, IntoC, uv_buf_t, uv_loop_t, uv_stream_t};
use crate::handles::stream::{batch, gather, watermark};
use crate::model::event_loop::Loop;
use crate::model::handle::Stream;

/// Writes buffers to a stream, together with everything else that is written to it with `uvring_write*` in this iteration of the
/// loop: when the callbacks have run, or at `uvring_flush`, or after 64 KiB, the kernel gets it in one call.
///
/// Bytes and callbacks keep the order of the calls, also beside `uv_write`, `uv_try_write` and `uv_shutdown`; the first two hand
/// over first what was gathered. The array is copied; the memory it points to, and `req`, belong to the library until `cb`, which
/// may be NULL, is called. `uv_close` tries once to hand over what was gathered; what the kernel does not take then, ends with
/// `UV_ECANCELED`.
///
/// Returns 0; `UV_EBADF` if the stream is not open; `UV_EPIPE` if it is not writable; `UV_EINVAL` without buffers; `UV_ENOMEM`;
/// or what has ended an earlier write without a callback. `cb` is not called then. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_write(
    req: *mut uvring_write_t,
    stream: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uvring_write_cb,
) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 1 and 2.
    unsafe { gather::write(req, Stream::from_c(stream), bufs, nbufs, cb) }.into_c()
}

/// As `uvring_write`, of memory that need not be copied: `cb`, which may be NULL, is called when the socket has accepted the bytes, in
/// order with other writes, and `release` later, when the kernel has let go of the memory. It always comes, also after errors and
/// `uv_close`; until then memory and request are not the caller's.
///
/// This version has the kernel copy (`req->copied` is 1): without a copy only large writes through real network cards gain.
///
/// Returns 0, or `uvring_write`'s errors; `UV_EINVAL` also without `release`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_write_zc(
    req: *mut uvring_write_t,
    stream: *mut uv_stream_t,
    bufs: *const uv_buf_t,
    nbufs: c_uint,
    cb: uvring_write_cb,
    release: uvring_release_cb,
) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 1 and 2.
    unsafe { gather::write_zc(req, Stream::from_c(stream), bufs, nbufs, cb, release) }.into_c()
}

/// As `uvring_write`, of a copy of up to 64 KiB: there is no request and no callback, and the memory is the caller's again at once. What
/// ends the write later also ends the stream's `uvring_recv_start`, if it receives, or is returned by the next call.
///
/// Returns 0; `UV_EAGAIN`, and nothing is taken, while more than the high watermark waits in the stream (1 MiB unless
/// `uvring_watermarks` said otherwise); or `uvring_write`'s errors, `UV_EINVAL` also for more than 64 KiB. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_write_copy(stream: *mut uv_stream_t, base: *const c_void, len: usize) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1.
    unsafe { gather::write_copy(Stream::from_c(stream), base.cast(), len) }.into_c()
}

/// As `uvring_write`, of received bytes, lent or kept, without copying. The view is taken: its `base` becomes NULL, and it is released
/// when the bytes are sent, or when the stream is closed. `req` and `cb` may be NULL; an error then ends the receiving of the stream
/// that is written to, if it receives, or is returned by the next call.
///
/// Returns 0, or `uvring_write`'s errors; nothing is taken then. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_write_view(
    req: *mut uvring_write_t,
    stream: *mut uv_stream_t,
    view: *mut uvring_view_t,
    cb: uvring_write_cb,
) -> c_int {
    if stream.is_null() || view.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 1 and 2; a valid view.
    unsafe { gather::write_view(req, Stream::from_c(stream), &*view, cb) }.into_c()
}

/// Hands to the kernel what was gathered: for one stream, or, with `stream` NULL, for all of the loop. Does not wait, and calls no
/// callback. Always returns 0. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_flush(r#loop: *mut uv_loop_t, stream: *mut uv_stream_t) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe {
        if stream.is_null() {
            batch::flush(Loop::from_c(r#loop));
        } else {
            gather::flush_stream(Stream::from_c(stream));
        }
    }
    0
}

/// Tells a writer when to pause: `cb(stream, 1)` is called when more than `high` bytes wait in the stream although the kernel was
/// offered them, and `cb(stream, 0)` when they are down to `low` again. All ways to write count, and gathered bytes count in
/// `uv_stream_get_write_queue_size`. With `cb` NULL nobody is told. `high` also limits `uvring_write_copy`.
///
/// Returns 0; `UV_EINVAL` if `low` is above `high` or the stream is closing; `UV_ENOMEM`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_watermarks(
    stream: *mut uv_stream_t,
    low: usize,
    high: usize,
    cb: uvring_watermark_cb,
) -> c_int {
    if stream.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 1.
    watermark::set(unsafe { Stream::from_c(stream) }, low, high, cb).into_c()
}
