//! Which way a file operation takes, as a function of the operation and of facts: a table, which asks for a fact only where it
//! matters (most take a system call) and touches nothing itself. The operation is one that a ring may know; stats have a way of their own.

#![deny(unsafe_code)]

use libc::{O_DIRECT, O_DSYNC, S_IFBLK, S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK, c_int};

use super::mounts::Class;
use crate::model::files::mark;
use crate::op::FileOp;
use crate::op::perform::IOV_MAX;

/// How many operations on names may be on the ring, each of which takes a kernel worker; above that, the pool does better.
const SLOW_LIMIT: usize = 8;
/// The same for those that are usually done inside the enter, and for writes, which one worker does in a row for each file.
const RING_LIMIT: usize = 64;
/// The same for those that the device does, past the cache, while nobody waits: a quarter of what the ring's completion queue holds.
const DEVICE_LIMIT: usize = 1024;

/// True if an open with these flags changes the file system: that takes a thread.
fn changes(flags: c_int) -> bool {
    // O_TMPFILE contains O_DIRECTORY.
    flags & (libc::O_CREAT | libc::O_TRUNC) != 0 || flags & libc::O_TMPFILE == libc::O_TMPFILE
}

/// A way for an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// It is done.
    Done(isize),
    /// To the ring, if fewer than `limit` operations are there, with these marks.
    Ring { limit: usize, marks: usize },
    /// To the pool; with this mark.
    Pool(usize),
}

const RING: Way = Way::Ring { limit: RING_LIMIT, marks: 0 };
/// The ring waits for the other end.
const ENDLESS: Way = Way::Ring { limit: RING_LIMIT, marks: mark::ENDLESS };
/// Without a question about the file, which would take a system call: it may be one that waits for somebody.
const POLLED: Way = Way::Ring { limit: DEVICE_LIMIT, marks: mark::ENDLESS };
const POOL: Way = Way::Pool(0);

/// What became of an attempt to read what is cached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempt {
    Done(isize),
    /// It is not cached, or not all of it.
    Missing,
    /// The file cannot be read without waiting, not even its cache, or that is refused.
    Unable,
}

/// What `route` asks about an operation and the file that its descriptor is.
pub(super) trait Facts {
    /// The pool's threads have a processor beside the loop's, and do better than the kernel's workers. If not, the ring has all that
    /// it knows.
    fn pool_has_processor(&self) -> bool;
    /// A kernel thread takes what is submitted, so that a read through the ring takes no system call.
    fn is_polled(&self) -> bool;
    /// There is a mount whose cache the ring writes without a kernel worker.
    fn some_mount_writes(&self) -> bool;
    /// Reads if nobody has to be waited for.
    fn read_cached(&self) -> Attempt;
    /// As `open` was told, or `fcntl` since.
    fn open_flags(&self) -> c_int;
    /// `S_IF…`, and what the mount does; `None` if nobody has looked at it yet.
    fn kind_and_class(&self) -> (u32, Option<Class>);
    /// The path leads to a device, to open which may be an act of its own.
    fn names_device(&self) -> bool;
    /// The pool may be about the same descriptor.
    fn is_in_pool(&self) -> bool;
}

/// True if the pool is the place for an operation, whatever the file would turn out to be.
pub(super) fn is_for_pool(op: &FileOp, facts: &impl Facts) -> bool {
    match *op {
        FileOp::Open { flags, .. } => facts.names_device() || (facts.pool_has_processor() && changes(flags)),
        FileOp::Write { nbufs, .. } if nbufs > IOV_MAX => true,
        FileOp::Write { .. } => match facts.open_flags() {
            // The ring may wait for the disk inside the enter: after it has written to the cache.
            flags if flags & O_DSYNC != 0 => true,
            flags if flags & O_DIRECT != 0 => false,
            _ => facts.pool_has_processor() && !facts.some_mount_writes(),
        },
        FileOp::Read { .. } | FileOp::Close { .. } => false,
        _ => facts.pool_has_processor(),
    }
}

/// The way for an operation. Reads what can be read at once.
pub(super) fn route(op: &FileOp, facts: &impl Facts) -> Way {
    match *op {
        _ if is_for_pool(op, facts) => POOL,
        FileOp::Open { flags, .. } if !changes(flags) => RING,
        // A socket that lingers, or a terminal, would be waited for on this thread. And nothing is to be overtaken.
        FileOp::Close { .. } if facts.is_in_pool() => POOL,
        FileOp::Close { .. } => match facts.kind_and_class() {
            (S_IFREG | S_IFDIR, _) => RING,
            _ => POOL,
        },
        FileOp::Read { offset: 0.., .. } if facts.is_polled() => POLLED,
        FileOp::Read { .. } | FileOp::Write { .. } if facts.open_flags() & O_DIRECT != 0 => past_the_cache(op, facts),
        FileOp::Read { offset, .. } => read(offset, facts),
        FileOp::Write { .. } => match facts.kind_and_class() {
            (S_IFREG | S_IFBLK, _) if !facts.pool_has_processor() => RING,
            (S_IFREG | S_IFBLK, Some(Class::Writes)) => RING,
            (S_IFREG | S_IFBLK, None) => Way::Pool(mark::UNKNOWN_MOUNT),
            _ => POOL,
        },
        _ => Way::Ring { limit: RING_LIMIT, marks: mark::SLOW },
    }
}

