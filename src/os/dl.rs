//! Shared libraries.

use std::ffi::CStr;
use std::ptr;

use libc::{c_char, c_int};

use crate::abi::uv_lib_t;
use crate::base::alloc;

/// Loads a shared library, or gives the program itself if `filename` is NULL. `uv_dlclose` unloads it; it also frees
/// the error's text, so call it after a failure too.
///
/// Returns 0, or -1 (which is no `UV_E…`), and `uv_dlerror` has the reason. `lib` need not have been initialised. Threads
/// may load at the same time, each with a `uv_lib_t` of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_dlopen(filename: *const c_char, lib: *mut uv_lib_t) -> c_int {
    // SAFETY: C promises a place for the library and a string. The constructors that run inside dlopen are user code;
    // no reference into user memory is alive then (law 3).
    unsafe {
        libc::dlerror();
        let handle = libc::dlopen(filename, libc::RTLD_LAZY);
        *lib = uv_lib_t { handle, errmsg: ptr::null_mut() };
        if handle.is_null() { record_error(lib) } else { 0 }
    }
}

/// Unloads a library and frees the text of its last error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_dlclose(lib: *mut uv_lib_t) {
    // SAFETY: `lib` has been through `uv_dlopen`, so each field is NULL or what was stored there.
    unsafe {
        alloc::free((*lib).errmsg.cast());
        (*lib).errmsg = ptr::null_mut();
        let handle = ptr::replace(&raw mut (*lib).handle, ptr::null_mut());
        // The destructors that run inside are user code: nothing of `lib` is touched afterwards.
        if !handle.is_null() {
            libc::dlclose(handle);
        }
    }
}

/// Finds a symbol and stores its address, which may be NULL, in `ptr`.
///
/// Returns 0, or -1 (which is no `UV_E…`) if the library has no such symbol, and `uv_dlerror` has the reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_dlsym(lib: *mut uv_lib_t, name: *const c_char, ptr: *mut *mut libc::c_void) -> c_int {
    // SAFETY: `lib` has been through `uv_dlopen`; C promises a string and a place for the address.
    unsafe {
        // The linker's own error state tells an absent symbol from one whose address is NULL.
        libc::dlerror();
        *ptr = libc::dlsym((*lib).handle, name);
        if (*ptr).is_null() { record_error(lib) } else { 0 }
    }
}

/// The text of the last error of `uv_dlopen` or `uv_dlsym` with this library, or "no error". It belongs to the library
/// and lasts until the next error or `uv_dlclose`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_dlerror(lib: *const uv_lib_t) -> *const c_char {
    // SAFETY: `lib` has been through `uv_dlopen`, or has been zeroed.
    let text = unsafe { (*lib).errmsg };
    if text.is_null() { c"no error".as_ptr() } else { text }
}

/// Keeps the linker's error, if there is one. A text that there is no memory for reads as "no error" later.
///
/// # Safety
/// `lib` is valid.
unsafe fn record_error(lib: *mut uv_lib_t) -> c_int {
    // SAFETY: dlerror gives NULL or a string that is the thread's until its next dl call.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            return 0;
        }
        alloc::free((*lib).errmsg.cast());
        (*lib).errmsg = alloc::strdup(CStr::from_ptr(text)).unwrap_or(ptr::null_mut());
    }
    -1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the dynamic linker")]
    fn the_last_error_stays() {
        let mut lib = uv_lib_t { handle: ptr::null_mut(), errmsg: ptr::null_mut() };
        let lib = &raw mut lib;
        let mut symbol = ptr::null_mut();
        // SAFETY: the places are ours.
        unsafe {
            assert_eq!(CStr::from_ptr(uv_dlerror(lib)), c"no error");
            assert_eq!(uv_dlopen(c"/nonexistent.so".as_ptr(), lib), -1);
            assert!(CStr::from_ptr(uv_dlerror(lib)).to_str().unwrap().contains("/nonexistent.so"));
            uv_dlclose(lib);

            assert_eq!(uv_dlopen(ptr::null(), lib), 0);
            assert_eq!(uv_dlsym(lib, c"malloc".as_ptr(), &raw mut symbol), 0);
            assert!(!symbol.is_null());
            for name in [c"no_such_symbol_1", c"no_such_symbol_2"] {
                assert_eq!(uv_dlsym(lib, name.as_ptr(), &raw mut symbol), -1);
                let text = CStr::from_ptr(uv_dlerror(lib)).to_str().unwrap();
                assert!(symbol.is_null() && text.contains(name.to_str().unwrap()));
            }
            uv_dlclose(lib);
            assert!((*lib).handle.is_null() && (*lib).errmsg.is_null());
        }
    }
}
