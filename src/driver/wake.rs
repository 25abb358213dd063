//! Waking a sleeping loop from another thread, or from a signal handler.
//!
//! A sender publishes its work, then looks at the state. The states:
//!
//! - AWAKE: inside `uv_run`, between the return from the sleep and the check before the next one. The loop looks for work
//!   before it sleeps again, so nobody has to write.
//! - ASLEEP: everywhere else; who finds this state moves it to SIGNALLED and writes to the eventfd.
//! - SIGNALLED: a token is in the eventfd, or about to be.
//!
//! Where somebody else waits on the loop's descriptor, too, the loop is never AWAKE, and takes the token itself.
//!
//! Both sides put a SeqCst fence between their store and their load, so at least one sees the other: the sender stores its
//! work and loads the state; the loop stores ASLEEP and looks for work.

use libc::c_int;

use crate::abi::{Errno, Result};
use crate::base::sync::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering, fence};
use crate::sys::call;

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const SIGNALLED: u32 = 2;

/// One loop's wake-up.
pub(crate) struct Wake {
    fd: AtomicI32,
    state: AtomicU32,
    /// Tokens written, for the counters.
    tokens: AtomicU64,
    /// Somebody else waits on the loop's descriptor.
    watched: AtomicBool,
}

fn eventfd() -> Result<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    if fd < 0 { Err(Errno::last()) } else { Ok(fd) }
}

impl Wake {
    pub(crate) fn open() -> Result<Wake> {
        Ok(Wake {
            fd: AtomicI32::new(eventfd()?),
            state: AtomicU32::new(ASLEEP),
            tokens: AtomicU64::new(0),
            watched: AtomicBool::new(false),
        })
    }

    /// The eventfd; readable when the loop should look for work.
    pub(crate) fn fd(&self) -> c_int {
        self.fd.load(Ordering::Relaxed)
    }

    /// Wakes the loop if it sleeps. To be called after the work was published. Async-signal-safe; leaves `errno` alone.
    pub(crate) fn wake(&self) {
        if self.claim() {
            self.signal();
        }
    }

    /// The first half of [`wake`](Self::wake): true if the caller has to `signal`.
    pub(crate) fn claim(&self) -> bool {
        fence(Ordering::SeqCst);
        self.state.load(Ordering::Relaxed) == ASLEEP
            && self.state.compare_exchange(ASLEEP, SIGNALLED, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// The second half: puts the token into the eventfd.
    pub(crate) fn signal(&self) {
        self.tokens.fetch_add(1, Ordering::Relaxed);
        let one = 1u64;
        // SAFETY: eight bytes are read from `one`; `__errno_location` is always valid.
        unsafe {
            let errno = *libc::__errno_location();
            // Nobody else would wake the loop: also where a filter or a tracer makes the call fail with EINTR.
            let _ = call::retry_long(|| libc::write(self.fd(), (&raw const one).cast(), 8));
            *libc::__errno_location() = errno;
        }
    }

    /// How often the loop was woken.
    pub(crate) fn count(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    /// The loop is about to sleep, or to leave `uv_run`. It must look for work after this.
    pub(crate) fn asleep(&self) {
        self.state.store(ASLEEP, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// The loop runs: it will look for work before it sleeps.
    pub(crate) fn awake(&self) {
        if !self.is_watched() {
            self.state.store(AWAKE, Ordering::SeqCst);
        }
    }

    /// From now on somebody else waits on the loop's descriptor. True if that is new.
    pub(crate) fn watch(&self) -> bool {
        let is_new = !self.watched.swap(true, Ordering::SeqCst);
        if is_new {
            self.asleep();
        }
        is_new
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::SeqCst)
    }

    /// True if a token is in the eventfd that the loop has not been told of, or about to be.
    pub(crate) fn is_signalled(&self) -> bool {
        self.state.load(Ordering::SeqCst) == SIGNALLED
    }

    /// Takes the token. To be called when the eventfd was reported readable.
    pub(crate) fn drain(&self) {
        let mut token = 0u64;
        // SAFETY: eight bytes are written to `token`.
        unsafe { libc::read(self.fd(), (&raw mut token).cast(), 8) };
    }

    /// A new eventfd, in a forked child: the old one is shared with the parent.
    pub(crate) fn reopen(&self) -> Result {
        // First of all, because at the limit of descriptors there is no further number.
        // SAFETY: ours, and nothing else uses it.
        unsafe { libc::close(self.fd.swap(-1, Ordering::Relaxed)) };
        self.fd.store(eventfd()?, Ordering::Relaxed);
        self.asleep();
        Ok(())
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        // SAFETY: ours; the loop is being closed.
        unsafe { libc::close(self.fd()) };
    }
}

#[cfg(all(test, loom))]
mod every_order {
    use loom::sync::Arc;
    use loom::thread::spawn;

    use super::*;

    /// A sender publishes its work while the loop, which was awake, falls asleep. It sees the work, or has a token.
    #[test]
    fn no_wake_up_is_lost() {
        loom::model(|| {
            let shared = Arc::new((Wake::open().expect("an eventfd"), AtomicBool::new(false)));
            let (wake, work) = (&shared.0, &shared.1);
            wake.awake();
            let sender = spawn({
                let shared = shared.clone();
                move || {
                    shared.1.store(true, Ordering::Relaxed);
                    shared.0.wake();
                }
            });
            wake.asleep();
            let sees = work.load(Ordering::Relaxed);
            sender.join().expect("it ends");
            assert!(sees || wake.is_signalled());
        });
    }

    /// The same where somebody else waits on the descriptor, and the loop takes the token itself.
    #[test]
    fn no_token_is_taken_in_vain() {
        loom::model(|| {
            let shared = Arc::new((Wake::open().expect("an eventfd"), AtomicBool::new(false)));
            let (wake, work) = (&shared.0, &shared.1);
            assert!(wake.watch());
            let sender = spawn({
                let shared = shared.clone();
                move || {
                    shared.1.store(true, Ordering::Relaxed);
                    shared.0.wake();
                }
            });
            wake.awake();
            let mut sees = false;
            if wake.is_signalled() {
                wake.drain();
                wake.asleep();
                sees = work.load(Ordering::Relaxed);
            }
            sender.join().expect("it ends");
            assert!(sees || wake.is_signalled());
        });
    }

    /// Of two senders one writes.
    #[test]
    fn a_sleeping_loop_is_woken_once() {
        loom::model(|| {
            let wake = Arc::new(Wake::open().expect("an eventfd"));
            let send = || {
                let wake = wake.clone();
                spawn(move || wake.wake())
            };
            for sender in [send(), send()] {
                sender.join().expect("it ends");
            }
            assert_eq!(wake.count(), 1);
        });
    }
}
