//! Locks and what else threads meet at. The types are pthread's own, so a program may mix the calls.
//!
//! A lock call that fails has been misused (the memory is not a lock, the caller does not hold it): going on would
//! corrupt what the lock guards, so such an error ends the process, as it does in libuv.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_uint, c_void, timespec};

use crate::abi::{Errno, uv_barrier_t, uv_cond_t, uv_key_t, uv_mutex_t, uv_once_t, uv_rwlock_t, uv_sem_t};
use crate::sys::clock;
use crate::sys::spin::AdaptiveSpin;

/// Makes a mutex. A thread that locks it twice waits for ever. Returns 0 or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_init(handle: *mut uv_mutex_t) -> c_int {
    // SAFETY: C promises a place for the mutex.
    unsafe { -libc::pthread_mutex_init(handle, ptr::null()) }
}

/// Makes a mutex that its holder may lock again; it has to unlock it as often. Returns 0 or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_init_recursive(handle: *mut uv_mutex_t) -> c_int {
    let mut attr = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    // SAFETY: C promises a place for the mutex; the attribute is initialised first and destroyed last.
    unsafe {
        must(libc::pthread_mutexattr_init(attr.as_mut_ptr()));
        must(libc::pthread_mutexattr_settype(attr.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE));
        let error = libc::pthread_mutex_init(handle, attr.as_ptr());
        must(libc::pthread_mutexattr_destroy(attr.as_mut_ptr()));
        -error
    }
}

/// Ends a mutex, which nobody may hold: the process aborts if somebody does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_destroy(handle: *mut uv_mutex_t) {
    // SAFETY: C promises an initialised mutex.
    must(unsafe { libc::pthread_mutex_destroy(handle) });
}

/// Locks a mutex, waiting for it if necessary.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_lock(handle: *mut uv_mutex_t) {
    // SAFETY: C promises an initialised mutex.
    must(unsafe { libc::pthread_mutex_lock(handle) });
}

/// Locks a mutex if it is free. Returns 0 or `UV_EBUSY`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_trylock(handle: *mut uv_mutex_t) -> c_int {
    // SAFETY: C promises an initialised mutex.
    taken(unsafe { libc::pthread_mutex_trylock(handle) })
}

/// Unlocks a mutex, which the caller holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_mutex_unlock(handle: *mut uv_mutex_t) {
    // SAFETY: C promises an initialised mutex.
    must(unsafe { libc::pthread_mutex_unlock(handle) });
}

/// Makes a read-write lock. Returns 0 or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_init(rwlock: *mut uv_rwlock_t) -> c_int {
    // SAFETY: C promises a place for the lock.
    unsafe { -libc::pthread_rwlock_init(rwlock, ptr::null()) }
}

/// Ends a read-write lock, which nobody may hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_destroy(rwlock: *mut uv_rwlock_t) {
    // SAFETY: C promises an initialised lock.
    must(unsafe { libc::pthread_rwlock_destroy(rwlock) });
}

/// Locks for reading, waiting for the writer if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_rdlock(rwlock: *mut uv_rwlock_t) {
    // SAFETY: C promises an initialised lock.
    must(unsafe { libc::pthread_rwlock_rdlock(rwlock) });
}

/// Locks for reading if that is possible at once. Returns 0 or `UV_EBUSY`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_tryrdlock(rwlock: *mut uv_rwlock_t) -> c_int {
    // SAFETY: C promises an initialised lock.
    taken(unsafe { libc::pthread_rwlock_tryrdlock(rwlock) })
}

/// Gives a reader's lock back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_rdunlock(rwlock: *mut uv_rwlock_t) {
    // SAFETY: C promises an initialised lock.
    must(unsafe { libc::pthread_rwlock_unlock(rwlock) });
}

/// Locks for writing, waiting for readers and writer to leave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_wrlock(rwlock: *mut uv_rwlock_t) {
    // SAFETY: C promises an initialised lock.
    must(unsafe { libc::pthread_rwlock_wrlock(rwlock) });
}

