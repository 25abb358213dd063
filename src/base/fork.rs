//! Notices forks, so that a child never touches what belongs to its parent's kernel objects and threads.
//!
//! A forked child has its parent's memory and descriptors, and one thread. What the parent's other threads held, were changing or
//! were about to do stays so in the child, for ever. Each process has a number ([`generation`]), which is counted up in a child
//! before anything else runs there. Whatever may outlive a fork remembers the number under which it was made or taken:
//!
//! | what | in a child |
//! |---|---|
//! | locks (`base/lock.rs`) | are free if they were taken under another number |
//! | what is found out once (the probe, switches, processors) | is never waited for: each thread may find out for itself |
//! | the thread pool (`pool`) | is made anew; what the parent's had stays under way for ever, unless it was queued and is cancelled |
//! | rings, in use, spare or given up (`driver`) | are never entered, waited for or unmapped; only their descriptors are closed |
//! | epoll sets (`driver/epoll.rs`) | are not changed, and replaced by `uv_loop_fork` |
//! | the lists of signal watchers (`handles/signal.rs`) | are empty; `uv_loop_fork` enters those of its loop |
//! | a loop's wake-up, jobs, asyncs, files, children, watches | are made anew or forgotten by `uv_loop_fork` (`turn/fork.rs`) |
//! | an async that is closed without that (`handles/async_handle.rs`) | does not wait for senders, which are in the parent |

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

static GENERATION: AtomicU64 = AtomicU64::new(1);
static WATCHED: AtomicBool = AtomicBool::new(false);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Relaxed);
}

/// A number that changes in a forked child. What was made under another number belongs to an ancestor.
/// libuv registers a fork handler too, for its thread pool.
pub(crate) fn generation() -> u64 {
    // Two threads may both come to watch: then a fork counts twice. To have one wait for the other would leave a child waiting that
    // was forked meanwhile.
    if !WATCHED.load(Acquire) {
        // SAFETY: the handler only touches an atomic.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        WATCHED.store(true, Release);
    }
    GENERATION.load(Relaxed)
}
