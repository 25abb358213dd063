//! Writes to many sockets with one enter. None of them waits, so all have completed when it returns: nothing of them is in flight then.

#![deny(unsafe_code)]

use io_uring::{EnterFlags, opcode};

use super::file_ring::{EPOLL, FileRing};
use super::probe;
use super::ring_instance::Entered;
use crate::op::send::Send;
use crate::op::sqe::Entry;

/// The `user_data` of the first of them; no key is that small.
const FIRST: u64 = 2;

impl FileRing {
    /// Carries writes. False if it cannot, which says nothing of later: none was tried then. One that was not carried after all has
    /// EAGAIN for its result.
    pub(super) fn send_all(&mut self, sends: &mut [Send]) -> bool {
        const NEEDED: u64 = 1 << opcode::Send::CODE | 1 << opcode::SendMsg::CODE;
        let is_known = probe::features().is_some_and(|features| features.opcodes & NEEDED == NEEDED);
        // A thread that polls for submissions would do them later, and with older rights; and what is in flight completes between them.
        if !is_known || self.options().polling.is_some() || self.in_flight() > 0 || self.ring().is_none() {
            return false;
        }
        // There is always room for half of what the queue takes.
        let at_once = self.options().entries as usize / 2;
        sends.chunks_mut(at_once).all(|chunk| self.send_some(chunk));
        true
    }

    /// False if the ring can do no more.
    fn send_some(&mut self, chunk: &mut [Send]) -> bool {
        let mut left = 0;
        for (send, user_data) in chunk.iter().zip(FIRST..) {
            if self.push(&Entry::send(send).user_data(user_data)).is_none() {
                break;
            }
            left += 1;
        }
        while left > 0 {
            let entered = self.enter_with(left, EnterFlags::GETEVENTS, None);
            while let Some((user_data, result)) = self.next_completion() {
                if user_data == EPOLL {
                    self.disarm();
                } else if let Some(send) = user_data.checked_sub(FIRST).and_then(|at| chunk.get_mut(at as usize)) {
                    send.result = result;
                    left -= 1;
                }
            }
            if left > 0 && entered != Entered::Well && self.is_hopeless(entered) {
                // What the kernel has not taken from the queue points to memory that is soon another's.
                self.drop_ring();
                return false;
            }
        }
        true
    }
}
