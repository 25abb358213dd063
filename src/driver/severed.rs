//! Operations that the kernel has begun on a ring which can be entered no more: a filter that came while they were in flight
//! refuses `io_uring_enter`, or the kernel had no memory for it for long.
//!
//! None of them is done a second time: an append would stand twice in its file, an open leave a descriptor behind, a close hit
//! another's. Their results have to be learned. Measured on 6.18, with DEFER_TASKRUN and enter refused: what the kernel did within
//! the enter that submitted it is in the completion queue; what a kernel worker does is done, and never shows there, because
//! only an enter of the ring's thread moves it there. Neither a poll of the ring nor IORING_REGISTER_SYNC_CANCEL does. But the
//! kernel puts all of it there when the ring is closed: what is under way ends as ever, what no worker has begun and what waits
//! for a pipe is given up with ECANCELED, and all is written to the memory of the ring, which is gone for us by then, because to
//! keep it mapped keeps the ring open.
//!
//! So the pages with the queue are put into a pipe (`vmsplice`, which lets the pipe refer to the page itself), then mapping
//! and descriptor are given up, and a copy of the pipe's pages (`tee`) shows what comes. Where the kernel cannot do that (rings
//! were not made of such pages before 6.10), and the ring is a deferred one, nothing can be learned: after [`PATIENCE_NS`] the
//! operations end with EIO. Better an error than to do it twice.
//!
//! A child that was forked before holds the ring open, too. Then results come when it ends.
//!
//! Argument for the unsafe code: (1) the mapping is this function's own, and no reference to it is made; (2) the buffer has the
//! length that is said.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::{mem, ptr};

use io_uring::Parameters;
use libc::{c_int, c_void};

use super::ring_instance::RingInstance;
use crate::abi::{Errno, Result};
use crate::base::alloc::Array;
use crate::base::fork;
use crate::op::{Completion, OpKey};
use crate::sys::{call, clock};

/// How long it is tried to get hold of the queue's pages: descriptors may be short.
const PATIENCE_NS: u64 = 1_000_000_000;
/// How long the loop sleeps between two polls, at first and at most.
const FIRST_PAUSE_NS: u64 = 50_000;
const LAST_PAUSE_NS: u64 = 10_000_000;

/// Operations whose results are to come without an enter.
pub(super) struct Severed {
    keys: Array<OpKey>,
    queue: Queue,
    fork_generation: u64,
    give_up_ns: u64,
    pause_ns: u64,
}

/// Where the completions are read.
enum Queue {
    /// The ring's mapping.
    Ring(Box<RingInstance>),
    /// The ring is closed.
    Pages(Pages),
}

impl Severed {
    pub(super) fn new(instance: Box<RingInstance>, keys: Array<OpKey>) -> Severed {
        let give_up_ns = clock::monotonic_ns() + PATIENCE_NS;
        let fork_generation = fork::generation();
        Severed { keys, queue: Queue::Ring(instance), fork_generation, give_up_ns, pause_ns: FIRST_PAUSE_NS }
    }

