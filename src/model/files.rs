//! The file requests of a loop on their way, and what each of them keeps in its reserved words.

use std::cell::{Cell, RefCell};

use libc::c_int;

use crate::abi::*;
use crate::base::alloc::Array;
use crate::base::queue::Link;
use crate::model::job::{Job, WithJob};
use crate::model::request::FsReq;
use crate::sys::clock;

/// Where a request stands; kept in the request's reserved words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not started, or done.
    Idle,
    Queued,
    Ring,
    /// On the ring, and taken back by the user.
    Cancelled,
    Pool,
    Finished,
}

/// Bits beside the stage.
pub(crate) mod mark {
    /// Takes a kernel worker.
    pub(crate) const SLOW: usize = 1;
    /// Uses and moves the file's own position; it is in `Files::positions`.
    pub(crate) const POSITION: usize = 2;
    /// Waits for the other end of a pipe or socket, maybe for ever.
    pub(crate) const ENDLESS: usize = 4;
    /// It may be done inline, or on a ring: mounts are learnt of, and what the pool is about.
    pub(crate) const MAY_LEAVE_POOL: usize = 8;
    /// The pool is to learn of the mount of the file that is read or written.
    pub(crate) const UNKNOWN_MOUNT: usize = 16;
}

/// The reserved words of a request.
pub(crate) const STAGE: usize = 0;
pub(crate) const MARKS: usize = 1;
pub(crate) const KEY: usize = 2;
/// A descriptor to close after the pool has opened the file again, plus 1.
pub(crate) const FIRST_FD: usize = 3;
/// The number of the mount that an answer already in a stat request is about, if that is yet to be learnt about; or 0.
pub(crate) const MOUNT: usize = 4;
/// Of a read or write that the ring has: where the file's own position was before, plus 1; or 0.
pub(crate) const BEFORE: usize = 4;

/// How many descriptors `Files` tells apart; a power of two.
const DESCRIPTORS: usize = 64;

/// File requests of a loop on their way.
pub(crate) struct Files {
    lists: [uv__queue; 4],
    /// Files whose own position a request on the ring, or in the pool, uses: the ring takes no lock for it.
    positions: RefCell<Array<(c_int, Stage)>>,
    /// How many requests with `mark::SLOW` are on the ring.
    pub(crate) slow: Cell<usize>,
    /// How many requests in the pool, and on the ring, name a descriptor whose low bits are these.
    named_in_pool: [Cell<u32>; DESCRIPTORS],
    named_on_ring: [Cell<u32>; DESCRIPTORS],
    /// Descriptors that were seen to be without O_DIRECT, by their low bits, and for how many reads that is still believed.
    buffered: [Cell<(c_int, u8)>; DESCRIPTORS],
    /// Reads on file systems that cannot read their cache without waiting, and stats on mounts whose cache does not count.
    pub(crate) reads: Attempts,
    pub(crate) stats: Attempts,
    /// What a stat takes on the loop's thread.
    pub(crate) stat_cost: Cost,
    /// How many stats have their callback to come.
    pub(crate) stats_under_way: Cell<usize>,
    /// How many requests were answered inline, and how many the pool was given.
    pub(crate) answered_inline: Cell<u64>,
    pub(crate) given_to_pool: Cell<u64>,
}

/// How many attempts in a row were in vain, with what was not even tried meanwhile.
pub(crate) struct Attempts(Cell<usize>);

impl Attempts {
    /// Notes how an attempt ended.
    pub(crate) fn note(&self, was_in_vain: bool) {
        self.0.set(if was_in_vain { self.0.get() + 1 } else { 0 });
    }

    /// False if an attempt is better not made: so many before it were in vain. Now and then one is, because files differ.
    pub(crate) fn may_try(&self) -> bool {
        const ENOUGH: usize = 16;
        const PAUSE: usize = 64;
        let so_far = self.0.get();
        if so_far < ENOUGH {
            return true;
        }
        self.0.set(so_far + 1);
        so_far.is_multiple_of(PAUSE)
    }
}

/// How long something takes, in nanoseconds.
pub(crate) struct Cost {
    ns: Cell<u64>,
    calls: Cell<u32>,
}

impl Cost {
    /// Does it, and now and then looks how long that takes.
    pub(crate) fn of<T>(&self, what: impl FnOnce() -> T) -> T {
        const SAMPLE: u32 = 8;
        self.calls.set(self.calls.get().wrapping_add(1));
        if !self.calls.get().is_multiple_of(SAMPLE) {
            return what();
        }
        let began = clock::monotonic_ns();
        let done = what();
        self.ns.set(clock::settled(self.ns.get(), clock::monotonic_ns().saturating_sub(began)));
        done
    }

