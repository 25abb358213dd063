//! inotify: the descriptor, its watches, and the records that are read from it.

use std::ffi::CStr;
use std::mem::offset_of;

use libc::{c_char, c_int, inotify_event};

use crate::abi::{Errno, Result};
use crate::sys::call::retry_long;

/// What is asked of each watch: everything that changes a file, a directory's list of names, or where it is.
pub(crate) const CHANGES: u32 = CONTENT
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO;

/// Those of them that leave all names as they are.
pub(crate) const CONTENT: u32 = libc::IN_ATTRIB | libc::IN_MODIFY;

/// More than one record can take, its name included.
pub(crate) const LONGEST: usize = size_of::<inotify_event>() + libc::NAME_MAX as usize + 1;

/// A record. Its name lies in the buffer that it was read into.
pub(crate) struct Event {
    /// The watch, or -1 if the kernel's queue has overflowed.
    pub(crate) wd: c_int,
    /// `IN_*`
    pub(crate) mask: u32,
    /// The name inside the watched directory, or NULL.
    pub(crate) name: *const c_char,
    /// Bytes that the record takes.
    pub(crate) size: usize,
}

/// A new inotify descriptor.
pub(crate) fn open() -> Result<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd) }
}

/// Watches what is at `path` and gives the number of the watch, which is the one it has already if it is being watched.
pub(crate) fn add(fd: c_int, path: &CStr, mask: u32) -> Result<c_int> {
    // SAFETY: a string.
    let wd = unsafe { libc::inotify_add_watch(fd, path.as_ptr(), mask) };
    if wd < 0 { Err(Errno::last()) } else { Ok(wd) }
}

/// Ends a watch. The kernel has ended those of deleted files already, which makes no difference.
pub(crate) fn remove(fd: c_int, wd: c_int) {
    // SAFETY: no pointers.
    unsafe { libc::inotify_rm_watch(fd, wd) };
}

/// Reads whole records and gives their length. `UV_EAGAIN` if there is none.
///
/// # Safety
/// `buffer` has room for `len` bytes, and nothing else uses it.
pub(crate) unsafe fn read(fd: c_int, buffer: *mut u8, len: usize) -> Result<usize> {
    // SAFETY: the caller's promise.
    retry_long(|| unsafe { libc::read(fd, buffer.cast(), len) }).map(|n| n as usize)
}

/// The record at `place`.
///
/// # Safety
/// The kernel wrote a record there, aligned as a record is.
pub(crate) unsafe fn event_at(place: *const u8) -> Event {
    // SAFETY: the caller's promise; the fields are read by value.
    unsafe {
        let record = place.cast::<inotify_event>();
        let len = (*record).len as usize;
        let name = if len == 0 { std::ptr::null() } else { place.add(size_of::<inotify_event>()).cast() };
        Event { wd: (*record).wd, mask: (*record).mask, name, size: size_of::<inotify_event>() + len }
    }
}

// The name follows the fixed part without a gap.
const _: () = assert!(offset_of!(inotify_event, len) + 4 == size_of::<inotify_event>());
