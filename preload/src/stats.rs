//! What the process's loops did, told at exit.

use std::ffi::c_int;

use crate::{ours, say, variable};

/// `uvring_loop_stats_t` of include/uvring.h.
#[repr(C)]
#[derive(Default)]
struct Stats {
    size: usize,
    driver: u32,
    reserved: u32,
    turns: u64,
    ring_enters: u64,
    epoll_waits: u64,
    polls: u64,
    files_inline: u64,
    files_ring: u64,
    files_pool: u64,
    stream_reads: u64,
    stream_writes: u64,
    wakeups: u64,
    pool_jobs: u64,
    loops: u64,
    loops_on_ring: u64,
}

/// Tells the figures on standard error, if `UVRING_STATS` is set to something and the process had loops of uvring.
pub(crate) fn tell() {
    if variable(c"UVRING_STATS").is_none_or(|value| value.is_empty()) {
        return;
    }
    let Some(function) = ours::function(c"uvring_process_stats") else { return };
    // SAFETY: neither takes anything.
    let (pid, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    if pid != thread {
        // The loop of the first thread may be running.
        say(&format!("process {pid} was ended by another of its threads; what its loops did is not known"));
        return;
    }
    // SAFETY: uvring's function, as include/uvring.h declares it.
    let function = unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn(*mut Stats) -> c_int>(function) };
    let mut stats = Stats { size: size_of::<Stats>(), ..Stats::default() };
    if function(&raw mut stats) == 0 && stats.size == size_of::<Stats>() && stats.loops > 0 {
        say(&format!("what the loops of process {pid} ({}) did\n{}", crate::name(), table(&stats)));
    }
}

fn table(stats: &Stats) -> String {
    let rows = [
        (
            "loops",
            stats.loops,
            format!("{} on io_uring, {} on epoll", stats.loops_on_ring, stats.loops - stats.loops_on_ring),
        ),
        ("turns", stats.turns, format!("{} ring enters, {} epoll waits", stats.ring_enters, stats.epoll_waits)),
        ("polls armed", stats.polls, String::new()),
        (
            "file operations",
            stats.files_inline + stats.files_ring + stats.files_pool,
            format!(
                "{} at once, {} on the ring, {} in the pool",
                stats.files_inline, stats.files_ring, stats.files_pool
            ),
        ),
        (
            "stream operations",
            stats.stream_reads + stats.stream_writes,
            format!("{} reads, {} writes", stats.stream_reads, stats.stream_writes),
        ),
        ("pool jobs", stats.pool_jobs, String::new()),
        ("wake-ups", stats.wakeups, String::new()),
    ];
    let line = |(name, count, detail): &(&str, u64, String)| {
        format!("  {name:<18}{count:>10}  {detail}").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