    /// As far as is known; 0 if nothing is.
    pub(crate) fn ns(&self) -> u64 {
        self.ns.get()
    }
}

impl Files {
    /// To be followed by `init`, at its final place.
    pub(crate) const fn new() -> Files {
        Files {
            lists: [const { uv__queue::new() }; 4],
            positions: RefCell::new(Array::new()),
            slow: Cell::new(0),
            named_in_pool: [const { Cell::new(0) }; DESCRIPTORS],
            named_on_ring: [const { Cell::new(0) }; DESCRIPTORS],
            buffered: [const { Cell::new((-1, 0)) }; DESCRIPTORS],
            reads: Attempts(Cell::new(0)),
            stats: Attempts(Cell::new(0)),
            stat_cost: Cost { ns: Cell::new(0), calls: Cell::new(0) },
            stats_under_way: Cell::new(0),
            answered_inline: Cell::new(0),
            given_to_pool: Cell::new(0),
        }
    }

    pub(crate) fn init(&self) {
        for list in [self.queue(), self.held(), self.finished(), self.delivering()] {
            list.init();
        }
    }

    fn list(&self, index: usize) -> Link {
        // SAFETY: the loop's state does not move, and requests leave the lists before it goes.
        unsafe { Link::at(&raw const self.lists[index]) }
    }

    /// Awaiting the next poll phase.
    pub(crate) fn queue(&self) -> Link {
        self.list(0)
    }

    /// Awaiting the end of others on the ring: of one that uses the same file's position, or of what names the file to be closed.
    pub(crate) fn held(&self) -> Link {
        self.list(1)
    }

    /// Done; their callbacks are to come.
    pub(crate) fn finished(&self) -> Link {
        self.list(2)
    }

    /// Those of `finished` that this poll phase delivers.
    pub(crate) fn delivering(&self) -> Link {
        self.list(3)
    }

    /// True if a result awaits its callback, or a request the next poll phase.
    pub(crate) fn has_ready_work(&self) -> bool {
        !self.finished().is_empty() || !self.delivering().is_empty() || !self.queue().is_empty()
    }

    /// True if nothing is borrowed.
    pub(crate) fn is_unborrowed(&self) -> bool {
        self.positions.try_borrow_mut().is_ok()
    }

    /// In a forked child: what was asked for and not done is the parent's to do, and is forgotten here, as libuv forgets what its
    /// threads had.
    pub(crate) fn after_fork(&self) {
        for list in [self.queue(), self.held()] {
            while list.pop_front().is_some() {}
        }
        self.positions.borrow_mut().clear();
        self.slow.set(0);
        for count in &self.named_in_pool {
            count.set(0);
        }
    }

    /// Notes that the request uses its file's position. False if there is no memory to note it.
    pub(crate) fn take_position(&self, req: FsReq, stage: Stage) -> bool {
        let noted = self.positions.borrow_mut().push((req.file.get(), stage)).is_ok();
        if noted {
            req.add_mark(mark::POSITION);
        }
        noted
    }

    /// The request no longer uses its file's position; who waits for that is looked at again.
    pub(crate) fn leave_position(&self, req: FsReq, stage: Stage) {
        if req.take_mark(mark::POSITION) {
            let mut positions = self.positions.borrow_mut();
            if let Some(at) = positions.iter().position(|&p| p == (req.file.get(), stage)) {
                positions.remove(at);
            }
            self.queue().append_all(self.held());
        }
    }

    /// Notes that the pool gets a request, or (with -1) that it is done with it.
    pub(crate) fn count_in_pool(&self, req: FsReq, change: i32) {
        count(&self.named_in_pool, req, change);
    }

    /// Notes that the ring gets a request that ends by itself.
    pub(crate) fn enter_ring(&self, req: FsReq) {
        count(&self.named_on_ring, req, 1);
    }

    /// The ring is done with a request; who waits for that is looked at again.
    pub(crate) fn leave_ring(&self, req: FsReq) {
        self.leave_position(req, Stage::Ring);
        if req.word(MARKS) & mark::ENDLESS == 0 {
            count(&self.named_on_ring, req, -1);
            self.queue().append_all(self.held());
        }
    }

    /// True if a request in the pool may name the descriptor: a close must not overtake it, though nobody promises that.
    pub(crate) fn may_be_in_pool(&self, fd: c_int) -> bool {
        self.named_in_pool[slot(fd)].get() > 0
    }

    /// The same of the ring, and of requests that end by themselves.
    pub(crate) fn may_be_on_ring(&self, fd: c_int) -> bool {
        self.named_on_ring[slot(fd)].get() > 0
    }

