//! Notices forks, so that a child never touches what its parent's kernel objects and threads own.

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
