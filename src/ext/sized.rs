//! Structs that begin with their size, which the caller sets: a program that was compiled with an older header gets the fields that it
//! knows, and one compiled with a newer header sees how far the fields go.

use crate::abi::{Errno, Result, uv_loop_t};
use crate::model::event_loop::Loop;

/// Fills in what `now` tells of a loop. `UV_EINVAL` if the loop is closed, or as for [`answer`].
///
/// # Safety
/// The loop is NULL, closed or alive, and this thread uses it (law 5); `place` as for [`answer`].
pub(super) unsafe fn answer_of<T: Copy>(
    event_loop: *mut uv_loop_t,
    place: *mut T,
    oldest: usize,
    now: impl FnOnce(Loop) -> T,
) -> Result {
    if event_loop.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    let event_loop = unsafe { Loop::from_c(event_loop) };
    if event_loop.internal_fields.get().is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's.
    unsafe { answer(place, oldest, || now(event_loop)) }
}

/// Fills in a struct as far as its size says. `UV_EINVAL` if that is less than it ever was (`oldest`).
///
/// # Safety
/// `T` begins with its size, a `usize`. `place` is NULL, or valid for as many bytes as stand there.
pub(super) unsafe fn answer<T: Copy>(place: *mut T, oldest: usize, now: impl FnOnce() -> T) -> Result {
    if place.is_null() {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the caller's; there is a size before anything else.
    let size = unsafe { place.cast::<usize>().read() };
    if size < oldest {
        return Err(Errno::EINVAL);
    }
    let now = now();
    let size = size.min(size_of::<T>());
    // SAFETY: both are at least `size` bytes long; the first word is the size.
    unsafe {
        place.cast::<u8>().copy_from_nonoverlapping((&raw const now).cast(), size);
        place.cast::<usize>().write(size);
    }
    Ok(())
}
