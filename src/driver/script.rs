//! The scripted driver, for tests: the kernel does what the test says. It carries the production loop and handles; only
//! what the kernel would report is made up.

use std::collections::VecDeque;

use libc::{c_int, c_uint};

use super::ready::Ready;
use super::{Counters, Limit};
use crate::abi::Result;
use crate::alloc::Array;
use crate::op::{Completion, OpKey, Submission};

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
    /// Only for its descriptor, which answers `uv_poll_init`'s questions.
    ready: Ready,
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

impl Script {
    pub(crate) fn over(ready: Ready) -> Script {
        Script { ready, keys: Vec::new(), cancelled: Vec::new(), waits: VecDeque::new(), limits: Vec::new() }
    }

    pub(crate) fn reserve(&mut self, _slot: usize) -> Result {
        Ok(())
    }

    /// The key of the poll of a descriptor.
    pub(crate) fn key_of(&self, fd: c_int) -> Option<OpKey> {
        self.keys.iter().find(|&&(_, f)| f == fd).map(|&(key, _)| key)
    }

    pub(crate) fn submit(&mut self, key: OpKey, what: &Submission) {
        if let Submission::Poll { fd, .. } = *what {
            self.keys.push((key, fd));
        }
    }

    pub(crate) fn cancel(&mut self, key: OpKey) {
        self.keys.retain(|&(k, _)| k != key);
        self.cancelled.push(key);
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

    pub(crate) fn epoll(&self) -> c_int {
        self.ready.epoll()
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters::default()
    }

    pub(crate) fn reopen(&mut self) -> Result {
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        self.ready.close();
    }
}
