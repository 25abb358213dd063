//! The polls of a loop, by slot of the key table: what is wanted of which descriptor. Kept so that they can be registered
//! again in the new epoll set of a forked child.

use libc::{c_int, c_uint};

use crate::abi::Result;
use crate::base::alloc::Array;
use crate::op::OpKey;

/// One poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    pub(crate) key: OpKey,
    pub(crate) fd: c_int,
    pub(crate) events: c_uint,
}

/// What stands in a free slot: no operation has this key.
const NOTHING: Poll = Poll { key: OpKey::from_bits(0), fd: -1, events: 0 };

/// All polls of a loop.
pub(crate) struct Polls(Array<Poll>);

impl Polls {
    pub(crate) const fn new() -> Polls {
        Polls(Array::new())
    }

    /// Makes room for `slot`.
    pub(crate) fn reserve(&mut self, slot: usize) -> Result {
        while self.0.len() <= slot {
            self.0.push(NOTHING)?;
        }
        Ok(())
    }

    /// Notes a poll. Room was reserved.
    pub(crate) fn note(&mut self, poll: Poll) {
        self.0[poll.key.slot()] = poll;
    }

    /// The poll of this key, if there is one.
    pub(crate) fn get(&self, key: OpKey) -> Option<Poll> {
        self.0.get(key.slot()).copied().filter(|p| p.key == key)
    }

    /// Forgets a poll and gives what it was.
    pub(crate) fn forget(&mut self, key: OpKey) -> Option<Poll> {
        let poll = self.get(key)?;
        self.0[key.slot()] = NOTHING;
        Some(poll)
    }

    /// The poll in a slot, by number; `None` after the last slot.
    pub(crate) fn at(&self, slot: usize) -> Option<Option<Poll>> {
        self.0.get(slot).copied().map(|poll| (poll != NOTHING).then_some(poll))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_found_and_forgotten_by_key() {
        let key = |slot: u64, generation: u64| OpKey::from_bits(generation << 32 | slot);
        let mut polls = Polls::new();
        polls.reserve(3).unwrap();
        polls.note(Poll { key: key(3, 1), fd: 7, events: 1 });
        assert!(polls.forget(key(3, 2)).is_none());
        assert_eq!(polls.forget(key(3, 1)).map(|p| p.fd), Some(7));
        polls.note(Poll { key: key(3, 2), fd: 8, events: 4 });
        assert!(polls.get(key(3, 1)).is_none());
        assert_eq!((0..4).filter_map(|slot| polls.at(slot).flatten()).map(|p| p.fd).collect::<Vec<_>>(), [8]);
        assert!(polls.at(4).is_none());
    }
}