/// Locks for writing if that is possible at once. Returns 0 or `UV_EBUSY`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_trywrlock(rwlock: *mut uv_rwlock_t) -> c_int {
    // SAFETY: C promises an initialised lock.
    taken(unsafe { libc::pthread_rwlock_trywrlock(rwlock) })
}

/// Gives the writer's lock back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_rwlock_wrunlock(rwlock: *mut uv_rwlock_t) {
    // SAFETY: C promises an initialised lock.
    must(unsafe { libc::pthread_rwlock_unlock(rwlock) });
}

/// Makes a semaphore that starts at `value`. Returns 0, or `UV_EINVAL` if the value is above 2147483647.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_sem_init(sem: *mut uv_sem_t, value: c_uint) -> c_int {
    // SAFETY: C promises a place for the semaphore.
    match unsafe { libc::sem_init(sem, 0, value) } {
        0 => 0,
        _ => Errno::last().0,
    }
}

/// Ends a semaphore, on which nobody may wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_sem_destroy(sem: *mut uv_sem_t) {
    // SAFETY: C promises an initialised semaphore.
    must(unsafe { libc::sem_destroy(sem) });
}

/// Adds one to a semaphore and wakes a waiter. Async-signal-safe. The process aborts if the value would pass 2147483647.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_sem_post(sem: *mut uv_sem_t) {
    // SAFETY: C promises an initialised semaphore.
    must(unsafe { libc::sem_post(sem) });
}

thread_local!(static ADAPTIVE_SPIN: Cell<AdaptiveSpin> = const { Cell::new(AdaptiveSpin::new()) });

/// Takes one from a semaphore, waiting until there is one. A signal does not end the wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_sem_wait(sem: *mut uv_sem_t) {
    // SAFETY: the caller's.
    let try_to_take = || unsafe { uv_sem_trywait(sem) } == 0;
    let mut adaptive_spin = ADAPTIVE_SPIN.get();
    if try_to_take() || (adaptive_spin.expects_work() && adaptive_spin.spin(None, try_to_take)) {
        return ADAPTIVE_SPIN.set(adaptive_spin);
    }
    let since = clock::monotonic_ns();
    // SAFETY: C promises an initialised semaphore.
    while unsafe { libc::sem_wait(sem) } != 0 {
        if Errno::last() != Errno::EINTR {
            std::process::abort();
        }
    }
    adaptive_spin.slept(Some(clock::monotonic_ns() - since));
    ADAPTIVE_SPIN.set(adaptive_spin);
}

/// Takes one from a semaphore if there is one. Returns 0 or `UV_EAGAIN`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_sem_trywait(sem: *mut uv_sem_t) -> c_int {
    // SAFETY: C promises an initialised semaphore.
    while unsafe { libc::sem_trywait(sem) } != 0 {
        match Errno::last() {
            Errno::EAGAIN => return Errno::EAGAIN.0,
            Errno::EINTR => {}
            _ => std::process::abort(),
        }
    }
    0
}

/// Makes a condition variable, whose timeouts follow the monotonic clock. Returns 0 or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_init(cond: *mut uv_cond_t) -> c_int {
    let mut attr = MaybeUninit::<libc::pthread_condattr_t>::uninit();
    // SAFETY: C promises a place for the variable; the attribute is initialised first and destroyed last.
    unsafe {
        must(libc::pthread_condattr_init(attr.as_mut_ptr()));
        must(libc::pthread_condattr_setclock(attr.as_mut_ptr(), libc::CLOCK_MONOTONIC));
        let error = libc::pthread_cond_init(cond, attr.as_ptr());
        must(libc::pthread_condattr_destroy(attr.as_mut_ptr()));
        -error
    }
}

