//! Pools and views.

use std::ptr;

use libc::c_int;

use crate::abi::ext::{uvring_pool_close_cb, uvring_pool_options_t, uvring_pool_t, uvring_view_t};
use crate::abi::{Errno, IntoC, Result, uv_loop_t};
use crate::handles::view_pool::{self, ViewPool};
use crate::model::event_loop::Loop;
use crate::model::view_pool as model;
use crate::model::view_pool::Kept;

/// Makes a pool of memory to receive into. `options` may be NULL.
///
/// Returns 0, `UV_EINVAL` for options that it cannot be, or `UV_ENOMEM`. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_pool_init(
    r#loop: *mut uv_loop_t,
    pool: *mut uvring_pool_t,
    options: *const uvring_pool_options_t,
) -> c_int {
    if pool.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: law 5; the caller's memory for a pool, and options, if there are some.
    unsafe { view_pool::init(Loop::from_c(r#loop), ViewPool::from_c(pool), options.as_ref()) }.into_c()
}

/// Closes a pool: `cb`, which may be NULL, is called by the loop when the last kept view was released; its memory is gone then. The loop
/// cannot be closed before that.
///
/// Returns 0; `UV_EBUSY` while a stream receives into it; `UV_EINVAL` if it is closing. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_pool_close(pool: *mut uvring_pool_t, cb: uvring_pool_close_cb) -> c_int {
    if pool.is_null() {
        return Errno::EINVAL.0;
    }
    // SAFETY: a pool that was made and not closed.
    view_pool::close(unsafe { ViewPool::from_c(pool) }, cb).into_c()
}

/// The loop's own pool, made when first needed; NULL if there is no memory for it. It goes with the loop, which cannot be closed
/// while views of it are kept. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_loop_pool(r#loop: *mut uv_loop_t) -> *mut uvring_pool_t {
    // SAFETY: law 5.
    view_pool::own(unsafe { Loop::from_c(r#loop) }).map_or(ptr::null_mut(), ViewPool::as_ptr)
}

/// Keeps `len` bytes at `offset` of a view that a callback was lent, or of a kept one: `kept` becomes a view of its own, to be
/// released once. Nothing is copied.
///
/// Returns 0, or `UV_EINVAL` outside the view. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_view_keep(
    view: *const uvring_view_t,
    offset: usize,
    len: usize,
    kept: *mut uvring_view_t,
) -> c_int {
    // SAFETY: a valid view, or NULL; the caller's place for the answer.
    unsafe { keep(view.as_ref(), offset, len, kept) }.into_c()
}

/// # Safety
/// `kept` is NULL, or may be written to.
unsafe fn keep(view: Option<&uvring_view_t>, offset: usize, len: usize, kept: *mut uvring_view_t) -> Result {
    let Some(view) = view.filter(|_| !kept.is_null()) else { return Err(Errno::EINVAL) };
    let (piece, base) = Kept::new(view, offset, len)?;
    // SAFETY: the caller's.
    unsafe { kept.write(piece.into_view(base)) };
    Ok(())
}

/// Releases a kept view; its `base` becomes NULL, so that a second call does nothing. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_view_release(kept: *mut uvring_view_t) {
    // SAFETY: a kept view, or NULL.
    if let Some(view) = unsafe { kept.as_ref() } {
        model::release(view);
    }
}