/// True if an operation that goes to the ring, if fewer than `limit` are there, finds room: with so many there, `slow` of which take a
/// kernel worker each.
pub(super) fn has_room(limit: usize, marks: usize, on_ring: usize, slow: usize) -> bool {
    on_ring < limit && (marks & mark::SLOW == 0 || slow < SLOW_LIMIT)
}

/// With O_DIRECT. An attempt that does not wait is none there: it waits for the device.
fn past_the_cache(op: &FileOp, facts: &impl Facts) -> Way {
    match facts.kind_and_class() {
        (S_IFBLK, _) | (S_IFREG, Some(Class::Reads | Class::Writes)) => Way::Ring { limit: DEVICE_LIMIT, marks: 0 },
        (S_IFREG, None) => Way::Pool(mark::UNKNOWN_MOUNT),
        (S_IFREG, Some(Class::Remote | Class::Local)) if !facts.pool_has_processor() => RING,
        // A pipe in packet mode.
        (S_IFIFO, _) if matches!(*op, FileOp::Read { offset: ..0, .. }) => ENDLESS,
        _ => POOL,
    }
}

fn read(offset: i64, facts: &impl Facts) -> Way {
    let attempt = if offset >= 0 { Some(facts.read_cached()) } else { None };
    match attempt {
        Some(Attempt::Done(read)) => return Way::Done(read),
        // Without asking about the file, which a file system like this may have to ask a server.
        Some(Attempt::Unable) if facts.pool_has_processor() => return POOL,
        Some(Attempt::Unable | Attempt::Missing) | None => {}
    }
    match facts.kind_and_class() {
        // Here the file has told what it can do.
        (S_IFREG, _) if attempt.is_some() => RING,
        (S_IFREG, None) => Way::Pool(mark::UNKNOWN_MOUNT),
        (S_IFREG, Some(Class::Remote | Class::Local)) if facts.pool_has_processor() => POOL,
        (S_IFREG | S_IFBLK, _) => RING,
        (S_IFIFO | S_IFSOCK, _) if offset < 0 => ENDLESS,
        _ => POOL,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ptr;

    use libc::{O_RDWR, S_IFCHR};

    use super::*;

    /// What a test says; what is asked about the file is counted.
    struct Said {
        quick: bool,
        polled: bool,
        writes: bool,
        attempt: Attempt,
        flags: c_int,
        found: (u32, Option<Class>),
        in_pool: bool,
        device: bool,
        asked: Cell<u32>,
    }

    impl Said {
        fn of(found: (u32, Option<Class>)) -> Said {
            Said {
                quick: true,
                polled: false,
                writes: true,
                attempt: Attempt::Missing,
                flags: O_RDWR,
                found,
                in_pool: false,
                device: false,
                asked: Cell::new(0),
            }
        }
    }

    impl Facts for Said {
        fn pool_has_processor(&self) -> bool {
            self.quick
        }
        fn is_polled(&self) -> bool {
            self.polled
        }
        fn some_mount_writes(&self) -> bool {
            self.writes
        }
        fn read_cached(&self) -> Attempt {
            assert_eq!(self.flags & O_DIRECT, 0, "an attempt past the cache waits for the device");
            self.attempt
        }
        fn open_flags(&self) -> c_int {
            self.flags
        }
        fn kind_and_class(&self) -> (u32, Option<Class>) {
            self.asked.set(self.asked.get() + 1);
            self.found
        }
        fn names_device(&self) -> bool {
            self.device
        }
        fn is_in_pool(&self) -> bool {
            self.in_pool
        }
    }

    const fn read(offset: i64) -> FileOp {
        FileOp::Read { fd: 3, bufs: ptr::null(), nbufs: 1, offset }
    }

    const fn write() -> FileOp {
        FileOp::Write { fd: 3, bufs: ptr::null(), nbufs: 1, offset: 0 }
    }

    const LEARN: Way = Way::Pool(mark::UNKNOWN_MOUNT);
    const DEVICE: Way = Way::Ring { limit: DEVICE_LIMIT, marks: 0 };
    const SLOW: Way = Way::Ring { limit: RING_LIMIT, marks: mark::SLOW };
    const CLASSES: [Option<Class>; 5] =
        [None, Some(Class::Remote), Some(Class::Local), Some(Class::Reads), Some(Class::Writes)];

    /// For a regular file on a mount of each class: the way where the pool is quick, and where it is not.
    fn check(op: &FileOp, flags: c_int, quick: [Way; 5], slow: [Way; 5]) {
        for (is_quick, ways) in [(true, quick), (false, slow)] {
            for (class, way) in CLASSES.into_iter().zip(ways) {
                let facts = Said { quick: is_quick, flags: O_RDWR | flags, ..Said::of((S_IFREG, class)) };
                assert_eq!(route(op, &facts), way, "{class:?}, quick: {is_quick}");
            }
        }
    }

    #[test]
    fn regular_files() {
        check(&read(0), 0, [RING; 5], [RING; 5]);
        check(&read(-1), 0, [LEARN, POOL, POOL, RING, RING], [LEARN, RING, RING, RING, RING]);
        check(&write(), 0, [LEARN, POOL, POOL, POOL, RING], [RING; 5]);
        for op in [read(0), read(-1), write()] {
            check(&op, O_DIRECT, [LEARN, POOL, POOL, DEVICE, DEVICE], [LEARN, RING, RING, DEVICE, DEVICE]);
        }
        for sync in [libc::O_SYNC, libc::O_DSYNC, libc::O_SYNC | O_DIRECT] {
            check(&write(), sync, [POOL; 5], [POOL; 5]);
        }
    }

    #[test]
    fn reads_of_what_is_cached() {
        let facts = |quick, attempt| Said { quick, attempt, ..Said::of((S_IFREG, Some(Class::Local))) };
        assert_eq!(route(&read(0), &facts(true, Attempt::Done(7))), Way::Done(7));
        assert_eq!(route(&read(0), &facts(false, Attempt::Unable)), RING);
        // A server may have to be asked about the file, and would be in vain.
        let remote = facts(true, Attempt::Unable);
        assert_eq!((route(&read(0), &remote), remote.asked.get()), (POOL, 0));
    }

    #[test]
    fn other_kinds() {
        for (kind, at_place, at_own, write_way) in [
            (S_IFBLK, RING, RING, RING),
            (S_IFIFO, POOL, ENDLESS, POOL),
            (S_IFSOCK, POOL, ENDLESS, POOL),
            (S_IFCHR, POOL, POOL, POOL),
            (0, POOL, POOL, POOL),
        ] {
            let facts = Said::of((kind, Some(Class::Writes)));
            assert_eq!(route(&read(0), &facts), at_place);
            assert_eq!(route(&read(-1), &facts), at_own);
            assert_eq!(route(&write(), &facts), write_way);
        }
        let polled = Said { polled: true, ..Said::of((S_IFREG, Some(Class::Writes))) };
        assert_eq!((route(&read(0), &polled), polled.asked.get()), (POLLED, 0));
        assert_eq!((route(&read(-1), &polled), route(&write(), &polled)), (RING, RING));
        let direct = |kind| Said { flags: O_DIRECT, ..Said::of((kind, Some(Class::Local))) };
        assert_eq!(route(&read(0), &direct(S_IFBLK)), DEVICE);
        assert_eq!(route(&read(-1), &direct(S_IFIFO)), ENDLESS);
        assert_eq!(route(&write(), &direct(S_IFIFO)), POOL);
    }

    #[test]
    fn names_and_closes() {
        let regular = || Said::of((S_IFREG, Some(Class::Local)));
        let close = FileOp::Close { fd: 3 };
        assert_eq!(route(&close, &regular()), RING);
        assert_eq!(route(&close, &Said { in_pool: true, ..regular() }), POOL);
        assert_eq!(route(&close, &Said::of((S_IFSOCK, None))), POOL);
        let open = |flags| FileOp::Open { dir: libc::AT_FDCWD, path: ptr::null(), flags, mode: 0 };
        let slow_pool = Said { quick: false, ..regular() };
        for reads in [0, libc::O_DIRECTORY] {
            assert_eq!(route(&open(reads), &regular()), RING);
        }
        assert_eq!((route(&open(libc::O_CREAT), &regular()), route(&open(libc::O_CREAT), &slow_pool)), (POOL, SLOW));
        assert_eq!(route(&open(libc::O_TMPFILE), &regular()), POOL);
        assert_eq!(route(&open(0), &Said { device: true, quick: false, ..regular() }), POOL);
        let unlink = FileOp::Unlink { dir: libc::AT_FDCWD, path: ptr::null(), flags: 0 };
        assert_eq!((route(&unlink, &regular()), route(&unlink, &slow_pool)), (POOL, SLOW));
    }
}
