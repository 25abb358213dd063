//! Which libuv this is.

use libc::{c_char, c_uint};

/// The version whose interface this is, as `major << 16 | minor << 8 | patch`.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_version() -> c_uint {
    MAJOR << 16 | MINOR << 8 | PATCH
}

/// The version whose interface this is, as "major.minor.patch".
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_version_string() -> *const c_char {
    c"1.53.0".as_ptr()
}

const MAJOR: c_uint = 1;
const MINOR: c_uint = 53;
const PATCH: c_uint = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        // SAFETY: the string is static.
        let text = unsafe { std::ffi::CStr::from_ptr(uv_version_string()) };
        assert_eq!(text.to_str().unwrap(), format!("{MAJOR}.{MINOR}.{PATCH}"));
        // SAFETY: nothing is passed.
        assert_eq!(unsafe { uv_version() }, 0x01_35_00);
    }
}