    /// True if a request has to wait until the ring is done with the file's position; a close waits for all that the ring does with
    /// the file, which the plain call may have to finish, and for those that wait already.
    pub(crate) fn holds(&self, req: FsReq) -> bool {
        if req.fs_type.get() == UV_FS_CLOSE {
            return self.may_be_on_ring(req.file.get());
        }
        req.uses_position() && self.is_position_taken(req.file.get(), Stage::Ring)
    }

    /// True if a descriptor is believed to be without O_DIRECT. To ask before each read took a fifth of a read's time. Who sets the flag
    /// on an open descriptor, or has another file under its number, may see the loop wait for a disk 31 times.
    pub(crate) fn is_buffered(&self, fd: c_int) -> bool {
        let believed = &self.buffered[slot(fd)];
        let (known, left) = believed.get();
        let is_believed = known == fd && left > 0;
        if is_believed {
            believed.set((fd, left - 1));
        }
        is_believed
    }

    /// Notes that a descriptor was seen to be without O_DIRECT, or that nothing is known of it any more.
    pub(crate) fn note_buffered(&self, fd: c_int, is_buffered: bool) {
        const BELIEVED: u8 = 31;
        self.buffered[slot(fd)].set((fd, if is_buffered { BELIEVED } else { 0 }));
    }

    pub(crate) fn is_position_taken(&self, fd: c_int, by: Stage) -> bool {
        self.positions.borrow().contains(&(fd, by))
    }
}

/// Where the counts of a descriptor are.
fn slot(fd: c_int) -> usize {
    fd as usize % DESCRIPTORS
}

fn count(counts: &[Cell<u32>; DESCRIPTORS], req: FsReq, change: i32) {
    for fd in req.descriptors().into_iter().flatten() {
        let count = &counts[slot(fd)];
        // Saturating: a forked child may cancel what it has not counted, its parent's.
        count.set(count.get().saturating_add_signed(change));
    }
}

impl FsReq {
    pub(crate) fn word(self, index: usize) -> usize {
        self.reserved.as_array_of_cells()[index].get().addr()
    }

    pub(crate) fn set_word(self, index: usize, value: usize) {
        self.reserved.as_array_of_cells()[index].set(std::ptr::without_provenance_mut(value));
    }

    pub(crate) fn set_stage(self, stage: Stage) {
        self.set_word(STAGE, stage as usize);
    }

    pub(crate) fn is_at(self, stage: Stage) -> bool {
        self.word(STAGE) == stage as usize
    }

    pub(crate) fn add_mark(self, bit: usize) {
        self.set_word(MARKS, self.word(MARKS) | bit);
    }

    /// Takes a mark away; true if it was there.
    pub(crate) fn take_mark(self, bit: usize) -> bool {
        let marks = self.word(MARKS);
        self.set_word(MARKS, marks & !bit);
        marks & bit != 0
    }

    /// The descriptors that it names.
    fn descriptors(self) -> [Option<c_int>; 2] {
        match self.fs_type.get() {
            UV_FS_SENDFILE => [Some(self.file.get()), Some(self.flags.get())],
            UV_FS_READ | UV_FS_WRITE | UV_FS_FSYNC | UV_FS_FDATASYNC | UV_FS_FTRUNCATE | UV_FS_FSTAT | UV_FS_FCHMOD
            | UV_FS_FCHOWN | UV_FS_FUTIME => [Some(self.file.get()), None],
            _ => [None, None],
        }
    }

    /// True if the request's loop has a ring, which is to know of mounts and of what the pool is about.
    pub(crate) fn may_leave_pool(self) -> bool {
        self.word(MARKS) & mark::MAY_LEAVE_POOL != 0
    }

    pub(crate) fn link(self) -> Link {
        self.job().link()
    }

    pub(crate) fn of_link(link: Link) -> FsReq {
        // SAFETY: the lists of `Files` hold file requests.
        unsafe { FsReq::of_job(Job::of_link(link)) }
    }

    pub(crate) fn is_stat(self) -> bool {
        matches!(self.fs_type.get(), UV_FS_STAT | UV_FS_LSTAT | UV_FS_FSTAT)
    }

    pub(crate) fn uses_position(self) -> bool {
        matches!(self.fs_type.get(), UV_FS_READ | UV_FS_WRITE) && self.off.get() < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_made_where_they_may_succeed() {
        let attempts = Attempts(Cell::new(0));
        for _ in 0..16 {
            assert!(attempts.may_try());
            attempts.note(true);
        }
        let tried = (0..1024).filter(|_| attempts.may_try()).count();
        assert_eq!(tried, 16);
        attempts.note(false);
        assert!((0..1024).all(|_| attempts.may_try()));
    }
}
