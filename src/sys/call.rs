//! What a system call answered, and making it again where a signal interrupted it.

use libc::c_int;

use crate::abi::{Errno, Result};

/// What a system call returned, or `errno`.
#[inline]
pub(crate) fn outcome(value: isize) -> Result<isize> {
    if value < 0 { Err(Errno::last()) } else { Ok(value) }
}

/// Makes a call that returns an `int`, again and again while signals interrupt it. Async-signal-safe, if the call is.
#[inline]
pub(crate) fn retry(mut call: impl FnMut() -> c_int) -> Result<isize> {
    retry_long(|| call() as isize)
}

/// The same for a call that returns a `ssize_t`.
#[inline]
pub(crate) fn retry_long(mut call: impl FnMut() -> isize) -> Result<isize> {
    loop {
        match outcome(call()) {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// A pipe, whose ends have these flags besides `O_CLOEXEC`: where to read, and where to write.
pub(crate) fn pipe(flags: c_int) -> Result<[c_int; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    outcome(unsafe { libc::pipe2(ends.as_mut_ptr(), flags | libc::O_CLOEXEC) } as isize)?;
    Ok(ends)
}

/// The calling thread, as C names it. Not `std::thread::current`, which is not to be had any more when a process ends.
pub(crate) fn this_thread() -> libc::pthread_t {
    // SAFETY: takes nothing.
    unsafe { libc::pthread_self() }
}
