//! The watches of a loop, by the numbers that the kernel gives them.

#![deny(unsafe_code)]

use std::ptr::NonNull;

use libc::c_int;

use super::Watch;
use crate::abi::Result;
use crate::base::alloc::Array;

/// Watches by number, in order. A removed one leaves a hole until there are more holes than watches, so that stopping
/// many handles in any order is cheap.
pub(super) struct Table {
    slots: Array<(c_int, Option<NonNull<Watch>>)>,
    holes: usize,
}

impl Table {
    pub(super) const fn new() -> Table {
        Table { slots: Array::new(), holes: 0 }
    }

    fn find(&self, wd: c_int) -> std::result::Result<usize, usize> {
        self.slots.binary_search_by_key(&wd, |slot| slot.0)
    }

    pub(super) fn get(&self, wd: c_int) -> Option<NonNull<Watch>> {
        self.slots[self.find(wd).ok()?].1
    }

    /// Makes room for one more, so that `insert` cannot fail.
    pub(super) fn reserve(&mut self) -> Result {
        self.slots.reserve(1)
    }

    /// Adds a watch; numbers rise, so almost always at the end.
    pub(super) fn insert(&mut self, wd: c_int, watch: NonNull<Watch>) {
        match self.find(wd) {
            Ok(at) => {
                self.slots[at].1 = Some(watch);
                self.holes -= 1;
            }
            Err(at) => {
                // Cannot fail after `reserve`.
                if self.slots.push((wd, Some(watch))).is_ok() {
                    self.slots[at..].rotate_right(1);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, wd: c_int) {
        if let Ok(at) = self.find(wd) {
            self.slots[at].1 = None;
            self.holes += 1;
        }
        if self.holes * 2 > self.slots.len() {
            self.close_up();
        }
    }

    fn close_up(&mut self) {
        let mut kept = 0;
        for at in 0..self.slots.len() {
            if self.slots[at].1.is_some() {
                self.slots[kept] = self.slots[at];
                kept += 1;
            }
        }
        while self.slots.len() > kept {
            self.slots.pop();
        }
        self.holes = 0;
    }

    pub(super) fn pop(&mut self) -> Option<NonNull<Watch>> {
        loop {
            match self.slots.pop()? {
                (_, Some(watch)) => return Some(watch),
                (_, None) => self.holes -= 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_keeps_order_and_closes_holes() {
        let mut table = Table::new();
        let watch = NonNull::dangling();
        for wd in [1, 2, 3, 7, 5, 4] {
            table.reserve().unwrap();
            table.insert(wd, watch);
        }
        assert_eq!(table.slots.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 7]);
        table.remove(2);
        assert!(table.get(2).is_none() && table.get(3).is_some() && table.get(6).is_none());
        table.insert(2, watch);
        assert!(table.get(2).is_some() && table.holes == 0);
        for wd in [1, 7, 3, 4] {
            table.remove(wd);
        }
        assert_eq!((table.slots.len(), table.holes), (2, 0));
        assert!(table.get(5).is_some() && table.get(2).is_some());
        assert!(table.pop().is_some() && table.pop().is_some() && table.pop().is_none());
    }
}
