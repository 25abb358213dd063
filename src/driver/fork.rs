//! Notices forks, so that a child never touches what its parent's kernel objects and threads own.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static GENERATION: AtomicU64 = AtomicU64::new(1);
static WATCH: Once = Once::new();

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Relaxed);
}

/// A number that changes in a forked child. What was made under another number belongs to an ancestor.
/// libuv registers a fork handler too, for its thread pool.
pub(crate) fn generation() -> u64 {
    WATCH.call_once(|| {
        // SAFETY: the handler only touches an atomic.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    GENERATION.load(Relaxed)
}