/// Ends a condition variable, on which nobody may wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_destroy(cond: *mut uv_cond_t) {
    // SAFETY: C promises an initialised variable.
    must(unsafe { libc::pthread_cond_destroy(cond) });
}

/// Wakes one waiter, if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_signal(cond: *mut uv_cond_t) {
    // SAFETY: C promises an initialised variable.
    must(unsafe { libc::pthread_cond_signal(cond) });
}

/// Wakes all waiters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_broadcast(cond: *mut uv_cond_t) {
    // SAFETY: C promises an initialised variable.
    must(unsafe { libc::pthread_cond_broadcast(cond) });
}

/// Unlocks `mutex`, which the caller holds, waits to be woken, and locks it again. It may wake for no reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_wait(cond: *mut uv_cond_t, mutex: *mut uv_mutex_t) {
    // SAFETY: C promises an initialised variable and mutex.
    must(unsafe { libc::pthread_cond_wait(cond, mutex) });
}

/// As `uv_cond_wait`, for `timeout` nanoseconds at most, counted from now.
///
/// Returns 0 if woken, which may happen for no reason, or `UV_ETIMEDOUT`. The mutex is locked either way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cond_timedwait(cond: *mut uv_cond_t, mutex: *mut uv_mutex_t, timeout: u64) -> c_int {
    let deadline = clock::monotonic_ns().saturating_add(timeout);
    let deadline = timespec {
        tv_sec: (deadline / 1_000_000_000) as libc::time_t,
        tv_nsec: (deadline % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: C promises an initialised variable and mutex.
    match unsafe { libc::pthread_cond_timedwait(cond, mutex, &raw const deadline) } {
        0 => 0,
        libc::ETIMEDOUT => Errno::ETIMEDOUT.0,
        _ => std::process::abort(),
    }
}

/// Makes a barrier for `count` threads. Returns 0, `UV_EINVAL` if `count` is 0, or another error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_barrier_init(barrier: *mut uv_barrier_t, count: c_uint) -> c_int {
    // SAFETY: C promises a place for the barrier.
    unsafe { -libc::pthread_barrier_init(barrier, ptr::null(), count) }
}

/// Ends a barrier. It waits for the threads that are still on their way out of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_barrier_destroy(barrier: *mut uv_barrier_t) {
    // SAFETY: C promises an initialised barrier.
    must(unsafe { libc::pthread_barrier_destroy(barrier) });
}

/// Waits until as many threads as the barrier was made for are here. Returns 1 in one of them, which may destroy the
/// barrier, and 0 in the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_barrier_wait(barrier: *mut uv_barrier_t) -> c_int {
    // SAFETY: C promises an initialised barrier.
    match unsafe { libc::pthread_barrier_wait(barrier) } {
        0 => 0,
        libc::PTHREAD_BARRIER_SERIAL_THREAD => 1,
        _ => std::process::abort(),
    }
}

/// Calls `callback` if no call with this guard has done so. Other threads wait until it has returned. The guard starts
/// as `UV_ONCE_INIT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_once(guard: *mut uv_once_t, callback: Option<unsafe extern "C" fn()>) {
    let Some(callback) = callback else { std::process::abort() };
    // SAFETY: the two function types differ in what Rust asks of the caller, not in how C calls them. C promises an
    // initialised guard. The callback runs inside pthread_once, and this frame holds nothing (law 3).
    unsafe {
        let callback = std::mem::transmute::<unsafe extern "C" fn(), extern "C" fn()>(callback);
        must(libc::pthread_once(guard, callback));
    }
}

/// Makes a key of thread-local storage, NULL in each thread at first. Returns 0, `UV_EAGAIN` if there are too many, or
/// another error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_key_create(key: *mut uv_key_t) -> c_int {
    // SAFETY: C promises a place for the key.
    unsafe { -libc::pthread_key_create(key, None) }
}

/// Deletes a key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_key_delete(key: *mut uv_key_t) {
    // SAFETY: C promises a key.
    must(unsafe { libc::pthread_key_delete(*key) });
}

