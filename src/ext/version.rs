//! Which uvring this is.

use libc::{c_char, c_uint};

/// uvring's own version, as "major.minor.patch". Which libuv it stands for is told by `uv_version_string`.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// uvring's own version as a number: `major << 16 | minor << 8 | patch`. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_version_hex() -> c_uint {
    const MAJOR: c_uint = number(env!("CARGO_PKG_VERSION_MAJOR"));
    const MINOR: c_uint = number(env!("CARGO_PKG_VERSION_MINOR"));
    const PATCH: c_uint = number(env!("CARGO_PKG_VERSION_PATCH"));
    MAJOR << 16 | MINOR << 8 | PATCH
}

/// The number that a text of digits is.
const fn number(text: &str) -> c_uint {
    let (mut at, mut number) = (0, 0);
    while at < text.len() {
        number = number * 10 + (text.as_bytes()[at] - b'0') as c_uint;
        at += 1;
    }
    number
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
