//! What a loop counts and measures.

use std::mem::offset_of;

/// How many buckets a histogram has. Bucket i counts what was from 2^i up to 2^(i+1), the first also 0, the last all above.
pub const UVRING_HISTOGRAM: usize = 32;

/// What a loop counts and measures: since it was initialised, unless a field says `now`. Later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uvring_metrics_s {
    /// Set it to `sizeof(uvring_metrics_t)` before the call; afterwards, how many bytes were filled in.
    pub size: usize,
    /// Turns of the loop.
    pub turns: u64,
    /// Calls of io_uring_enter.
    pub enters: u64,
    /// Entries that were handed to the ring.
    pub entries: u64,
    /// What waiting has brought: completions of the ring, and descriptors that epoll found ready.
    pub completions: u64,
    /// Calls of epoll_wait.
    pub epoll_waits: u64,
    /// Views that were lent to callbacks of `uvring_recv_start`, and the bytes in them.
    pub recv_views: u64,
    /// See `recv_views`.
    pub recv_bytes: u64,
    /// Times that receiving stopped until views were given back.
    pub recv_parked: u64,
    /// Views that the program keeps now.
    pub views_kept: u64,
    /// Calls of `uvring_write` and the like; the entries that carried them, and their bytes.
    pub write_calls: u64,
    /// See `write_calls`.
    pub write_entries: u64,
    /// See `write_calls`.
    pub write_bytes: u64,
    /// Sends by `uvring_write_zc`, and those that the kernel has copied after all.
    pub zc_sends: u64,
    /// See `zc_sends`.
    pub zc_copied: u64,
    /// Bytes that `uvring_move` has copied, and those that it has moved without copying.
    pub moved_copied: u64,
    /// See `moved_copied`.
    pub moved_spliced: u64,
    /// Reads from streams, by plain system calls on the loop's thread.
    pub stream_reads: u64,
    /// Writes to streams, by plain system calls on the loop's thread.
    pub stream_writes: u64,
    /// Connections that were accepted.
    pub accepts: u64,
    /// Posts that were delivered (`uvring_post`).
    pub posts: u64,
    /// Times that the loop was woken from its sleep by another thread or a signal handler.
    pub wakeups: u64,
    /// Requests that were cancelled.
    pub cancels: u64,
    /// Requests that were ended because their time was up (`uvring_timeout`).
    pub timeouts: u64,
    /// File operations answered by an attempt that cannot block, on the loop's own thread.
    pub files_inline: u64,
    /// File operations that rode the ring.
    pub files_ring: u64,
    /// File operations that went to the thread pool.
    pub files_pool: u64,
    /// Jobs of this loop that the thread pool has now, waiting or running.
    pub pool_waiting: u64,
    /// Operations that the ring has refused, and that were done by plain calls.
    pub refusals: u64,
    /// Times that the ring had more completions than room for them.
    pub overflows: u64,
    /// Nanoseconds asleep since the first call of `uvring_metrics`.
    pub asleep_ns: u64,
    /// Active handles now.
    pub handles: u64,
    /// Active requests now.
    pub requests: u64,
    /// How much a wait in the kernel has brought, where it has brought something.
    pub completions_per_enter: [u64; UVRING_HISTOGRAM],
    /// How long callbacks took, in nanoseconds.
    pub callback_ns: [u64; UVRING_HISTOGRAM],
    /// How long jobs waited for a thread of the pool, in nanoseconds.
    pub pool_wait_ns: [u64; UVRING_HISTOGRAM],
}

/// See `uvring_metrics_s`.
pub type uvring_metrics_t = uvring_metrics_s;

impl uvring_metrics_s {
    /// How many counters there are: all between `size` and the first histogram.
    pub(crate) const COUNTERS: usize =
        (offset_of!(uvring_metrics_s, completions_per_enter) - offset_of!(uvring_metrics_s, turns)) / size_of::<u64>();

    /// Their names, in their order.
    pub(crate) const NAMES: [&str; Self::COUNTERS] = [
        "turns",
        "enters",
        "entries",
        "completions",
        "epoll_waits",
        "recv_views",
        "recv_bytes",
        "recv_parked",
        "views_kept",
        "write_calls",
        "write_entries",
        "write_bytes",
        "zc_sends",
        "zc_copied",
        "moved_copied",
        "moved_spliced",
        "stream_reads",
        "stream_writes",
        "accepts",
        "posts",
        "wakeups",
        "cancels",
        "timeouts",
        "files_inline",
        "files_ring",
        "files_pool",
        "pool_waiting",
        "refusals",
        "overflows",
        "asleep_ns",
        "handles",
        "requests",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_fields() {
        let fields = include_str!("metrics.rs").lines().filter_map(|line| line.trim().strip_suffix(": u64,"));
        let fields: Vec<_> = fields.filter_map(|line| line.strip_prefix("pub ")).collect();
        assert_eq!(fields, uvring_metrics_t::NAMES);
    }
}
