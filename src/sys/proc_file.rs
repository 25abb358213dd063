//! Reading the kernel's small text files without allocating.

use std::ffi::CStr;

use crate::abi::Result;
use crate::sys::call::{retry, retry_long};

/// A descriptor that closes itself.
pub(crate) struct Fd(libc::c_int);

impl Fd {
    /// Opens a file for reading.
    pub(crate) fn open(path: &CStr) -> Result<Fd> {
        // SAFETY: `path` is a string.
        let fd = retry(|| unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) })?;
        Ok(Fd(fd as libc::c_int))
    }

    /// The descriptor.
    pub(crate) fn raw(&self) -> libc::c_int {
        self.0
    }

    /// One `read(2)`; 0 at the end of the file.
    pub(crate) fn read(&self, buf: &mut [u8]) -> Result<usize> {
        // SAFETY: `buf` is ours, and the call does not keep it.
        retry_long(|| unsafe { libc::read(self.0, buf.as_mut_ptr().cast(), buf.len()) }).map(|n| n as usize)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::close(self.0) };
    }
}

/// The content of a file, as much as fits into `buf`.
pub(crate) fn read<'b>(path: &CStr, buf: &'b mut [u8]) -> Result<&'b [u8]> {
    let file = Fd::open(path)?;
    let mut len = 0;
    while len < buf.len() {
        match file.read(&mut buf[len..])? {
            0 => break,
            n => len += n,
        }
    }
    Ok(&buf[..len])
}

/// A file line by line. Lines longer than `N` lose their end; the flags of a CPU do, and nobody here asks for those.
pub(crate) struct Lines<const N: usize> {
    file: Fd,
    buf: [u8; 1024],
    start: usize,
    end: usize,
    line: [u8; N],
}

impl<const N: usize> Lines<N> {
    /// Opens a file.
    pub(crate) fn open(path: &CStr) -> Result<Lines<N>> {
        Ok(Lines { file: Fd::open(path)?, buf: [0; 1024], start: 0, end: 0, line: [0; N] })
    }

    /// The next line without its line feed; None at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>> {
        let mut len = 0;
        let mut any = false;
        loop {
            if self.start == self.end {
                self.start = 0;
                self.end = self.file.read(&mut self.buf)?;
                if self.end == 0 {
                    return Ok(any.then_some(&self.line[..len]));
                }
            }
            let have = &self.buf[self.start..self.end];
            any = true;
            let feed = have.iter().position(|&c| c == b'\n');
            let part = &have[..feed.unwrap_or(have.len())];
            let n = part.len().min(N - len);
            self.line[len..len + n].copy_from_slice(&part[..n]);
            len += n;
            self.start += part.len() + usize::from(feed.is_some());
            if feed.is_some() {
                return Ok(Some(&self.line[..len]));
            }
        }
    }
}

/// What stands behind `key` in the first line that begins with it, without blanks around it.
pub(crate) fn value<'t>(text: &'t [u8], key: &[u8]) -> Option<&'t [u8]> {
    text.split(|&c| c == b'\n').find_map(|line| line.strip_prefix(key)).map(<[u8]>::trim_ascii)
}

/// The decimal number that `text` begins with.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|c| c.is_ascii_digit());
    let mut any = false;
    let n = digits.fold(0u64, |n, &c| {
        any = true;
        n.saturating_mul(10).saturating_add((c - b'0').into())
    });
    any.then_some(n)
}

/// The decimal fraction that `text` begins with, such as `0.25`.
pub(crate) fn fraction(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|c| !c.is_ascii_digit() && *c != b'.').unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Errno;

    #[test]
    fn finds_values_and_numbers() {
        let text = b"XMemTotal: 1 kB\nMemTotal:   25 kB\nMemFree: x\n";
        assert_eq!(value(text, b"MemTotal:"), Some(&b"25 kB"[..]));
        assert_eq!(value(text, b"MemTotal:").and_then(number), Some(25));
        assert_eq!(value(text, b"MemFree:").and_then(number), None);
        assert_eq!(value(text, b"Swap:"), None);
        assert_eq!(number(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!(fraction(b"12.50 3"), Some(12.5));
        assert_eq!(fraction(b"x"), None);
    }

    #[test]
    fn long_lines_lose_their_end_only() {
        let path = std::env::temp_dir().join(format!("uvring-lines-{}", std::process::id()));
        std::fs::write(&path, format!("{}\n\nlast", "a".repeat(3000))).unwrap();
        let c_path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        let mut lines = Lines::<8>::open(&c_path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(lines.next().unwrap(), Some(&b"aaaaaaaa"[..]));
        assert_eq!(lines.next().unwrap(), Some(&b""[..]));
        assert_eq!(lines.next().unwrap(), Some(&b"last"[..]));
        assert_eq!(lines.next().unwrap(), None);
        assert!(matches!(Lines::<8>::open(c"/nonexistent"), Err(Errno::ENOENT)));
    }
}
