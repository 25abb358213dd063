//! Locks for what threads share.
//!
//! A lock is a word for the kernel's futex that also names the process: what was locked before a fork is free in the child, because who
//! held it may be a thread that the child does not have. What such a lock guards may have been left half changed; each user says why
//! that does no harm.
//!
//! std's locks know nothing of forks. The locks of the parking_lot crate are faster under contention, but park through one table for
//! the whole process: in a child that was forked while another thread of its parent held a bucket of that table, whoever parks there
//! hangs.
//!
//! Argument for the unsafe code: (1) a word is valid for as long as it is borrowed; (2) of the guards of one lock, at most one is alive.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

use libc::c_int;

use super::fork;

/// The low bits of a lock's word; the others are the fork generation.
const STATE: u32 = 3;
const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and somebody may sleep until it is not.
const AWAITED: u32 = 2;

/// How often to look before sleeping. std's figure.
const LOOKS: u32 = 100;

/// A lock. A signal handler may take it, provided that everybody else holds it with all signals blocked.
pub(crate) struct Lock(AtomicU32);

/// Gives the lock back at its end.
pub(crate) struct Held<'a>(&'a Lock);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicU32::new(FREE))
    }

    /// Waits for the lock.
    pub(crate) fn take(&self) -> Held<'_> {
        let mine = ours();
        if !self.try_take(mine, HELD) {
            self.wait(mine);
        }
        Held(self)
    }

    fn try_take(&self, mine: u32, state: u32) -> bool {
        let word = self.0.load(Relaxed);
        is_free(word, mine) && self.0.compare_exchange(word, mine | state, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn wait(&self, mine: u32) {
        for _ in 0..LOOKS {
            if self.0.load(Relaxed) != mine | HELD {
                break;
            }
            std::hint::spin_loop();
        }
        // Who has slept leaves it awaited: others may sleep still.
        while !self.try_take(mine, AWAITED) {
            let word = self.0.load(Relaxed);
            let sleeps = word == mine | AWAITED
                || (word == mine | HELD && self.0.compare_exchange(word, mine | AWAITED, Relaxed, Relaxed).is_ok());
            if sleeps {
                futex(&self.0, libc::FUTEX_WAIT, mine | AWAITED);
            }
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let word = self.0.0.swap(FREE, Release);
        if word & STATE == AWAITED {
            futex(&self.0.0, libc::FUTEX_WAKE, 1);
        }
    }
}

/// The high bits of what this process holds.
fn ours() -> u32 {
    (fork::generation() as u32) << 2
}

/// True for a word of a lock that nobody in the process holds.
fn is_free(word: u32, mine: u32) -> bool {
    word & STATE == FREE || word & !STATE != mine
}

fn futex(word: &AtomicU32, op: c_int, value: u32) {
    // SAFETY: (1); no timeout.
    unsafe {
        let forever = ptr::null::<libc::timespec>();
        libc::syscall(libc::SYS_futex, word.as_ptr(), op | libc::FUTEX_PRIVATE_FLAG, value, forever)
    };
}

/// Mutual exclusion around a value.
pub(crate) struct Mutex<T> {
    lock: Lock,
    value: UnsafeCell<T>,
}

// SAFETY: (2): one thread at a time gets to the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// Access to the value of a [`Mutex`], and the lock on it.
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    held: Held<'a>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex { lock: Lock::new(), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: self.lock.take() }
    }

    /// The value, unless somebody has it. Async-signal-safe.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.lock.try_take(ours(), HELD).then(|| MutexGuard { mutex: self, held: Held(&self.lock) })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: (2).
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: (2).
        unsafe { &mut *self.mutex.value.get() }
    }
}

/// What threads wait on that hold a [`Mutex`]: a count of notices.
pub(crate) struct Condvar(AtomicU32);

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar(AtomicU32::new(0))
    }

    /// Gives the lock up, sleeps until notified, or for no reason, and takes the lock again.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let seen = self.0.load(Relaxed);
        let MutexGuard { mutex, held } = guard;
        drop(held);
        futex(&self.0, libc::FUTEX_WAIT, seen);
        mutex.lock()
    }

    pub(crate) fn notify_one(&self) {
        self.notify(1);
    }

    pub(crate) fn notify_all(&self) {
        self.notify(i32::MAX as u32);
    }

    fn notify(&self, most: u32) {
        self.0.fetch_add(1, Relaxed);
        futex(&self.0, libc::FUTEX_WAKE, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time_has_the_value() {
        static COUNT: Mutex<u32> = Mutex::new(0);
        let rounds = if cfg!(miri) { 20 } else { 2000 };
        let work = || (0..rounds).for_each(|_| *COUNT.lock() += 1);
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert_eq!(*COUNT.lock(), 4 * rounds);
    }

    #[test]
    fn a_notice_ends_the_wait() {
        static TURN: Mutex<u32> = Mutex::new(0);
        static CHANGED: Condvar = Condvar::new();
        let take_turns = |me: u32| {
            for _ in 0..50 {
                let mut turn = TURN.lock();
                while *turn % 2 != me {
                    turn = CHANGED.wait(turn);
                }
                *turn += 1;
                CHANGED.notify_all();
            }
        };
        std::thread::scope(|scope| (0..2).for_each(|me| drop(scope.spawn(move || take_turns(me)))));
        assert_eq!(*TURN.lock(), 100);
    }

    #[test]
    fn what_an_ancestor_held_is_free() {
        let lock = Lock::new();
        for state in [HELD, AWAITED] {
            lock.0.store((ours() + 4) | state, Relaxed);
            drop(lock.take());
        }
        let held = lock.take();
        assert!(!lock.try_take(ours(), HELD));
        drop(held);
    }
}
