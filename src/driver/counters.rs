//! What a driver did, in numbers.

#![deny(unsafe_code)]

/// Counters of what a driver did, for `uvring_loop_stats`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    /// `io_uring_enter` calls.
    pub(crate) enters: u64,
    /// Entries handed to the ring.
    pub(crate) entries: u64,
    /// What the ring and epoll have told of.
    pub(crate) completions: u64,
    /// Times that the ring had no room for completions.
    pub(crate) overflows: u64,
    /// Waits on epoll.
    pub(crate) epoll_waits: u64,
    /// Descriptors registered with epoll.
    pub(crate) polls: u64,
    /// File operations that rode the ring.
    pub(crate) ring_files: u64,
}
