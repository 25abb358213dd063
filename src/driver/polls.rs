//! The polls of a loop, by slot of the key table: what is wanted of which descriptor, and whether the kernel knows.
//!
//! Both drivers keep one, so that polls can be armed again: at each wait on the ring (level-triggered polls there are
//! oneshot polls, armed anew), in a new ring when the thread changed, in a new epoll set after a fork.

use libc::{c_int, c_uint};

use crate::abi::Result;
use crate::alloc::Array;
use crate::op::OpKey;

/// Where a poll stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No poll in this slot.
    Free,
    /// Must be armed before the next sleep.
    Wanted,
    /// The kernel has it.
    Armed,
}

/// One poll.
#[derive(Clone, Copy)]
pub(crate) struct Poll {
    pub(crate) key: OpKey,
    pub(crate) fd: c_int,
    pub(crate) events: c_uint,
    pub(crate) state: State,
    /// The next slot in the list of those to arm, and whether this one is in it.
    next: u32,
    listed: bool,
}

const END: u32 = u32::MAX;
const NOTHING: Poll =
    Poll { key: OpKey::from_bits(0), fd: -1, events: 0, state: State::Free, next: END, listed: false };

/// All polls of a loop, with a list of those to arm.
pub(crate) struct Polls {
    slots: Array<Poll>,
    first: u32,
}

impl Polls {
    pub(crate) const fn new() -> Polls {
        Polls { slots: Array::new(), first: END }
    }

    /// Makes room for `slot`.
    pub(crate) fn reserve(&mut self, slot: usize) -> Result {
        while self.slots.len() <= slot {
            self.slots.push(NOTHING)?;
        }
        Ok(())
    }

    /// Notes a poll as wanted. Room was reserved.
    pub(crate) fn want(&mut self, key: OpKey, fd: c_int, events: c_uint) {
        let poll = &mut self.slots[key.slot()];
        *poll = Poll { key, fd, events, state: State::Wanted, ..*poll };
        self.list(key.slot());
    }

    fn list(&mut self, slot: usize) {
        let first = self.first;
        let poll = &mut self.slots[slot];
        if !poll.listed {
            poll.listed = true;
            poll.next = first;
            self.first = slot as u32;
        }
    }

    /// The poll of this key, if there is one.
    pub(crate) fn get(&mut self, key: OpKey) -> Option<&mut Poll> {
        self.slots.get_mut(key.slot()).filter(|p| p.key == key && p.state != State::Free)
    }

    /// The kernel has let go of the poll: it must be armed again.
    pub(crate) fn fired(&mut self, key: OpKey) {
        if let Some(poll) = self.get(key) {
            poll.state = State::Wanted;
            self.list(key.slot());
        }
    }

    /// Forgets a poll and gives what it was.
    pub(crate) fn forget(&mut self, key: OpKey) -> Option<Poll> {
        let poll = self.get(key)?;
        let was = *poll;
        poll.state = State::Free;
        Some(was)
    }

    /// Takes one poll that must be armed; the caller arms it.
    pub(crate) fn take_wanted(&mut self) -> Option<Poll> {
        while self.first != END {
            let poll = &mut self.slots[self.first as usize];
            self.first = poll.next;
            poll.listed = false;
            if poll.state == State::Wanted {
                poll.state = State::Armed;
                return Some(*poll);
            }
        }
        None
    }

    /// Every poll, with key, descriptor and events.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Poll> {
        self.slots.iter().filter(|p| p.state != State::Free)
    }

    /// True if some poll must be armed, or may have to be.
    pub(crate) fn any_wanted(&self) -> bool {
        self.first != END
    }

    /// The kernel has forgotten everything: all polls must be armed again.
    pub(crate) fn all_fired(&mut self) {
        for slot in 0..self.slots.len() {
            if self.slots[slot].state == State::Armed {
                self.slots[slot].state = State::Wanted;
                self.list(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(slot: u64, generation: u64) -> OpKey {
        OpKey::from_bits(generation << 32 | slot)
    }

    #[test]
    fn a_poll_is_listed_once_and_forgotten_by_key() {
        let mut polls = Polls::new();
        polls.reserve(3).unwrap();
        polls.want(key(3, 1), 7, 1);
        assert!(polls.forget(key(3, 2)).is_none());
        assert!(polls.forget(key(3, 1)).is_some());
        polls.want(key(3, 2), 8, 4);
        assert_eq!(polls.take_wanted().map(|p| p.fd), Some(8));
        assert!(polls.take_wanted().is_none());
        polls.fired(key(3, 1));
        assert!(!polls.any_wanted());
        polls.fired(key(3, 2));
        polls.fired(key(3, 2));
        assert!(polls.take_wanted().is_some() && polls.take_wanted().is_none());
    }
}
