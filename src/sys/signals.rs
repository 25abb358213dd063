//! Signals of the process: handlers, blocking all, and the little that a handler may do.

use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use libc::c_int;

use crate::abi::{Errno, Result};

/// One more than the highest signal number.
pub(crate) const COUNT: usize = 65;

/// The kernel's set of signals.
type Set = u64;

/// Blocks every signal in the calling thread for as long as it lives, those of libc's own included: a thread that is
/// interrupted while it holds a [`Lock`] would have its handler wait for itself.
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

/// A lock that a signal handler may take, provided that everybody else holds it with all signals blocked.
pub(crate) struct Lock(AtomicU32);

const FREE: u32 = 0;
const HELD: u32 = 1;
const AWAITED: u32 = 2;

/// Gives the lock back at its end.
pub(crate) struct Held<'a>(&'a Lock);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicU32::new(FREE))
    }

    /// Waits for the lock. All signals are blocked, and stay so until it is given back.
    pub(crate) fn take(&self) -> Held<'_> {
        if self.0.compare_exchange(FREE, HELD, SeqCst, SeqCst).is_err() {
            while self.0.swap(AWAITED, SeqCst) != FREE {
                self.futex(libc::FUTEX_WAIT, AWAITED);
            }
        }
        Held(self)
    }

    /// In a forked child, whose parent's other threads may have held it.
    pub(crate) fn reset(&self) {
        self.0.store(FREE, SeqCst);
    }

    fn futex(&self, op: c_int, value: u32) {
        // SAFETY: the word is valid; no timeout.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.as_ptr(),
                op | libc::FUTEX_PRIVATE_FLAG,
                value,
                ptr::null::<libc::timespec>(),
            )
        };
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.0.0.swap(FREE, SeqCst) == AWAITED {
            self.0.futex(libc::FUTEX_WAKE, 1);
        }
    }
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

/// Has `in_child` called in each forked child from now on.
pub(crate) fn at_fork(in_child: unsafe extern "C" fn()) {
    // SAFETY: the function lives as long as the library.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// A pipe for messages: neither end blocks, or is inherited by programs.
pub(crate) fn message_pipe() -> Result<[c_int; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    match unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } {
        0 => Ok(ends),
        _ => Err(Errno::last()),
    }
}

/// Writes a message, small enough to be written whole or not at all; false if the pipe is full. Async-signal-safe.
pub(crate) fn send<T: Copy>(pipe: c_int, message: &T) -> bool {
    loop {
        // SAFETY: as many bytes are read as the message has.
        let n = unsafe { libc::write(pipe, ptr::from_ref(message).cast(), size_of::<T>()) };
        if n == size_of::<T>() as isize {
            return true;
        }
        if Errno::last() != Errno::EINTR {
            return false;
        }
    }
}

/// Reads a message, if there is one.
///
/// # Safety
/// Whatever [`send`] wrote into this pipe was a `T`.
pub(crate) unsafe fn receive<T: Copy>(pipe: c_int) -> Option<T> {
    let mut message = MaybeUninit::<T>::uninit();
    loop {
        // SAFETY: there is room for as many bytes.
        let n = unsafe { libc::read(pipe, message.as_mut_ptr().cast(), size_of::<T>()) };
        if n == size_of::<T>() as isize {
            // SAFETY: filled, with a `T` as the caller promises.
            return Some(unsafe { message.assume_init() });
        }
        if n >= 0 || Errno::last() != Errno::EINTR {
            return None;
        }
    }
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
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn one_thread_at_a_time_holds_the_lock() {
        static LOCK: Lock = Lock::new();
        static INSIDE: AtomicUsize = AtomicUsize::new(0);
        static TOTAL: AtomicUsize = AtomicUsize::new(0);
        let work = || {
            for _ in 0..2000 {
                let blocked = AllBlocked::new();
                let held = LOCK.take();
                assert_eq!(INSIDE.fetch_add(1, SeqCst), 0);
                TOTAL.fetch_add(1, SeqCst);
                INSIDE.fetch_sub(1, SeqCst);
                drop(held);
                drop(blocked);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert_eq!(TOTAL.load(SeqCst), 8000);
    }

    #[test]
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
    fn signals_are_blocked_for_a_while() {
        let before = set_mask(0);
        let blocked = AllBlocked::new();
        assert_ne!(set_mask(u64::MAX) & 1 << (libc::SIGUSR1 - 1), 0);
        drop(blocked);
        assert_eq!(set_mask(before), 0);
    }
}
