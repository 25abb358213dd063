//! What a loop did, in numbers.

use std::mem::offset_of;

use libc::{c_int, c_uint};

use super::sized;
use crate::abi::{IntoC, uv_loop_t};
use crate::driver::probe;
use crate::model::event_loop::Loop;
use crate::model::figures::Figures;
use crate::pool;
use crate::turn;

/// `uvring_loop_stats_t.driver`: epoll carries the loop.
pub const UVRING_DRIVER_EPOLL: c_uint = 0;
/// `uvring_loop_stats_t.driver`: io_uring carries the loop.
pub const UVRING_DRIVER_RING: c_uint = 1;

/// What a loop did since it was initialised. Later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct uvring_loop_stats_s {
    /// Set it to `sizeof(uvring_loop_stats_t)` before the call; afterwards, how many bytes were filled in.
    pub size: usize,
    /// `UVRING_DRIVER_EPOLL` or `UVRING_DRIVER_RING`.
    pub driver: c_uint,
    /// 0.
    pub reserved: c_uint,
    /// Turns of the loop.
    pub turns: u64,
    /// Calls of io_uring_enter.
    pub ring_enters: u64,
    /// Calls of epoll_wait.
    pub epoll_waits: u64,
    /// Descriptors registered with epoll.
    pub polls: u64,
    /// File operations answered by an attempt that cannot block, on the loop's own thread.
    pub files_inline: u64,
    /// File operations that rode the ring.
    pub files_ring: u64,
    /// File operations that went to the thread pool.
    pub files_pool: u64,
    /// Reads from streams, by plain system calls on the loop's thread.
    pub stream_reads: u64,
    /// Writes to streams, by plain system calls on the loop's thread.
    pub stream_writes: u64,
    /// Times that the loop was woken from its sleep by another thread or a signal handler.
    pub wakeups: u64,
    /// Jobs that the thread pool has finished, for all loops of the process: files, name lookups, `uv_queue_work`.
    pub pool_jobs: u64,
    /// How many loops these figures are of: 1 for a loop.
    pub loops: u64,
    /// How many of them io_uring carried.
    pub loops_on_ring: u64,
}

/// See [`uvring_loop_stats_s`].
#[expect(non_camel_case_types, reason = "the name is C's")]
pub type uvring_loop_stats_t = uvring_loop_stats_s;

/// Tells what the loop did so far. Set `stats->size` to `sizeof *stats` before the call.
///
/// A program that was compiled with an older header gets the fields it knows; one compiled with a newer header sees in
/// `stats->size` how far the fields go. `UV_EINVAL` if `size` is smaller than it ever was, or if the loop is closed.
/// Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_loop_stats(r#loop: *mut uv_loop_t, stats: *mut uvring_loop_stats_t) -> c_int {
    // SAFETY: law 5 for the loop; the caller's place for the answer, as long as it says.
    unsafe { sized::answer_of(r#loop, stats, OLDEST, of_loop) }.into_c()
}

/// Tells what all loops of the process did that are closed by now, and the default loop so far: sums, `loops` and
/// `loops_on_ring` of them. `driver` is that of the default loop, if there is one. Set `stats->size` as for `uvring_loop_stats`.
///
/// `UV_EINVAL` if `size` is smaller than it ever was. Thread-safe but for the default loop, which no other thread may be
/// running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uvring_process_stats(stats: *mut uvring_loop_stats_t) -> c_int {
    // SAFETY: the caller's place for the answer, as long as it says.
    unsafe { sized::answer(stats, OLDEST, process) }.into_c()
}

/// The size of the first version of the struct.
const OLDEST: usize = offset_of!(uvring_loop_stats_t, pool_jobs) + size_of::<u64>();

fn process() -> uvring_loop_stats_t {
    // SAFETY: the caller's: it runs in no other thread.
    let default = turn::existing_default().map(|default| figures(unsafe { Loop::from_c(default) }));
    let default = default.unwrap_or_default();
    let mut all = default.with_closed();
    // Loops that were closed before anything asked whether there may be a ring.
    if all.loops_on_ring > 0 && probe::features().is_none() {
        all.loops_on_ring = 0;
    }
    told(default.loops_on_ring > 0, &all)
}

/// The figures of a loop that goes on.
fn figures(event_loop: Loop) -> Figures {
    event_loop.state().driver.borrow_mut().is_ring();
    Figures::of(event_loop)
}

fn of_loop(event_loop: Loop) -> uvring_loop_stats_t {
    let figures = figures(event_loop);
    told(figures.loops_on_ring > 0, &figures)
}

/// For C.
fn told(is_ring: bool, figures: &Figures) -> uvring_loop_stats_t {
    uvring_loop_stats_t {
        size: 0,
        driver: if is_ring { UVRING_DRIVER_RING } else { UVRING_DRIVER_EPOLL },
        reserved: 0,
        turns: figures.turns,
        ring_enters: figures.ring_enters,
        epoll_waits: figures.epoll_waits,
        polls: figures.polls,
        files_inline: figures.files_inline,
        files_ring: figures.files_ring,
        files_pool: figures.files_pool,
        stream_reads: figures.stream_reads,
        stream_writes: figures.stream_writes,
        wakeups: figures.wakeups,
        pool_jobs: pool::jobs(),
        loops: figures.loops,
        loops_on_ring: figures.loops_on_ring,
    }
}
