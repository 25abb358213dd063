//! The array of buffers that a request keeps: a copy of the user's, in the request itself if it is short.
//!
//! Argument for the unsafe code: `Buffers` are of a request under way (law 2), in which the array lies or which `keep` allocated; only
//! who carries the request out touches them, and what they name is the user's until the callback (law 4).

use std::ptr;

use libc::c_uint;

use super::alloc;
use crate::abi::*;

/// How many buffers lie in the request itself.
const SMALL: usize = size_of::<[uv_buf_t; 4]>() / size_of::<uv_buf_t>();

/// Buffers that a request keeps.
#[derive(Clone, Copy)]
pub(crate) struct Buffers {
    at: *mut uv_buf_t,
    count: usize,
}

impl Buffers {
    /// Those that the request has noted.
    ///
    /// # Safety
    /// The module's argument: there are `count` at `at`.
    pub(crate) unsafe fn of(at: *mut uv_buf_t, count: usize) -> Buffers {
        Buffers { at, count }
    }

    /// How many they are.
    pub(crate) fn count(self) -> usize {
        self.count
    }

    /// The first.
    pub(crate) fn as_ptr(self) -> *const uv_buf_t {
        self.at
    }

    /// How many bytes they hold.
    pub(crate) fn bytes(self) -> usize {
        // SAFETY: the module's argument.
        (0..self.count).map(|i| unsafe { (*self.at.add(i)).len }).fold(0, usize::wrapping_add)
    }

    /// Takes off the `taken` bytes that the kernel has; gives how many buffers hold nothing more.
    pub(crate) fn advance(self, mut taken: usize) -> usize {
        for i in 0..self.count {
            // SAFETY: the module's argument. A copy is changed and put back.
            unsafe {
                let mut buf = *self.at.add(i);
                let part = taken.min(buf.len);
                // The user's pointer, moved within, or to the end of, what it points to.
                buf.base = buf.base.wrapping_add(part);
                buf.len -= part;
                taken -= part;
                *self.at.add(i) = buf;
                if buf.len != 0 {
                    return i;
                }
            }
        }
        self.count
    }
}

/// A copy of the user's array: at `small` if it is short, else in new memory. `UV_ENOMEM`.
///
/// # Safety
/// `bufs` has `nbufs` buffers, and `small`, in the request, room for [`SMALL`].
pub(crate) unsafe fn keep(bufs: *const uv_buf_t, nbufs: c_uint, small: *mut uv_buf_t) -> Result<*mut uv_buf_t> {
    let count = nbufs as usize;
    let place = if count <= SMALL { small } else { alloc::malloc(count * size_of::<uv_buf_t>()).cast() };
    if place.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: the caller's, and new memory has room for as many.
    unsafe { ptr::copy_nonoverlapping(bufs, place, count) };
    Ok(place)
}

/// Gives back what `keep` has allocated, if it has. NULL is nothing.
///
/// # Safety
/// `place` is NULL or came from `keep` with this `small`, and is given back once.
pub(crate) unsafe fn give_back(place: *mut uv_buf_t, small: *mut uv_buf_t) {
    if place != small {
        // SAFETY: the caller's.
        unsafe { alloc::free(place.cast()) };
    }
}