    /// False in a forked child, where the results are none of ours, and the pipes are the parent's, too.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.fork_generation == fork::generation()
    }

    /// How many results are to come.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// How long to wait before the next poll.
    pub(super) fn pause_ns(&mut self) -> u64 {
        let pause = self.pause_ns;
        self.pause_ns = (pause * 2).min(LAST_PAUSE_NS);
        pause
    }

    /// Takes the results that have come.
    pub(super) fn take_results(&mut self, out: &mut Array<Completion>) {
        if out.reserve(self.keys.len()).is_err() {
            return;
        }
        let before = self.keys.len();
        if let Queue::Ring(ref mut instance) = self.queue {
            while let Some((user_data, result)) = instance.next() {
                complete(&mut self.keys, user_data, result, out);
            }
            // The other kind of ring goes on telling.
            if !self.keys.is_empty() && instance.is_deferred() {
                match Pages::of(instance) {
                    // In place of the ring, which this closes.
                    Ok(pages) => self.queue = Queue::Pages(pages),
                    Err(_) if clock::monotonic_ns() < self.give_up_ns => {}
                    Err(_) => {
                        while let Some(&key) = self.keys.first() {
                            complete(&mut self.keys, key.to_bits(), Errno::EIO.0, out);
                        }
                    }
                }
            }
        }
        if let Queue::Pages(ref mut pages) = self.queue {
            pages.refresh();
            while let Some((user_data, result)) = pages.next() {
                // A read that was to go on where its page had come was not begun either.
                let result = if result == -libc::EFAULT { -libc::ECANCELED } else { result };
                complete(&mut self.keys, user_data, result, out);
            }
        }
        if self.keys.len() < before {
            self.pause_ns = FIRST_PAUSE_NS;
        }
    }
}

/// Notes a result. Room in `out` was reserved.
fn complete(keys: &mut Array<OpKey>, user_data: u64, result: i32, out: &mut Array<Completion>) {
    if let Some(at) = keys.iter().position(|key| key.to_bits() == user_data) {
        let key = keys.remove(at);
        let _ = out.push(Completion { key, result });
    }
}

/// Words of `struct io_uring_params`: where the parts of the completion queue are, as offsets into its mapping.
mod word {
    pub(super) const HEAD: usize = 20;
    pub(super) const TAIL: usize = 21;
    pub(super) const MASK: usize = 22;
    pub(super) const CQES: usize = 25;
    pub(super) const COUNT: usize = 30;
}
const _: () = assert!(size_of::<Parameters>() == word::COUNT * size_of::<u32>());

/// The size of a completion: `user_data`, result, flags.
const CQE: usize = 16;
/// At most so many pages hold the head of the queue and what is outstanding: fewer than a pipe holds.
const MOST_PAGES: usize = 8;

/// The pages of a completion queue whose ring is closed.
struct Pages {
    /// Holds the pages.
    held: [OwnedFd; 2],
    /// Takes what is copied.
    copy: [OwnedFd; 2],
    /// Which pages of the mapping these are, in this order.
    numbers: [u32; MOST_PAGES],
    count: usize,
    page: usize,
    /// Where the mapping has the place behind the last completion, and the completions.
    tail_at: usize,
    cqes_at: usize,
    /// The next completion, and the one behind the last.
    head: u32,
    tail: u32,
    mask: u32,
    /// The pages as they were lately.
    seen: Array<u8>,
}

