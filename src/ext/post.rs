//! From any thread to a loop.

use libc::c_int;

use crate::abi::ext::{uvring_post_cb, uvring_post_t};
use crate::abi::{IntoC, uv_loop_t};
use crate::model::event_loop::Loop;
use crate::model::ext_request::Post;
use crate::requests::post::post;

/// Runs `cb` on the thread of `loop`, once for each call, in the order of one sender's calls, and with `value` in the request. Unlike
/// `uv_async_send`, no call is joined with another.
///
/// Until `cb` has begun, `req` belongs to the library. A post that has arrived keeps the loop alive, but nobody waits for one that
/// is still to come: use `uv_async_t` or another handle for that. The loop may not be closed while a thread may be in this call;
/// `uv_loop_close` gives `UV_EBUSY` while posts await their callbacks. A child that was forked meanwhile hears nothing of them.
/// `UV_EINVAL` if `cb` is NULL. Thread-safe; not for signal handlers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_post(
    req: *mut uvring_post_t,
    r#loop: *mut uv_loop_t,
    value: u64,
    cb: uvring_post_cb,
) -> c_int {
    // SAFETY: laws 2 and 5: this call is for every thread.
    unsafe { post(Post::from_c(req), Loop::from_c(r#loop), value, cb) }.into_c()
}
