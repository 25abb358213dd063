//! Which uvring this is.

use libc::c_char;

/// uvring's own version, as "major.minor.patch". Which libuv it stands for is told by `uv_version_string`.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
