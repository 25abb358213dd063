//! The scripted kernel, for tests: descriptors become ready, and `io_uring_enter` fails, when the test says so. It serves the
//! production loop, handles and driver; only what the kernel would report is made up.

#![deny(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;

use libc::{c_int, c_uint};

use crate::abi::Result;
use crate::base::alloc::Array;
use crate::driver::limit::Limit;
use crate::op::{Completion, OpKey};

/// What happens in one wait.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// The poll of this descriptor reports these events.
    Ready { fd: c_int, events: c_uint },
    /// A completion arrives for a key that was given up.
    Stale { key: OpKey },
}

/// A kernel by script.
pub(crate) struct Script {
    keys: Vec<(OpKey, c_int)>,
    /// Keys cancelled so far.
    pub(crate) cancelled: Vec<OpKey>,
    /// What the next waits report.
    pub(crate) waits: VecDeque<Vec<Event>>,
    /// The limits of the waits so far.
    pub(crate) limits: Vec<Option<u64>>,
}

thread_local!(static WANTED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });

/// Makes the loops that `f` initialises on this thread scripted ones.
pub(crate) fn scripted<T>(f: impl FnOnce() -> T) -> T {
    WANTED.set(true);
    let result = f();
    WANTED.set(false);
    result
}

pub(crate) fn is_wanted() -> bool {
    WANTED.get()
}

thread_local!(static FAILURES: RefCell<VecDeque<c_int>> = const { RefCell::new(VecDeque::new()) });

/// Makes the next enters of this thread's rings fail with these errors.
pub(crate) fn fail_enters(errors: impl IntoIterator<Item = c_int>) {
    FAILURES.with_borrow_mut(|failures| {
        failures.clear();
        failures.extend(errors);
    });
}

/// How many of them have yet to fail.
pub(crate) fn enters_to_fail() -> usize {
    FAILURES.with_borrow(VecDeque::len)
}

/// How the enter that is about to be made fails, if it does.
pub(crate) fn next_enter_fails() -> Option<c_int> {
    FAILURES.with_borrow_mut(VecDeque::pop_front)
}

impl Script {
    pub(crate) fn new() -> Script {
        Script { keys: Vec::new(), cancelled: Vec::new(), waits: VecDeque::new(), limits: Vec::new() }
    }

    /// The key of the poll of a descriptor.
    pub(crate) fn key_of(&self, fd: c_int) -> Option<OpKey> {
        self.keys.iter().find(|&&(_, f)| f == fd).map(|&(key, _)| key)
    }

    pub(crate) fn watch(&mut self, key: OpKey, fd: c_int) -> Result {
        self.unwatch(fd);
        self.keys.push((key, fd));
        Ok(())
    }

    pub(crate) fn unwatch(&mut self, fd: c_int) {
        self.cancelled.extend(self.key_of(fd));
        self.keys.retain(|&(_, f)| f != fd);
    }

    pub(crate) fn wait(&mut self, limit: Limit, out: &mut Array<Completion>) {
        self.limits.push(limit.until_ns);
        for event in self.waits.pop_front().unwrap_or_default() {
            let completion = match event {
                Event::Ready { fd, events } => {
                    let Some(key) = self.key_of(fd) else { continue };
                    Completion { key, result: events as i32 }
                }
                Event::Stale { key } => Completion { key, result: 1 },
            };
            let _ = out.push(completion);
        }
    }
}
