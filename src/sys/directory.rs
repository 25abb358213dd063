//! Directories: what is in them.

use std::ffi::CStr;

use libc::c_char;

use crate::abi::{Errno, Result};

/// Calls `each` with the name of everything in the directory at `path`, and whether it is, or could be, a directory itself;
/// stops at the first error that it gives.
///
/// # Safety
/// `path` is a C string.
pub(crate) unsafe fn each(path: *const c_char, mut each: impl FnMut(&CStr, bool) -> Result) -> Result {
    // SAFETY: the caller's promise.
    let directory = unsafe { libc::opendir(path) };
    if directory.is_null() {
        return Err(Errno::last());
    }
    let mut result = Ok(());
    while result.is_ok() {
        // SAFETY: open; the entry is valid until the next call.
        let Some(entry) = (unsafe { libc::readdir64(directory).as_ref() }) else { break };
        // SAFETY: the kernel ends names with a NUL.
        let name = unsafe { CStr::from_ptr(entry.d_name.as_ptr()) };
        if name != c"." && name != c".." {
            result = each(name, entry.d_type == libc::DT_DIR || entry.d_type == libc::DT_UNKNOWN);
        }
    }
    // SAFETY: open, and not used any more.
    unsafe { libc::closedir(directory) };
    result
}

/// The absolute path without links that `path` leads to, in memory of libc's (`libc::free`), or NULL.
///
/// # Safety
/// `path` is a C string.
pub(crate) unsafe fn real_path(path: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { libc::realpath(path, std::ptr::null_mut()) }
}
