//! The replaceable allocator (`uv_replace_allocator`) and the fallible containers built on it.
//!
//! Memory that grows with handles, requests or loops comes from here, so that a program's own allocator sees it and
//! running out is `UV_ENOMEM`. Rust's global allocator stays libc's: what outlives `uv_library_shutdown` (BIND destroys
//! its arena then) must come from there.
//!
//! Argument for the unsafe code: (1) the four functions are replaced together and, as libuv documents, before any other
//! call of the library; (2) a pointer from `malloc`, `calloc` or `realloc` here goes back to `free` here;
//! (3) an `Array` owns `cap` slots at `ptr`, of which the first `len` are initialised.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use libc::{c_char, c_int, c_void};

use crate::abi::{Errno, IntoC, Result, uv_calloc_func, uv_free_func, uv_malloc_func, uv_realloc_func};

type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Calloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);

// NULL stands for libc's function.
static MALLOC: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static REALLOC: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static CALLOC: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static FREE: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Makes the library use other memory functions. Call it before any other function of the library, or after
/// `uv_library_shutdown`. Not thread-safe.
///
/// Returns 0, or `UV_EINVAL` if a function is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_replace_allocator(
    malloc_func: uv_malloc_func,
    realloc_func: uv_realloc_func,
    calloc_func: uv_calloc_func,
    free_func: uv_free_func,
) -> c_int {
    replace(malloc_func, realloc_func, calloc_func, free_func).into_c()
}

fn replace(malloc: uv_malloc_func, realloc: uv_realloc_func, calloc: uv_calloc_func, free: uv_free_func) -> Result {
    let (Some(malloc), Some(realloc), Some(calloc), Some(free)) = (malloc, realloc, calloc, free) else {
        return Err(Errno::EINVAL);
    };
    MALLOC.store(malloc as *mut (), Relaxed);
    REALLOC.store(realloc as *mut (), Relaxed);
    CALLOC.store(calloc as *mut (), Relaxed);
    FREE.store(free as *mut (), Relaxed);
    Ok(())
}

/// `size` bytes, or NULL.
pub(crate) fn malloc(size: usize) -> *mut c_void {
    let f = MALLOC.load(Relaxed);
    // SAFETY: (1): not NULL means it was stored from a `Malloc`.
    unsafe { if f.is_null() { libc::malloc(size) } else { std::mem::transmute::<*mut (), Malloc>(f)(size) } }
}

/// `count * size` zeroed bytes, or NULL.
pub(crate) fn calloc(count: usize, size: usize) -> *mut c_void {
    let f = CALLOC.load(Relaxed);
    // SAFETY: (1): not NULL means it was stored from a `Calloc`.
    unsafe {
        if f.is_null() { libc::calloc(count, size) } else { std::mem::transmute::<*mut (), Calloc>(f)(count, size) }
    }
}

/// `memory` made `size` bytes long, or NULL, which leaves `memory` as it is.
///
/// # Safety
/// `memory` is NULL or came from here (2).
pub(crate) unsafe fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    let f = REALLOC.load(Relaxed);
    // SAFETY: (1) for the function, the caller for the pointer.
    unsafe {
        if f.is_null() { libc::realloc(memory, size) } else { std::mem::transmute::<*mut (), Realloc>(f)(memory, size) }
    }
}

/// Gives memory back; NULL is fine. `errno` is left alone.
///
/// # Safety
/// `memory` is NULL or came from here (2), and nothing uses it any more.
pub(crate) unsafe fn free(memory: *mut c_void) {
    let f = FREE.load(Relaxed);
    // SAFETY: (1) for the function, the caller for the pointer; `__errno_location` is always valid.
    unsafe {
        let errno = *libc::__errno_location();
        if f.is_null() {
            libc::free(memory)
        } else {
            std::mem::transmute::<*mut (), Free>(f)(memory)
        }
        *libc::__errno_location() = errno;
    }
}

/// A copy of `bytes` with a NUL behind it, or `UV_ENOMEM`. `free` takes it back.
pub(crate) fn bytes_z(bytes: &[u8]) -> Result<*mut c_char> {
    let copy = malloc(bytes.len() + 1).cast::<u8>();
    if copy.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: `copy` has room for the bytes and the NUL.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
        *copy.add(bytes.len()) = 0;
    }
    Ok(copy.cast())
}

