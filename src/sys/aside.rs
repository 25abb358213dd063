//! A thread that the C library does not learn of.
//!
//! glibc lets `read`, `write` and the like take a shorter way in a process that never had a second thread, and remembers
//! for good that there was one: an echo server that had made and ended one thread took 3 % more processor time. So what has
//! to be done once in a thread of its own is done in one made by `clone`, while its maker waits.
//!
//! Argument for the unsafe code: (1) the maker waits, in the kernel, until the thread is gone; so the thread may borrow the
//! maker's values, and use its thread-local storage (`errno`, the allocator's cache) as if it were the maker; (2) all signals
//! are blocked meanwhile, in both.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Acquire};

use libc::{c_int, c_void};

use crate::abi::{Errno, Result};
use crate::sys::signals::AllBlocked;

/// The thread's stack and, below it, memory that may not be touched, in bytes.
const STACK: usize = 256 << 10;
const GUARD: usize = 64 << 10;

/// How often to look whether the thread is gone altogether, before that is left to the kernel.
const MOST_LOOKS: usize = 10_000;

/// A mapping for a stack.
struct Stack(*mut c_void);

impl Stack {
    fn map() -> Result<Stack> {
        let (flags, access) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: a fresh mapping, of which the lower end is given no rights.
        unsafe {
            let at = libc::mmap(ptr::null_mut(), GUARD + STACK, access, flags | libc::MAP_STACK, -1, 0);
            if at == libc::MAP_FAILED {
                return Err(Errno::last());
            }
            libc::mprotect(at, GUARD, libc::PROT_NONE);
            Ok(Stack(at))
        }
    }

    fn end(&self) -> *mut c_void {
        self.0.wrapping_byte_add(GUARD + STACK)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: ours, and the thread has left it.
        unsafe { libc::munmap(self.0, GUARD + STACK) };
    }
}

/// What the thread does, and where its result goes.
struct Job<R> {
    body: fn() -> R,
    result: MaybeUninit<R>,
}

extern "C" fn run<R>(job: *mut c_void) -> c_int {
    // SAFETY: (1).
    let job = unsafe { &mut *job.cast::<Job<R>>() };
    job.result.write((job.body)());
    0
}

/// Has a new thread run `body`, and gives its result when the thread is done. `UV_ENOMEM`, `UV_EAGAIN` if there can be none.
pub(crate) fn call<R: Copy + Send>(body: fn() -> R) -> Result<R> {
    let stack = Stack::map()?;
    let mut job = Job { body, result: MaybeUninit::uninit() };
    // The kernel clears this, and wakes who waits, when the thread has gone for good.
    let alive = AtomicI32::new(1);
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_CHILD_CLEARTID;
    let nothing = ptr::null_mut::<c_void>();
    let blocked = AllBlocked::new();
    // SAFETY: (1), (2); the kernel writes to `alive`, which outlives the thread.
    unsafe {
        let argument = (&raw mut job).cast();
        let thread = libc::clone(run::<R>, stack.end(), flags, argument, nothing, nothing, alive.as_ptr());
        if thread == -1 {
            return Err(Errno::last());
        }
        while alive.load(Acquire) != 0 {
            libc::syscall(libc::SYS_futex, alive.as_ptr(), libc::FUTEX_WAIT, 1, ptr::null::<c_void>());
        }
        // It counts as a thread of the process a moment longer, which whoever asks for a namespace next would notice.
        for _ in 0..MOST_LOOKS {
            if libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) != 0 {
                break;
            }
            libc::sched_yield();
        }
    }
    drop(blocked);
    // SAFETY: the thread has ended, so it has written its result.
    Ok(unsafe { job.result.assume_init() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "a thread of the kernel's")]
    fn runs_in_a_thread_that_is_gone_afterwards() {
        fn number() -> c_int {
            // SAFETY: no pointers.
            unsafe { libc::gettid() }
        }
        let inner = call(number).unwrap();
        assert_ne!(inner, number());
        assert!(!std::fs::exists(format!("/proc/self/task/{inner}")).unwrap());
    }
}
