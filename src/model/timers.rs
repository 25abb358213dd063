//! The heap of timers.
//!
//! The heap is an array with four children a node: one timer costs 32 bytes beside the handle, in cache lines that are
//! read one after the other. The handle keeps its index, so that stopping needs no search. Room in the heap is made when a timer is
//! initialised, which may fail; starting a timer, again or by itself, cannot.

#![deny(unsafe_code)]

use crate::abi::{Errno, Result, uv_timer_cb};
use crate::base::alloc::Array;
use crate::model::handle::{Handle, Timer};

impl Timer {
    /// The third word of the node: the place of an active timer in the heap.
    pub(crate) fn index(self) -> usize {
        self.node.get().heap[2].addr()
    }

    fn set_index(self, index: usize) {
        let mut node = self.node.get();
        node.heap[2] = std::ptr::without_provenance_mut(index);
        self.node.set(node);
    }

    /// Starts a timer, or starts it anew.
    pub(crate) fn start_at(self, cb: uv_timer_cb, timeout_ms: u64, order_ns: u64, due_ns: u64) -> Result {
        let handle = Handle::from(self);
        if handle.is_closing() || cb.is_none() {
            return Err(Errno::EINVAL);
        }
        let event_loop = handle.event_loop();
        let entry = Entry { order_ns, start_id: event_loop.timer_counter.get(), due_ns, timer: self };
        let mut timers = event_loop.state().timers.borrow_mut();
        if handle.is_active() {
            timers.remove(self.index());
        } else {
            // It may be due and waiting for the callbacks before its own.
            self.link().unlink();
        }
        timers.insert(entry)?;
        event_loop.shared().set_due_ns(timers.due_ns());
        self.timer_cb.set(cb);
        self.timeout.set(timeout_ms);
        self.start_id.set(entry.start_id);
        event_loop.timer_counter.set(entry.start_id + 1);
        handle.start();
        Ok(())
    }

    pub(crate) fn stop(self) {
        let handle = Handle::from(self);
        if handle.is_active() {
            let event_loop = handle.event_loop();
            let mut timers = event_loop.state().timers.borrow_mut();
            timers.remove(self.index());
            event_loop.shared().set_due_ns(timers.due_ns());
            handle.stop();
        } else {
            // As in `start_at`.
            self.link().unlink();
        }
    }
}

/// An active timer.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// Its place in the order: the millisecond in which it is due, as nanoseconds, or, if it was started in nanoseconds, `due_ns`.
    pub(crate) order_ns: u64,
    pub(crate) start_id: u64,
    pub(crate) due_ns: u64,
    pub(crate) timer: Timer,
}

impl Entry {
    fn before(&self, other: &Entry) -> bool {
        (self.order_ns, self.start_id) < (other.order_ns, other.start_id)
    }
}

const CHILDREN: usize = 4;

/// The active timers of a loop, the first due on top.
pub(crate) struct Heap {
    active: Array<Entry>,
    /// How many timers there are, active or not; `active` has room for as many.
    timers: usize,
}

impl Heap {
    pub(crate) const fn new() -> Heap {
        Heap { active: Array::new(), timers: 0 }
    }

    /// Makes room for one timer more.
    pub(crate) fn admit(&mut self) -> Result {
        self.active.reserve_total(self.timers + 1)?;
        self.timers += 1;
        Ok(())
    }

    /// Gives the room of one timer up.
    pub(crate) fn dismiss(&mut self) {
        self.timers -= 1;
    }

    pub(crate) fn first(&self) -> Option<Entry> {
        self.active.first().copied()
    }

    /// When the first timer is due: CLOCK_MONOTONIC in nanoseconds.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        self.active.first().map(|e| e.due_ns)
    }

    pub(crate) fn insert(&mut self, entry: Entry) -> Result {
        self.active.push(entry)?;
        self.up(self.active.len() - 1, entry);
        Ok(())
    }

    pub(crate) fn remove(&mut self, index: usize) {
        let Some(last) = self.active.pop() else { return };
        if index == self.active.len() {
            return;
        }
        let removed = self.active[index];
        if last.before(&removed) { self.up(index, last) } else { self.down(index, last) }
    }

    fn place(&mut self, index: usize, entry: Entry) {
        self.active[index] = entry;
        entry.timer.set_index(index);
    }

    fn up(&mut self, mut index: usize, entry: Entry) {
        while index > 0 {
            let parent = (index - 1) / CHILDREN;
            let above = self.active[parent];
            if !entry.before(&above) {
                break;
            }
            self.place(index, above);
            index = parent;
        }
        self.place(index, entry);
    }

    fn down(&mut self, mut index: usize, entry: Entry) {
        loop {
            let children = index * CHILDREN + 1..(index * CHILDREN + 1 + CHILDREN).min(self.active.len());
            let Some(least) = children.reduce(|a, b| if self.active[b].before(&self.active[a]) { b } else { a }) else {
                break;
            };
            let below = self.active[least];
            if !below.before(&entry) {
                break;
            }
            self.place(index, below);
            index = least;
        }
        self.place(index, entry);
    }
}
