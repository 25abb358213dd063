//! Operations under way and whose they are, for any type of owner. A key names a slot and the generation of its
//! use, so that a completion that comes after its operation was given up finds nothing: `user_data` is never a pointer. The key of
//! a watcher names its descriptor instead, by which `loop->watchers` finds it: no table of ours grows with the descriptors.
//!
//! Own code instead of the slotmap crate, whose growth can neither fail nor use the program's allocator.

#![deny(unsafe_code)]

use libc::c_int;

use crate::abi::Result;
use crate::base::alloc::Array;

/// Slot or descriptor in the low half, generation in the high half, whose highest bit tells which of both; never 0, because
/// generations start at 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OpKey(u64);

/// In a key: it is that of a watcher. And how many generations there are, less one.
const WATCHER: u64 = 1 << 63;
const GENERATIONS: u64 = (1 << 31) - 1;

impl OpKey {
    /// As a word that the kernel or a private field keeps.
    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    /// From such a word; any word is safe, a forged one finds nothing.
    pub(crate) const fn from_bits(bits: u64) -> OpKey {
        OpKey(bits)
    }

    /// The key of a watcher of a descriptor, for one registration of many.
    pub(crate) fn of_watcher(fd: c_int, generation: u64) -> OpKey {
        OpKey(WATCHER | (generation & GENERATIONS) << 32 | u64::from(fd as u32))
    }

    /// The descriptor, if this is the key of a watcher.
    pub(crate) fn watched(self) -> Option<c_int> {
        (self.0 & WATCHER != 0).then_some(self.0 as u32 as c_int)
    }

    fn slot(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

#[derive(Clone, Copy)]
struct Slot<T> {
    generation: u32,
    /// The next free slot, while this one is free.
    next_free: u32,
    owner: Option<T>,
}

/// Operations under way by key.
pub(crate) struct Table<T: Copy> {
    slots: Array<Slot<T>>,
    free: u32,
}

const NONE: u32 = u32::MAX;

impl<T: Copy> Table<T> {
    pub(crate) const fn new() -> Table<T> {
        Table { slots: Array::new(), free: NONE }
    }

    /// Remembers `owner`, or fails with `UV_ENOMEM`.
    pub(crate) fn insert(&mut self, owner: T) -> Result<OpKey> {
        if self.free == NONE {
            let slot = self.slots.len() as u64;
            self.slots.push(Slot { generation: 1, next_free: NONE, owner: Some(owner) })?;
            return Ok(OpKey(1 << 32 | slot));
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.next_free;
        slot.owner = Some(owner);
        Ok(OpKey(u64::from(slot.generation) << 32 | u64::from(index)))
    }

    /// Whose operation it is, if it is still under way.
    pub(crate) fn get(&self, key: OpKey) -> Option<T> {
        let slot = self.slots.get(key.slot())?;
        if slot.generation == key.generation() { slot.owner } else { None }
    }

    /// Forgets an operation; its key finds nothing from now on.
    pub(crate) fn remove(&mut self, key: OpKey) -> Option<T> {
        let owner = self.get(key)?;
        let slot = &mut self.slots[key.slot()];
        slot.owner = None;
        // 0 is skipped, so that a key is never 0.
        slot.generation = if u64::from(slot.generation) == GENERATIONS { 1 } else { slot.generation + 1 };
        slot.next_free = self.free;
        self.free = key.slot() as u32;
        Some(owner)
    }
}
