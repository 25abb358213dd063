//! Switches in the environment that hold a number, read as libuv reads them.

use std::ffi::CStr;

use libc::c_int;

/// The number that a variable begins with, as `atoi` reads it: blanks and a sign may come first, and what is no number is 0. `None` if
/// there is no such variable.
pub(crate) fn number(name: &CStr) -> Option<c_int> {
    // SAFETY: the value is a string until the environment changes.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| libc::atoi(value))
    }
}

/// The same of a variable whose value has at most `longest` bytes; a longer one does not count.
pub(crate) fn short_number(name: &CStr, longest: usize) -> Option<c_int> {
    // SAFETY: as in `number`.
    let fits = unsafe {
        let value = libc::getenv(name.as_ptr());
        !value.is_null() && libc::strlen(value) <= longest
    };
    if fits { number(name) } else { None }
}
