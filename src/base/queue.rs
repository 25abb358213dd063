//! The intrusive circular list whose links the ABI places inside loops, handles and requests.
//!
//! A head and a node are the same two words. An empty head, and a node in no list, point to themselves, so `unlink` needs
//! no head and may be called twice.
//!
//! ```text
//! head ⇄ first ⇄ … ⇄ last ⇄ (head)
//! ```
//!
//! Argument for the unsafe code:
//! 1. A `Link` is made from a field of a live loop, handle or request (laws 1 and 2), or of the loop's state; whoever
//!    frees such an object has unlinked it before.
//! 2. Links are reached through raw pointers only, and read and written whole; no reference to a node outlives an expression, so
//!    the owner may be written to, or freed, by user code between two calls. Any thread may ask whether a head is empty while
//!    another changes its list; everything else takes the thread, or the lock, that the list belongs to.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use crate::abi::uv__queue;

/// A node or head of a list. Copy: it is a pointer, not an owner.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link(*mut uv__queue);

impl uv__queue {
    /// Not yet in any list; `init` before use, because a list points to itself.
    pub(crate) const fn new() -> uv__queue {
        uv__queue { next: Cell::new(ptr::null_mut()), prev: Cell::new(ptr::null_mut()) }
    }
}

impl Link {
    /// The link at `place`.
    ///
    /// # Safety
    /// `place` lies in a live object (1).
    pub(crate) const unsafe fn at(place: *const uv__queue) -> Link {
        Link(place.cast_mut())
    }

    /// The link's address.
    pub(crate) fn as_ptr(self) -> *mut uv__queue {
        self.0
    }

    fn next_word<'a>(self) -> &'a AtomicPtr<uv__queue> {
        // SAFETY: (1), (2).
        unsafe { AtomicPtr::from_ptr((*self.0).next.as_ptr()) }
    }

    fn prev_word<'a>(self) -> &'a AtomicPtr<uv__queue> {
        // SAFETY: (1), (2).
        unsafe { AtomicPtr::from_ptr((*self.0).prev.as_ptr()) }
    }

    fn next(self) -> Link {
        Link(self.next_word().load(Relaxed))
    }

    fn prev(self) -> Link {
        Link(self.prev_word().load(Relaxed))
    }

    fn join(self, next: Link) {
        self.next_word().store(next.0, Relaxed);
        next.prev_word().store(self.0, Relaxed);
    }

    /// Makes an empty head, or a node in no list.
    pub(crate) fn init(self) {
        self.join(self);
    }

    /// True for an empty head, and for a node in no list.
    pub(crate) fn is_empty(self) -> bool {
        self.next() == self
    }

    /// The first node after this head.
    pub(crate) fn first(self) -> Option<Link> {
        let first = self.next();
        (first != self).then_some(first)
    }

    /// The last node before this head.
    pub(crate) fn last(self) -> Option<Link> {
        let last = self.prev();
        (last != self).then_some(last)
    }

    /// The node after `self` in the list of `head`.
    pub(crate) fn next_in(self, head: Link) -> Option<Link> {
        let next = self.next();
        (next != head).then_some(next)
    }

    /// Adds `node`, which is in no list, at the end of this head's list.
    pub(crate) fn push_back(self, node: Link) {
        self.prev().join(node);
        node.join(self);
    }

    /// Adds `node`, which is in no list, at the front of this head's list.
    pub(crate) fn push_front(self, node: Link) {
        let first = self.next();
        self.join(node);
        node.join(first);
    }

    /// Takes this node out of its list, if it is in one.
    pub(crate) fn unlink(self) {
        self.prev().join(self.next());
        self.init();
    }

    /// Takes the first node out of this head's list.
    pub(crate) fn pop_front(self) -> Option<Link> {
        let first = self.first()?;
        first.unlink();
        Some(first)
    }

    /// Moves all nodes of `from` to the end of this head's list.
    ///
    /// ```text
    /// BEFORE  self ⇄ a ⇄ (self)    from ⇄ b ⇄ c ⇄ (from)
    /// AFTER   self ⇄ a ⇄ b ⇄ c ⇄ (self)    from ⇄ (from)
    /// ```
    pub(crate) fn append_all(self, from: Link) {
        if from.is_empty() {
            return;
        }
        let (first, last) = (from.next(), from.prev());
        self.prev().join(first);
        last.join(self);
        from.init();
    }
}

impl Link {
    /// Puts this head's list in order, in a forked child: a thread of the parent may have been adding a node at its end. The node is
    /// in the list afterwards if it had been linked from the last one.
    pub(crate) fn mend(self) {
        let mut node = self;
        loop {
            let next = node.next();
            // The new node pointed to itself before.
            let next = if next == node { self } else { next };
            node.join(next);
            if next == self {
                return;
            }
            node = next;
        }
    }
}

/// The object of type `$type` whose field `$field` is the link `$link`, as `*mut $type`.
macro_rules! owner {
    ($link:expr, $type:ty, $field:ident) => {
        $link.as_ptr().cast::<u8>().wrapping_sub(std::mem::offset_of!($type, $field)).cast::<$type>()
    };
}
pub(crate) use owner;

#[cfg(test)]
mod tests {
    use super::*;

    // A Vec, because moving a Box would make the pointers between its nodes stale for Miri.
    fn list(n: usize) -> Vec<uv__queue> {
        let nodes: Vec<uv__queue> = (0..n).map(|_| uv__queue::new()).collect();
        for node in &nodes {
            at(node).init();
        }
        nodes
    }

    fn at(node: &uv__queue) -> Link {
        // SAFETY: the tests keep the nodes alive.
        unsafe { Link::at(ptr::from_ref(node)) }
    }

    fn order(head: Link) -> Vec<Link> {
        let mut all = Vec::new();
        let mut node = head.first();
        while let Some(n) = node {
            all.push(n);
            node = n.next_in(head);
        }
        all
    }

    #[test]
    fn a_list_is_mended_wherever_an_addition_stopped() {
        for stores in 0..4 {
            let n = list(3);
            let (head, first, new) = (at(&n[0]), at(&n[1]), at(&n[2]));
            head.push_back(first);
            let steps: [&dyn Fn(); 3] =
                [&|| first.next_word().store(new.0, Relaxed), &|| new.prev_word().store(first.0, Relaxed), &|| {
                    new.next_word().store(head.0, Relaxed)
                }];
            steps[..stores].iter().for_each(|step| step());
            head.mend();
            head.mend();
            assert!(order(head) == if stores == 0 { vec![first] } else { vec![first, new] });
            assert!(head.last() == order(head).last().copied());
        }
    }

    #[test]
    fn push_unlink_and_splice() {
        let n = list(5);
        let (head, other, a, b, c) = (at(&n[0]), at(&n[1]), at(&n[2]), at(&n[3]), at(&n[4]));
        assert!(head.is_empty() && head.first().is_none());
        head.push_back(a);
        other.push_back(b);
        other.push_back(c);
        head.append_all(other);
        assert!(order(head) == [a, b, c] && other.is_empty());
        b.unlink();
        b.unlink();
        head.push_front(b);
        assert!(order(head) == [b, a, c]);
        assert!(head.pop_front() == Some(b) && head.pop_front() == Some(a) && head.pop_front() == Some(c));
        assert!(head.pop_front().is_none());
    }
}
