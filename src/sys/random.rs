//! Random bytes of the system.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use libc::c_void;

use crate::abi::{Errno, Result};
use crate::sys::call::retry_long;
use crate::sys::proc_file::Fd;

/// Fills `len` bytes at `buf` with random bytes fit for keys. May block early in the system's life.
///
/// Thread-safe. Fails with `UV_ENOSYS` if the system has no source, or with what reading the source gave.
///
/// # Safety
/// `buf` has room for `len` bytes.
pub(crate) unsafe fn fill(buf: *mut c_void, len: usize) -> Result {
    // SAFETY: as the caller promises.
    match unsafe { from_call(buf.cast(), len) } {
        // The call is older than any kernel with io_uring, but a sandbox may refuse it.
        Err(Errno::ENOSYS) => {}
        result => return result,
    }
    // SAFETY: as the caller promises.
    match unsafe { from_device(buf.cast(), len) } {
        // No device to read. Nothing is left to ask: the sysctl that once answered is gone from Linux.
        Err(
            Errno::EACCES | Errno::EIO | Errno::ELOOP | Errno::EMFILE | Errno::ENFILE | Errno::ENOENT | Errno::EPERM,
        ) => Err(Errno::ENOSYS),
        result => result,
    }
}

/// # Safety
/// As for `fill`.
unsafe fn from_call(buf: *mut u8, len: usize) -> Result {
    let mut done = 0;
    while done < len {
        // Up to 256 bytes come whole, without interruption by signals.
        let part = (len - done).min(256);
        // SAFETY: within the caller's `len` bytes.
        match retry_long(|| unsafe { libc::getrandom(buf.add(done).cast(), part, 0) })? {
            0 => return Err(Errno::EIO),
            n => done += n as usize,
        }
    }
    Ok(())
}

/// # Safety
/// As for `fill`.
unsafe fn from_device(buf: *mut u8, len: usize) -> Result {
    // /dev/urandom never waits for the pool to be seeded. One byte of /dev/random does.
    static SEEDED: AtomicBool = AtomicBool::new(false);
    if !SEEDED.load(Relaxed) {
        let mut byte = 0;
        // SAFETY: one byte.
        unsafe { from_file(&Fd::open(c"/dev/random")?, &raw mut byte, 1)? };
        SEEDED.store(true, Relaxed);
    }
    // SAFETY: as the caller promises.
    unsafe { from_file(&Fd::open(c"/dev/urandom")?, buf, len) }
}

/// # Safety
/// As for `fill`.
unsafe fn from_file(file: &Fd, buf: *mut u8, len: usize) -> Result {
    // SAFETY: zeros are a stat result, and `stat` is the place for one.
    let is_device = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstat(file.raw(), &raw mut stat) == 0 && stat.st_mode & libc::S_IFMT == libc::S_IFCHR
    };
    if !is_device {
        return Err(Errno::EIO);
    }
    let mut done = 0;
    while done < len {
        // SAFETY: within the caller's `len` bytes; they need not be initialised, so no slice of them is made.
        match retry_long(|| unsafe { libc::read(file.raw(), buf.add(done).cast(), len - done) })? {
            0 => return Err(Errno::EIO),
            n => done += n as usize,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "devices")]
    fn both_sources_fill_the_whole_buffer() {
        for source in [fill as unsafe fn(*mut c_void, usize) -> Result, |b, n| {
            // SAFETY: as for `fill`.
            unsafe { from_device(b.cast(), n) }
        }] {
            let mut buf = [0u8; 1000];
            // SAFETY: one byte less than the buffer has.
            unsafe { source(buf.as_mut_ptr().cast(), 999) }.unwrap();
            assert!(buf[990..999].iter().any(|&b| b != 0));
            assert_eq!(buf[999], 0);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "devices")]
    fn only_a_device_is_a_source() {
        let file = Fd::open(c"/proc/self/stat").unwrap();
        // SAFETY: nothing is to be read.
        assert_eq!(unsafe { from_file(&file, std::ptr::null_mut(), 0) }, Err(Errno::EIO));
    }
}