fn pipe() -> Result<[OwnedFd; 2]> {
    let ends = call::pipe(libc::O_NONBLOCK)?;
    // SAFETY: both are new.
    Ok(ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

impl Pages {
    /// Gets hold of the pages; the ring is to be closed next.
    fn of(instance: &RingInstance) -> Result<Pages> {
        // SAFETY: `Parameters` is the kernel's struct, which has the size asserted above.
        let words: [u32; word::COUNT] = unsafe { mem::transmute_copy(instance.setup()) };
        // SAFETY: no pointers.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let len = words[word::CQES] as usize + instance.setup().cq_entries() as usize * CQE;
        // SAFETY: a new mapping, at offset 0, where both queues are (SINGLE_MMAP).
        let map = unsafe {
            let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
            libc::mmap(ptr::null_mut(), len, libc::PROT_READ, flags, instance.fd(), 0)
        };
        if map == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: (1).
        unsafe {
            let pages = Pages::of_mapping(map, page, words, instance.outstanding);
            libc::munmap(map, len);
            pages
        }
    }

    /// # Safety
    /// (1)
    unsafe fn of_mapping(
        map: *mut c_void,
        page: usize,
        words: [u32; word::COUNT],
        outstanding: usize,
    ) -> Result<Pages> {
        // SAFETY: (1); the kernel said where the words are.
        let read = |at: usize| unsafe { map.byte_add(words[at] as usize).cast::<u32>().read_volatile() };
        let (head, mask) = (read(word::HEAD), read(word::MASK));
        let (held, copy) = (pipe()?, pipe()?);
        let mut pages = Pages {
            held,
            copy,
            numbers: [0; MOST_PAGES],
            count: 0,
            page,
            tail_at: words[word::TAIL] as usize,
            cqes_at: words[word::CQES] as usize,
            head,
            tail: head,
            mask,
            seen: Array::new(),
        };
        // SAFETY: (1).
        unsafe {
            pages.add(map, pages.tail_at)?;
            for i in 0..outstanding as u32 {
                pages.add(map, pages.place_of(head.wrapping_add(i)))?;
            }
        }
        pages.seen.reserve(pages.count * page)?;
        Ok(pages)
    }

    /// Where the mapping has a completion.
    fn place_of(&self, index: u32) -> usize {
        self.cqes_at + (index & self.mask) as usize * CQE
    }

    /// Puts the page of a place into the pipe, unless it is there.
    ///
    /// # Safety
    /// (1)
    unsafe fn add(&mut self, map: *mut c_void, place: usize) -> Result {
        let number = (place / self.page) as u32;
        if self.numbers[..self.count].contains(&number) {
            return Ok(());
        }
        if self.count == MOST_PAGES {
            return Err(Errno::E2BIG);
        }
        let part = libc::iovec { iov_base: map.wrapping_byte_add(number as usize * self.page), iov_len: self.page };
        // SAFETY: (1); the page lies within the mapping.
        let taken = unsafe { libc::vmsplice(self.held[1].as_raw_fd(), &raw const part, 1, libc::SPLICE_F_NONBLOCK) };
        if taken != self.page as isize {
            return Err(if taken < 0 { Errno::last() } else { Errno::EAGAIN });
        }
        self.numbers[self.count] = number;
        self.count += 1;
        Ok(())
    }

    /// Copies the pages. False if that did not work.
    fn copy(&mut self) -> bool {
        let len = self.count * self.page;
        let [from, to] = [self.held[0].as_raw_fd(), self.copy[1].as_raw_fd()];
        // SAFETY: no pointers.
        let shared = unsafe { libc::tee(from, to, len, libc::SPLICE_F_NONBLOCK) };
        self.seen.clear();
        while shared > 0 && self.seen.len() < shared as usize {
            let mut part = [0u8; 1024];
            let want = part.len().min(shared as usize - self.seen.len());
            // SAFETY: (2).
            let n = unsafe { libc::read(self.copy[0].as_raw_fd(), part.as_mut_ptr().cast(), want) };
            if n <= 0 || self.seen.extend(&part[..n as usize]).is_err() {
                return false;
            }
        }
        self.seen.len() == len
    }

    /// Looks for further completions. The place behind the last is read first, and the completions before it after that.
    fn refresh(&mut self) {
        if self.copy()
            && let Some(tail) = self.bytes(self.tail_at).map(u32::from_ne_bytes)
            && tail != self.head
            && self.copy()
        {
            self.tail = tail;
        }
    }

    /// The next completion: key and result.
    fn next(&mut self) -> Option<(u64, i32)> {
        if self.head == self.tail {
            return None;
        }
        let place = self.place_of(self.head);
        self.head = self.head.wrapping_add(1);
        let user_data = u64::from_ne_bytes(self.bytes(place)?);
        Some((user_data, c_int::from_ne_bytes(self.bytes(place + 8)?)))
    }

    /// Bytes from a place of the mapping.
    fn bytes<const N: usize>(&self, place: usize) -> Option<[u8; N]> {
        let at = self.numbers[..self.count].iter().position(|&number| number as usize == place / self.page)?;
        let start = at * self.page + place % self.page;
        self.seen.get(start..start + N)?.try_into().ok()
    }
}
