//! What the protocols between threads are made of: the wake-up, the mailbox, and asyncs that are sent. Built with `--cfg loom`, tests
//! try these protocols, as they are, in every order that the processor may choose; what they are made of is loom's then.

#![deny(unsafe_code)]

#[cfg(not(all(test, loom)))]
pub(crate) use {
    super::lock::{Mutex, MutexGuard},
    std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    std::thread::yield_now,
};

#[cfg(all(test, loom))]
pub(crate) use {
    loom::sync::MutexGuard,
    loom::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence},
    loom::thread::yield_now,
    tried::Mutex,
};

#[cfg(all(test, loom))]
mod tried {
    /// loom's lock, which is taken as ours is.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics with the lock")
        }
    }
}
