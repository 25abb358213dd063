//! Buffers: the caller's, which answers are written to, and a scratch one of ours, which questions that do not tell
//! their size are asked with.

use std::ffi::CStr;
use std::ptr;

use libc::{c_char, c_void};

use crate::abi::{Errno, Result};
use crate::base::alloc;

/// A text buffer of the caller and its size, which is also where the length goes.
#[derive(Clone, Copy)]
pub(crate) struct Out {
    buffer: *mut u8,
    size: *mut usize,
}

impl Out {
    /// Checks what C gave: `UV_EINVAL` if either pointer is NULL or the buffer has no room at all.
    ///
    /// # Safety
    /// `size` is NULL or valid; `buffer` is NULL or has `*size` bytes. Both stay so while this value is used.
    pub(crate) unsafe fn new(buffer: *mut c_char, size: *mut usize) -> Result<Out> {
        // SAFETY: the caller's promise; `size` is not read when it is NULL.
        if buffer.is_null() || size.is_null() || unsafe { *size } == 0 {
            return Err(Errno::EINVAL);
        }
        Ok(Out { buffer: buffer.cast(), size })
    }

    /// Copies `text` and a NUL, and sets the size to its length. If they do not fit, sets the size to what is needed,
    /// NUL included, leaves the buffer alone and fails with `UV_ENOBUFS`.
    pub(crate) fn put(self, text: &[u8]) -> Result {
        // SAFETY: `new`'s promise, and the room is checked before the copy.
        unsafe {
            if text.len() >= *self.size {
                *self.size = text.len() + 1;
                return Err(Errno::ENOBUFS);
            }
            ptr::copy(text.as_ptr(), self.buffer, text.len());
            *self.buffer.add(text.len()) = 0;
            *self.size = text.len();
        }
        Ok(())
    }

    /// Copies bytes that no NUL follows, otherwise as [`put`](Self::put) does.
    pub(crate) fn put_bytes(self, bytes: &[u8]) -> Result {
        // SAFETY: `new`'s promise, and the room is checked before the copy.
        unsafe {
            let fits = bytes.len() <= *self.size;
            *self.size = bytes.len();
            if !fits {
                return Err(Errno::ENOBUFS);
            }
            ptr::copy(bytes.as_ptr(), self.buffer, bytes.len());
        }
        Ok(())
    }

    /// As [`put`](Self::put) with the path that an active handle watches. The size becomes 0 and `UV_EINVAL` is given if
    /// the handle is not active.
    ///
    /// # Safety
    /// `path` is a C string if the handle is active.
    pub(crate) unsafe fn put_path(self, is_active: bool, path: *const c_char) -> Result {
        if !is_active {
            self.accept(0);
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller's promise.
        self.put(unsafe { CStr::from_ptr(path) }.to_bytes())
    }

    /// Sets the size to the length of a text that a system call has written to the buffer itself, NUL and all.
    pub(crate) fn accept(self, len: usize) {
        // SAFETY: `new`'s promise.
        unsafe { *self.size = len };
    }

    /// The caller's memory, for a system call to write to.
    pub(crate) fn as_ptr(self) -> *mut c_char {
        self.buffer.cast()
    }

    /// Takes a trailing slash off what has been put out, unless it is all there is.
    pub(crate) fn strip_slash(self) {
        // SAFETY: the size has become the length of the text, which is less than the room.
        unsafe {
            let last = *self.size - usize::from(*self.size > 0);
            if last > 0 && *self.buffer.add(last) == b'/' {
                *self.buffer.add(last) = 0;
                *self.size = last;
            }
        }
    }

    /// Room in bytes.
    pub(crate) fn room(self) -> usize {
        // SAFETY: `new`'s promise.
        unsafe { *self.size }
    }
}

/// Memory that grows by doubling and forgets what was in it.
pub(crate) struct Scratch {
    ptr: *mut c_void,
    size: usize,
}

impl Scratch {
    /// `size` bytes, or `UV_ENOMEM`.
    pub(crate) fn new(size: usize) -> Result<Scratch> {
        let ptr = alloc::malloc(size);
        if ptr.is_null() { Err(Errno::ENOMEM) } else { Ok(Scratch { ptr, size }) }
    }

    /// Twice the size; the old content is gone.
    pub(crate) fn grow(&mut self) -> Result {
        *self = Scratch::new(self.size.checked_mul(2).ok_or(Errno::ENOMEM)?)?;
        Ok(())
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The memory.
    pub(crate) fn as_ptr(&self) -> *mut c_char {
        self.ptr.cast()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `ptr` came from `alloc::malloc` and its owner goes away.
        unsafe { alloc::free(self.ptr) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(text: &[u8], mut size: usize, strip: bool) -> (Result, Vec<u8>, usize) {
        let mut buffer = [b'Z'; 16];
        // SAFETY: both are ours, and no test names more than 16 bytes.
        let out = unsafe { Out::new(buffer.as_mut_ptr().cast(), &raw mut size) };
        let result = out.and_then(|out| {
            out.put(text)?;
            if strip {
                out.strip_slash();
            }
            Ok(())
        });
        (result, buffer.to_vec(), size)
    }

    #[test]
    fn needs_room_for_the_nul() {
        assert_eq!(put(b"abc", 0, false).0, Err(Errno::EINVAL));
        let (result, buffer, size) = put(b"abc", 3, false);
        assert_eq!((result, buffer[0], size), (Err(Errno::ENOBUFS), b'Z', 4));
        let (result, buffer, size) = put(b"abc", 4, false);
        assert_eq!((result, &buffer[..5], size), (Ok(()), &b"abc\0Z"[..], 3));
    }

    #[test]
    fn keeps_the_root() {
        assert_eq!(put(b"", 16, true).2, 0);
        assert_eq!(put(b"/", 16, true).2, 1);
        assert_eq!(put(b"//", 16, true).2, 1);
        assert_eq!(put(b"/a/", 16, true).2, 2);
        assert_eq!(put(b"/a", 16, true).2, 2);
    }
}
