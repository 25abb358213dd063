//! Signals of the process: handlers, blocking all, and the little that a handler may do.

use std::mem::{self, MaybeUninit};
use std::ptr;

use libc::c_int;

use crate::abi::{Errno, Result};
use crate::sys::call::{pipe, retry_long};

/// One more than the highest signal number.
pub(crate) const COUNT: usize = 65;

/// The kernel's set of signals.
type Set = u64;

/// Blocks every signal in the calling thread for as long as it lives, those of libc's own included: a thread that is
/// interrupted while it holds a lock of a handler would have its handler wait for itself.
pub(crate) struct AllBlocked(Set);

impl AllBlocked {
    pub(crate) fn new() -> AllBlocked {
        AllBlocked(set_mask(Set::MAX))
    }
}

impl Drop for AllBlocked {
    fn drop(&mut self) {
        set_mask(self.0);
    }
}

/// Blocks exactly the signals of `set` and gives those that were blocked before. Async-signal-safe.
pub(crate) fn set_mask(set: u64) -> u64 {
    let mut old: Set = 0;
    // SAFETY: eight bytes are read and written, which is the size of the kernel's set.
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const set, &raw mut old, size_of::<Set>());
    }
    old
}

/// Runs `body` in a signal handler, and leaves `errno` as it was.
pub(crate) fn keeping_errno(body: impl FnOnce()) {
    // SAFETY: `__errno_location` is always valid.
    unsafe {
        let errno = *libc::__errno_location();
        body();
        *libc::__errno_location() = errno;
    }
}

/// Has `handler` called for a signal, with all signals blocked meanwhile; interrupted system calls go on. With `once`, the
/// kernel restores the default at the first signal. `UV_EINVAL` if the signal cannot be caught.
pub(crate) fn catch(signum: c_int, handler: extern "C" fn(c_int), once: bool) -> Result {
    // SAFETY: zero bytes are a valid action.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_RESTART | if once { libc::SA_RESETHAND } else { 0 };
    // SAFETY: both point to valid sets and actions.
    let done = unsafe {
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(signum, &raw const action, ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(Errno::last()) }
}

/// Restores the default action of a signal. Async-signal-safe.
pub(crate) fn restore_default(signum: c_int) {
    // SAFETY: zero bytes are the default action with no flags.
    unsafe {
        let action: libc::sigaction = mem::zeroed();
        libc::sigaction(signum, &raw const action, ptr::null_mut());
    }
}

/// A pipe for messages: neither end blocks, or is inherited by programs.
pub(crate) fn message_pipe() -> Result<[c_int; 2]> {
    pipe(libc::O_NONBLOCK)
}

/// Writes a message, small enough to be written whole or not at all; false if the pipe is full. Async-signal-safe.
pub(crate) fn send<T: Copy>(pipe: c_int, message: &T) -> bool {
    // SAFETY: as many bytes are read as the message has.
    retry_long(|| unsafe { libc::write(pipe, ptr::from_ref(message).cast(), size_of::<T>()) })
        == Ok(size_of::<T>() as isize)
}

/// Reads a message, if there is one.
///
/// # Safety
/// Whatever [`send`] wrote into this pipe was a `T`.
pub(crate) unsafe fn receive<T: Copy>(pipe: c_int) -> Option<T> {
    let mut message = MaybeUninit::<T>::uninit();
    // SAFETY: there is room for as many bytes.
    let n = retry_long(|| unsafe { libc::read(pipe, message.as_mut_ptr().cast(), size_of::<T>()) });
    // SAFETY: filled, with a `T` as the caller promises.
    (n == Ok(size_of::<T>() as isize)).then(|| unsafe { message.assume_init() })
}

/// How many bytes a pipe holds.
pub(crate) fn unread(pipe: c_int) -> usize {
    let mut bytes: c_int = 0;
    // SAFETY: FIONREAD writes an int.
    unsafe { libc::ioctl(pipe, libc::FIONREAD, &raw mut bytes) };
    bytes.max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "signals")]
    fn messages_arrive_whole_and_in_order() {
        let [reader, writer] = message_pipe().unwrap();
        assert!(send(writer, &(1u64, 2u64)) && send(writer, &(3u64, 4u64)));
        assert_eq!(unread(reader), 32);
        // SAFETY: pairs were sent.
        unsafe {
            assert_eq!(receive::<(u64, u64)>(reader), Some((1, 2)));
            assert_eq!(receive::<(u64, u64)>(reader), Some((3, 4)));
            assert_eq!(receive::<(u64, u64)>(reader), None);
        }
        super::super::socket::close(reader);
        super::super::socket::close(writer);
    }

    #[test]
    #[cfg_attr(miri, ignore = "signals")]
    fn signals_are_blocked_for_a_while() {
        let before = set_mask(0);
        let blocked = AllBlocked::new();
        assert_ne!(set_mask(u64::MAX) & 1 << (libc::SIGUSR1 - 1), 0);
        drop(blocked);
        assert_eq!(set_mask(before), 0);
    }
}
