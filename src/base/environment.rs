//! Switches in the environment: those of libuv hold a number and are read as it reads them, ours have one value that means something.

use std::ffi::{CStr, CString};

use libc::{c_int, c_uint};

/// The number that a variable begins with, as `atoi` reads it: blanks and a sign may come first, and what is no number is 0. `None` if
/// there is no such variable.
pub(crate) fn number(name: &CStr) -> Option<c_int> {
    // SAFETY: the value is a string until the environment changes.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| libc::atoi(value))
    }
}

/// True if a variable has exactly this value.
pub(crate) fn is(name: &CStr, value: &CStr) -> bool {
    // SAFETY: as in `number`.
    unsafe {
        let found = libc::getenv(name.as_ptr());
        !found.is_null() && CStr::from_ptr(found) == value
    }
}

/// True if a variable has exactly this value, and as for [`ours`].
pub(crate) fn is_ours(name: &CStr, value: &CStr) -> bool {
    ours(name).is_some_and(|found| found.as_c_str() == value)
}

/// The value of a variable; none in a program that runs with more rights than the user who set it.
pub(crate) fn ours(name: &CStr) -> Option<CString> {
    // Miri plays no program that has more rights than its user.
    #[cfg(miri)]
    use libc::getenv as secure_getenv;
    #[cfg(not(miri))]
    unsafe extern "C" {
        fn secure_getenv(name: *const libc::c_char) -> *const libc::c_char;
    }
    // SAFETY: as in `number`.
    unsafe {
        let found = secure_getenv(name.as_ptr());
        (!found.is_null()).then(|| CStr::from_ptr(found).to_owned())
    }
}

/// The same as `number` of a variable whose value has at most `longest` bytes; a longer one does not count.
pub(crate) fn short_number(name: &CStr, longest: usize) -> Option<c_int> {
    // SAFETY: as in `number`.
    let fits = unsafe {
        let value = libc::getenv(name.as_ptr());
        !value.is_null() && libc::strlen(value) <= longest
    };
    if fits { number(name) } else { None }
}

/// `UV_THREADPOOL_SIZE`: 4 unless set, 1 to 1024.
pub(crate) fn pool_size() -> c_uint {
    // libuv has room for 15 bytes, and a negative number is a large one.
    match short_number(c"UV_THREADPOOL_SIZE", 15) {
        None => 4,
        Some(size) => (size as c_uint).clamp(1, 1024),
    }
}
