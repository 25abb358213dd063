//! Where loops write what they measure, and others read it: `uvring_metrics` in the process, `uvring top` in another.
//!
//! One table for the process, made when the first loop wants a place in it. Where a user has asked for it (`UVRING_METRICS=1`), it lies in
//! a file without a name (`memfd_create`), which others find as `/proc/PID/fd/…` if they may, and which goes with the process. It is
//! sparse: 4 KiB, and as much for about four loops.
//!
//! | at | what is there, in the machine's order of bytes |
//! |---|---|
//! | 0 | [`Header`] |
//! | 4096 and on | [`Header::SLOTS`] times [`Slot`]: the loop's state, its counters in the order of `uvring_metrics_t`, three histograms |
//!
//! A loop is the only one to write to its slot, but for threads of the pool, which note how long jobs have waited. Who reads meanwhile
//! gets each number of before or after.
//!
//! Argument for the unsafe code: (1) a table is mapped for good, all its bytes are valid for each field, and every field that changes
//! is an atomic. (2) A forked child shares its parent's table, and never writes to it: it makes its own ([`Slot::is_mine`]).

use std::ffi::CStr;
use std::mem::offset_of;
use std::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use crate::abi::ext::{UVRING_HISTOGRAM, uvring_metrics_t};
use crate::base::fork;
use crate::sys::clock;

/// The whole file.
const SIZE: usize = Header::FIRST + Header::SLOTS * size_of::<Slot>();

/// The head of a table.
#[repr(C)]
pub struct Header {
    /// [`Header::MAGIC`], written last.
    pub magic: AtomicU64,
    /// [`Header::VERSION`].
    pub version: u32,
    /// `sizeof` a slot.
    pub slot_size: u32,
    /// The process, by the number that it has for itself.
    pub pid: u32,
    /// No slot from this on was ever used.
    pub used: AtomicU32,
}

/// What one loop does and did.
#[repr(C, align(64))]
pub struct Slot {
    /// 0 if it is free. Otherwise how many loops had it.
    pub loops: AtomicU64,
    /// 1 if it is taken.
    pub taken: AtomicU64,
    /// The thread that the loop was last seen in.
    pub thread: AtomicU64,
    /// As in `uvring_loop_stats_t`.
    pub driver: AtomicU64,
    /// [`Header::OUTSIDE`] and so on, or the address of the callback that runs.
    pub doing: AtomicU64,
    /// Since when, on CLOCK_MONOTONIC.
    pub since_ns: AtomicU64,
    /// Since when the loop is measured, on the same clock.
    pub began_ns: AtomicU64,
    /// The counters, in the order of `uvring_metrics_t`. Written once a turn, before the loop waits.
    pub counters: [AtomicU64; uvring_metrics_t::COUNTERS],
    /// The histograms, in the order of [`Histogram`].
    pub histograms: [[AtomicU64; UVRING_HISTOGRAM]; 3],
}

impl Header {
    /// The file's name, as `/proc/PID/fd` shows it.
    pub const NAME: &'static CStr = c"uvring-metrics";
    /// "uvring" and two zeros, read as a number.
    pub const MAGIC: u64 = 0x0000_676e_6972_7675;
    /// Counts up with every change of what is in a table.
    pub const VERSION: u32 = 1;
    /// Loops that may have a place at the same time.
    pub const SLOTS: usize = 1024;
    /// Where the slots begin.
    pub const FIRST: usize = 4096;
    /// `doing`: the loop is outside `uv_run`.
    pub const OUTSIDE: u64 = 0;
    /// `doing`: it is between callbacks.
    pub const TURNING: u64 = 1;
    /// `doing`: it waits in the kernel.
    pub const SLEEPING: u64 = 2;
}

/// Which histogram.
#[derive(Clone, Copy)]
pub enum Histogram {
    /// What a wait has brought.
    Completions = 0,
    /// How long a callback took.
    Callback = 1,
    /// How long a job waited for a thread.
    PoolWait = 2,
}

/// The counters of a loop in their order.
pub(crate) fn counters(metrics: &mut uvring_metrics_t) -> &mut [u64; uvring_metrics_t::COUNTERS] {
    // SAFETY: so many numbers stand there, one after the other.
    unsafe { &mut *(&raw mut *metrics).byte_add(offset_of!(uvring_metrics_t, turns)).cast() }
}

/// A table, and the process that it belongs to.
struct Table {
    at: *const u8,
    fork_generation: u64,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(std::ptr::null_mut());

/// The table of this process, if there is one.
fn existing() -> Option<&'static Table> {
    // SAFETY: what is put there is never freed.
    unsafe { TABLE.load(Acquire).as_ref() }.filter(|table| table.fork_generation == fork::generation())
}

fn table(is_public: bool) -> Option<&'static Table> {
    if let Some(table) = existing() {
        return Some(table);
    }
    let latest = TABLE.load(Acquire);
    let at = map(is_public)?;
    let fresh = Box::into_raw(Box::new(Table { at, fork_generation: fork::generation() }));
    if TABLE.compare_exchange(latest, fresh, AcqRel, Acquire).is_err() {
        // SAFETY: both made above, and nobody has seen them.
        unsafe {
            drop(Box::from_raw(fresh));
            libc::munmap(at.cast_mut().cast(), SIZE);
        }
    }
    existing()
}

