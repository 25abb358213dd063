//! A short text on the stack, always ended by a NUL: for paths and messages made where memory must not run out.

#![deny(unsafe_code)]

use std::ffi::CStr;
use std::fmt;

/// Room for `N - 1` bytes and the NUL.
pub(crate) struct TextBuffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> TextBuffer<N> {
    /// Empty.
    pub(crate) const fn new() -> TextBuffer<N> {
        TextBuffer { bytes: [0; N], len: 0 }
    }

    /// The text; up to its first NUL, should one have been written.
    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// Adds `bytes`, or nothing and an error if they do not fit.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> fmt::Result {
        let room = &mut self.bytes[self.len..N - 1];
        room.get_mut(..bytes.len()).ok_or(fmt::Error)?.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }
}

impl<const N: usize> fmt::Write for TextBuffer<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.push(s.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn holds_what_fits() {
        let mut text = TextBuffer::<6>::new();
        assert!(write!(text, "ab{}", 12).is_ok());
        assert!(text.push(b"cd").is_err());
        assert_eq!(text.as_c_str(), c"ab12");
        assert!(text.push(b"c").is_ok());
        assert_eq!(text.as_c_str(), c"ab12c");
    }
}
