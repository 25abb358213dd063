//! What loops do, for those who look: `uvring_metrics` and `uvring top`.
//!
//! Nothing here costs a program anything that did not ask: `is_on` is one load and a branch that is never taken, and what is behind it
//! is kept apart. A program asks by calling `uvring_metrics`, a user by `UVRING_METRICS=1`.
//!
//! | file | what is in it |
//! |---|---|
//! | `table` | where loops write what they measure, and others read it |
//! | `outside` | the table of another process |

pub mod outside;
mod table;

use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, Release},
};

use once_cell::race::OnceBool;

use crate::base::environment;
use crate::sys::clock;
pub(crate) use table::{Header, Histogram, Slot, counters};

static IS_ON: AtomicBool = AtomicBool::new(false);

/// True if somebody looks at some loop.
#[inline]
pub(crate) fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

/// True if every loop is to be looked at, from its start and from outside.
pub(crate) fn is_asked_for() -> bool {
    static ASKED: OnceBool = OnceBool::new();
    ASKED.get_or_init(|| environment::is_ours(c"UVRING_METRICS", c"1"))
}

/// A place for what a loop measures; none if there is no memory, or if there are more loops than places.
#[cold]
pub(crate) fn claim() -> Option<&'static Slot> {
    let slot = table::claim(is_asked_for())?;
    IS_ON.store(true, Release);
    Some(slot)
}

/// A callback that is under way. A callback may jump away, and then this is forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    slot: Option<&'static Slot>,
    since_ns: u64,
    /// What the loop did before: a callback may be called in another.
    before: (u64, u64),
}

/// A callback of the loop with this slot is about to be called.
#[cold]
pub(crate) fn enter(slot: Option<&'static Slot>, callback: usize) -> Begun {
    let since_ns = clock::monotonic_ns();
    let before = slot.map_or((0, 0), |slot| slot.swap_doing(callback as u64, since_ns));
    Begun { slot, since_ns, before }
}

/// And has come back. The loop may be closed by now; slots stay.
#[cold]
pub(crate) fn leave(begun: Begun) {
    let now_ns = clock::monotonic_ns();
    if let Some(slot) = begun.slot {
        slot.swap_doing(begun.before.0, begun.before.1);
        slot.record(Histogram::Callback, now_ns.saturating_sub(begun.since_ns));
    }
}