/// Maps a new table: in a file that others find, or for this process alone.
fn map(is_public: bool) -> Option<*const u8> {
    let fd = if is_public { file() } else { -1 };
    let flags = if fd >= 0 { libc::MAP_SHARED } else { libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE };
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, access, flags, fd, 0) };
    if at == libc::MAP_FAILED {
        return None;
    }
    let header = at.cast::<Header>();
    // SAFETY: (1), and nobody else writes yet.
    unsafe {
        (*header).version = Header::VERSION;
        (*header).slot_size = size_of::<Slot>() as u32;
        (*header).pid = libc::getpid() as u32;
        (*header).magic.store(Header::MAGIC, Release);
    }
    Some(at.cast())
}

/// A file of the right size that cannot shrink, or -1. Its descriptor stays open, so that others find it, and has a high number,
/// because programs know which numbers they get.
fn file() -> libc::c_int {
    const HIGH: libc::c_int = 900;
    // SAFETY: the name is a string; descriptors of our own.
    unsafe {
        let fd = libc::memfd_create(Header::NAME.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        if fd < 0 || libc::ftruncate(fd, SIZE as i64) != 0 {
            if fd >= 0 {
                libc::close(fd);
            }
            return -1;
        }
        libc::fcntl(fd, libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL);
        let high = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, HIGH);
        if high < 0 {
            return fd;
        }
        libc::close(fd);
        high
    }
}

impl Table {
    fn header(&self) -> &'static Header {
        // SAFETY: (1).
        unsafe { &*self.at.cast::<Header>() }
    }

    fn slots(&self) -> &'static [Slot] {
        // SAFETY: (1); the mapping goes on for so many.
        unsafe { std::slice::from_raw_parts(self.at.add(Header::FIRST).cast::<Slot>(), Header::SLOTS) }
    }
}

/// Takes a free slot.
pub(super) fn claim(is_public: bool) -> Option<&'static Slot> {
    let table = table(is_public)?;
    let take = |slot: &Slot| slot.taken.compare_exchange(0, 1, AcqRel, Relaxed).is_ok();
    let (at, slot) = table.slots().iter().enumerate().find(|(_, slot)| take(slot))?;
    for number in slot.counters.iter().chain(slot.histograms.iter().flatten()) {
        number.store(0, Relaxed);
    }
    slot.swap_doing(Header::OUTSIDE, 0);
    slot.began_ns.store(clock::monotonic_ns(), Relaxed);
    slot.loops.fetch_add(1, Release);
    table.header().used.fetch_max(at as u32 + 1, Release);
    Some(slot)
}

/// The slots in use in this process, and free ones between them.
pub(super) fn all() -> impl Iterator<Item = &'static Slot> {
    let used = existing().map(|table| &table.slots()[..table.header().used.load(Acquire) as usize]);
    used.into_iter().flatten()
}

impl Slot {
    /// False in a forked child for what is its parent's.
    pub(crate) fn is_mine(&'static self) -> bool {
        existing().is_some_and(|table| table.slots().as_ptr_range().contains(&std::ptr::from_ref(self)))
    }

    /// The loop goes.
    pub(crate) fn release(&self) {
        self.swap_doing(Header::OUTSIDE, 0);
        self.taken.store(0, Release);
    }

    /// True of what a slot says a loop does, if that is to run the callback there.
    pub(crate) fn is_callback(doing: u64) -> bool {
        doing > Header::SLEEPING
    }

    /// Notes what the loop does from now on; gives what it did, and since when.
    pub(crate) fn swap_doing(&self, doing: u64, since_ns: u64) -> (u64, u64) {
        let before = (self.doing.load(Relaxed), self.since_ns.load(Relaxed));
        self.since_ns.store(since_ns, Relaxed);
        self.doing.store(doing, Relaxed);
        before
    }

    /// Notes what the loop does from now on, in the calling thread.
    pub(crate) fn note(&self, doing: u64, is_ring: bool) {
        // SAFETY: takes nothing.
        self.thread.store(unsafe { libc::gettid() } as u64, Relaxed);
        self.driver.store(is_ring.into(), Relaxed);
        self.swap_doing(doing, clock::monotonic_ns());
    }

    /// Counts a value.
    pub(crate) fn record(&self, histogram: Histogram, value: u64) {
        let bucket = (value.max(1).ilog2() as usize).min(UVRING_HISTOGRAM - 1);
        self.histograms[histogram as usize][bucket].fetch_add(1, Relaxed);
    }

    /// Writes the counters.
    pub(crate) fn publish(&self, counters: &[u64; uvring_metrics_t::COUNTERS]) {
        for (place, &counter) in self.counters.iter().zip(counters) {
            place.store(counter, Relaxed);
        }
    }

    /// The histograms.
    pub(crate) fn read(&self) -> [[u64; UVRING_HISTOGRAM]; 3] {
        let mut all = [[0; UVRING_HISTOGRAM]; 3];
        for (to, from) in all.iter_mut().flatten().zip(self.histograms.iter().flatten()) {
            *to = from.load(Relaxed);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "shared memory")]
    fn buckets_are_powers_of_two() {
        let slot = claim(false).unwrap();
        for value in [0, 1, 2, 3, 4, 1023, 1024, u64::MAX] {
            slot.record(Histogram::Callback, value);
        }
        let [_, counts, _] = slot.read();
        assert_eq!((counts[0], counts[1], counts[2], counts[9], counts[10], counts[31]), (2, 2, 1, 1, 1, 1));
        assert!(slot.is_mine());
        slot.release();
    }
}