/// A copy of a C string, or `UV_ENOMEM`. `free` takes it back.
pub(crate) fn strdup(s: &CStr) -> Result<*mut c_char> {
    bytes_z(s.to_bytes())
}

/// `value` in memory of its own, or `UV_ENOMEM`. [`unbox`] takes it back.
pub(crate) fn boxed<T>(value: T) -> Result<NonNull<T>> {
    let place = NonNull::new(malloc(size_of::<T>().max(1)).cast::<T>()).ok_or(Errno::ENOMEM)?;
    // SAFETY: fresh memory of the right size; malloc aligns for any type that the library boxes.
    unsafe { place.as_ptr().write(value) };
    Ok(place)
}

/// Drops what [`boxed`] made.
///
/// # Safety
/// `place` came from `boxed` and nothing uses it any more.
pub(crate) unsafe fn unbox<T>(place: NonNull<T>) {
    // SAFETY: as the caller promises.
    unsafe {
        ptr::drop_in_place(place.as_ptr());
        free(place.as_ptr().cast());
    }
}

/// A growable array of plain values whose growth can fail.
pub(crate) struct Array<T: Copy> {
    ptr: *mut T,
    len: usize,
    cap: usize,
    owns: PhantomData<T>,
}

impl<T: Copy> Array<T> {
    /// Empty; allocates nothing.
    pub(crate) const fn new() -> Array<T> {
        Array { ptr: ptr::null_mut(), len: 0, cap: 0, owns: PhantomData }
    }

    /// Makes room for `more` further values, so that as many `push_within` cannot fail.
    pub(crate) fn reserve(&mut self, more: usize) -> Result {
        let need = self.len.checked_add(more).ok_or(Errno::ENOMEM)?;
        if need <= self.cap {
            return Ok(());
        }
        let cap = need.max(self.cap * 2).max(8);
        let bytes = cap.checked_mul(size_of::<T>()).ok_or(Errno::ENOMEM)?;
        // SAFETY: (3): `ptr` is NULL or ours.
        let ptr = unsafe { realloc(self.ptr.cast(), bytes) };
        if ptr.is_null() {
            return Err(Errno::ENOMEM);
        }
        self.ptr = ptr.cast();
        self.cap = cap;
        Ok(())
    }

    /// Makes room for `total` values.
    pub(crate) fn reserve_total(&mut self, total: usize) -> Result {
        self.reserve(total.saturating_sub(self.len))
    }

    /// Adds a value at the end, or fails with `UV_ENOMEM`.
    pub(crate) fn push(&mut self, value: T) -> Result {
        self.reserve(1)?;
        // SAFETY: (3): there is room for one more.
        unsafe { self.ptr.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    /// Adds values at the end, or fails with `UV_ENOMEM`.
    pub(crate) fn extend(&mut self, values: &[T]) -> Result {
        self.reserve(values.len())?;
        // SAFETY: (3): there is room.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), self.ptr.add(self.len), values.len()) };
        self.len += values.len();
        Ok(())
    }

    /// Takes the last value.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: (3): the slot was initialised.
        Some(unsafe { self.ptr.add(self.len).read() })
    }

    /// Takes the value at `at`; those behind it move up. `at` is below the length.
    pub(crate) fn remove(&mut self, at: usize) -> T {
        let value = self[at];
        self.copy_within(at + 1.., at);
        self.len -= 1;
        value
    }

    /// Forgets the values from `len` on; keeps the memory.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets all values; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }
}

impl<T: Copy> std::ops::Deref for Array<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: (3).
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

impl<T: Copy> std::ops::DerefMut for Array<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: (3).
        unsafe { std::slice::from_raw_parts_mut(self.ptr, self.len) }
    }
}

impl<T: Copy> Drop for Array<T> {
    fn drop(&mut self) {
        // SAFETY: (2), (3).
        unsafe { free(self.ptr.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_grows_and_shrinks() {
        let mut a = Array::new();
        for i in 0..100 {
            a.push(i).unwrap();
        }
        assert_eq!(a.len(), 100);
        assert_eq!(a[99], 99);
        assert_eq!(a.pop(), Some(99));
        assert_eq!(a.remove(3), 3);
        assert_eq!((a.len(), a[3], a[97]), (98, 4, 98));
        a.clear();
        assert!(a.is_empty());
        assert_eq!(a.pop(), None);
    }
}