/// The calling thread's value of a key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_key_get(key: *mut uv_key_t) -> *mut c_void {
    // SAFETY: C promises a key.
    unsafe { libc::pthread_getspecific(*key) }
}

/// Sets the calling thread's value of a key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_key_set(key: *mut uv_key_t, value: *mut c_void) {
    // SAFETY: C promises a key.
    must(unsafe { libc::pthread_setspecific(*key, value) });
}

fn must(result: c_int) {
    if result != 0 {
        std::process::abort();
    }
}

/// What a lock that was only tried gives. A recursive lock held too often, or one with too many readers, is busy too.
fn taken(result: c_int) -> c_int {
    match result {
        0 => 0,
        libc::EBUSY | libc::EAGAIN => Errno::EBUSY.0,
        _ => std::process::abort(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the C library's locks")]
    fn waits_time_out_and_do_not_wrap() {
        let mut mutex = MaybeUninit::uninit();
        let mut cond = MaybeUninit::uninit();
        let (mutex, cond) = (mutex.as_mut_ptr(), cond.as_mut_ptr());
        // SAFETY: both are initialised first and destroyed last.
        unsafe {
            assert_eq!(uv_mutex_init(mutex), 0);
            assert_eq!(uv_cond_init(cond), 0);
            uv_mutex_lock(mutex);
            let start = clock::monotonic_ns();
            assert_eq!(uv_cond_timedwait(cond, mutex, 10_000_000), Errno::ETIMEDOUT.0);
            assert!(clock::monotonic_ns() - start >= 10_000_000);

            let (shared_mutex, shared_cond) = (mutex as usize, cond as usize);
            let waker = std::thread::spawn(move || {
                uv_mutex_lock(shared_mutex as *mut uv_mutex_t);
                uv_cond_signal(shared_cond as *mut uv_cond_t);
                uv_mutex_unlock(shared_mutex as *mut uv_mutex_t);
            });
            assert_eq!(uv_cond_timedwait(cond, mutex, u64::MAX), 0);
            uv_mutex_unlock(mutex);
            waker.join().unwrap();
            uv_cond_destroy(cond);
            uv_mutex_destroy(mutex);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the C library's locks")]
    fn a_barrier_has_one_last_thread() {
        let mut barrier = MaybeUninit::uninit();
        let barrier = barrier.as_mut_ptr();
        // SAFETY: initialised first and destroyed last.
        unsafe {
            assert_eq!(uv_barrier_init(barrier, 0), Errno::EINVAL.0);
            assert_eq!(uv_barrier_init(barrier, 3), 0);
            let shared = barrier as usize;
            let others = [0, 1].map(|_| std::thread::spawn(move || uv_barrier_wait(shared as *mut uv_barrier_t)));
            let mine = uv_barrier_wait(barrier);
            let theirs: c_int = others.into_iter().map(|t| t.join().unwrap()).sum();
            assert_eq!(mine + theirs, 1);
            uv_barrier_destroy(barrier);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the C library's locks")]
    fn tried_locks_are_busy() {
        let mut lock = MaybeUninit::uninit();
        let lock = lock.as_mut_ptr();
        // SAFETY: initialised first and destroyed last.
        unsafe {
            assert_eq!(uv_rwlock_init(lock), 0);
            uv_rwlock_rdlock(lock);
            assert_eq!(uv_rwlock_tryrdlock(lock), 0);
            assert_eq!(uv_rwlock_trywrlock(lock), Errno::EBUSY.0);
            uv_rwlock_rdunlock(lock);
            uv_rwlock_rdunlock(lock);
            assert_eq!(uv_rwlock_trywrlock(lock), 0);
            assert_eq!(uv_rwlock_tryrdlock(lock), Errno::EBUSY.0);
            uv_rwlock_wrunlock(lock);
            uv_rwlock_destroy(lock);
        }
    }
}
