//! The table of another process, for `uvring top`.

#![deny(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::offset_of;
use std::os::unix::fs::FileExt;

use super::table::{self, Header, Slot};
pub use crate::abi::ext::uvring_metrics_t as Metrics;
use crate::sys::clock;

/// What is in a table.
pub enum Table {
    /// Loops of the process with this number, as it sees itself.
    Of(u32, Vec<Seen>),
    /// It was written by a library of another version.
    Other,
}

/// A loop, as it was last seen.
#[derive(Clone)]
pub struct Seen {
    /// The number of its place, and how many loops have had it so far.
    pub place: (usize, u64),
    /// The thread that it was last seen in, 0 if it has not run.
    pub thread: u64,
    /// A ring carries its files.
    pub is_ring: bool,
    /// What it does.
    pub doing: Doing,
    /// Since when, on CLOCK_MONOTONIC; 0 for nothing.
    pub since_ns: u64,
    /// Since when it is measured.
    pub began_ns: u64,
    /// What it counted and measured.
    pub metrics: Metrics,
}

impl Seen {
    /// The counters with their names.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut metrics = self.metrics;
        Metrics::NAMES.into_iter().zip(*table::counters(&mut metrics))
    }
}

/// What a loop does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: it is outside `uv_run`.
    Outside,
    /// It is between callbacks.
    Turning,
    /// It waits in the kernel.
    Sleeping,
    /// The callback at this address runs.
    Callback(u64),
}

/// The name that a link in `/proc/PID/fd` to a table has.
pub fn link() -> String {
    format!("/memfd:{} (deleted)", Header::NAME.to_string_lossy())
}

/// CLOCK_MONOTONIC in nanoseconds.
pub fn now_ns() -> u64 {
    clock::monotonic_ns()
}

/// Reads a table.
pub fn read(file: &File) -> io::Result<Table> {
    let mut head = [0; size_of::<Header>()];
    file.read_exact_at(&mut head, 0)?;
    let half = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let is_ours = words(&head[..8]).eq([Header::MAGIC]) && half(offset_of!(Header, version)) == Header::VERSION;
    if !is_ours || half(offset_of!(Header, slot_size)) as usize != size_of::<Slot>() {
        return Ok(Table::Other);
    }
    let used = (half(offset_of!(Header, used)) as usize).min(Header::SLOTS);
    let mut bytes = vec![0; used * size_of::<Slot>()];
    file.read_exact_at(&mut bytes, Header::FIRST as u64)?;
    let loops = bytes.chunks_exact(size_of::<Slot>()).enumerate().filter_map(|(at, slot)| seen(at, slot));
    Ok(Table::Of(half(offset_of!(Header, pid)), loops.collect()))
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_ne_bytes))
}

fn seen(at: usize, slot: &[u8]) -> Option<Seen> {
    let word = |at: usize| words(&slot[at..at + 8]).next().unwrap_or_default();
    if word(offset_of!(Slot, taken)) == 0 {
        return None;
    }
    let doing = match word(offset_of!(Slot, doing)) {
        Header::OUTSIDE => Doing::Outside,
        Header::TURNING => Doing::Turning,
        Header::SLEEPING => Doing::Sleeping,
        callback => Doing::Callback(callback),
    };
    let mut metrics = Metrics::default();
    let (counters, histograms) = (offset_of!(Slot, counters), offset_of!(Slot, histograms));
    for (to, from) in table::counters(&mut metrics).iter_mut().zip(words(&slot[counters..])) {
        *to = from;
    }
    let all = [&mut metrics.completions_per_enter, &mut metrics.callback_ns, &mut metrics.pool_wait_ns];
    for (to, from) in all.into_iter().flatten().zip(words(&slot[histograms..])) {
        *to = from;
    }
    Some(Seen {
        place: (at + 1, word(offset_of!(Slot, loops))),
        thread: word(offset_of!(Slot, thread)),
        is_ring: word(offset_of!(Slot, driver)) != 0,
        doing,
        since_ns: word(offset_of!(Slot, since_ns)),
        began_ns: word(offset_of!(Slot, began_ns)),
        metrics,
    })
}
