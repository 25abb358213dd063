//! What loops do, for those who look: `uvring_metrics`, `uvring top`, traces, and who holds a loop for long.
//!
//! Nothing here costs a program anything that did not ask: `is_on` is one load and a branch that is never taken, and what is behind it
//! is kept apart. A program asks by calling `uvring_metrics`, a user by a variable of the environment, which is read once, when the
//! first loop is made:
//!
//! | variable | what for | file |
//! |---|---|---|
//! | `UVRING_METRICS=1` | every loop measures from its start, where others may read it | `table`, `outside` |
//! | `UVRING_TRACE=FILE` | what loops do, event by event, for Perfetto and Chrome | `trace` |
//! | `UVRING_SLOW=MS` | callbacks that hold a loop for longer are told of on standard error | `slow` |
//!
//! `symbols` finds the names of functions for the last two. `probes` are for tools that attach to a process.

pub mod outside;
pub(crate) mod probes;
mod slow;
mod symbols;
mod table;
pub(crate) mod trace;

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

/// A loop is made: reads what the environment asks for, if nobody has. True if every loop is to be looked at, from its start.
pub(crate) fn is_asked_for() -> bool {
    static ASKED: OnceBool = OnceBool::new();
    let is_asked = ASKED.get_or_init(|| {
        let trace = environment::ours(c"UVRING_TRACE").filter(|path| !path.is_empty());
        let slow = environment::ours(c"UVRING_SLOW").and_then(|value| value.to_str().ok()?.parse().ok());
        let slow = slow.filter(|&milliseconds| milliseconds > 0);
        if let Some(path) = &trace {
            trace::start(path);
        }
        if let Some(milliseconds) = slow {
            slow::start(milliseconds);
        }
        let is_asked = is_public() || trace.is_some() || slow.is_some();
        IS_ON.fetch_or(is_asked, Release);
        is_asked
    });
    if is_asked {
        // A forked child has none.
        slow::start_thread();
    }
    is_asked
}

/// True if what loops measure is to be seen from outside.
fn is_public() -> bool {
    static PUBLIC: OnceBool = OnceBool::new();
    PUBLIC.get_or_init(|| environment::is_ours(c"UVRING_METRICS", c"1"))
}

/// A place for what a loop measures; none if there is no memory, or if there are more loops than places.
#[cold]
pub(crate) fn claim() -> Option<&'static Slot> {
    let slot = table::claim(is_public())?;
    IS_ON.store(true, Release);
    Some(slot)
}

/// A callback that is under way. A callback may jump away, and then this is forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    slot: Option<&'static Slot>,
    callback: usize,
    phase: &'static str,
    since_ns: u64,
    /// What the loop did before: a callback may be called in another.
    before: (u64, u64),
}

/// A callback of the loop with this slot is about to be called, in this phase.
#[cold]
pub(crate) fn enter(slot: Option<&'static Slot>, callback: usize, phase: &'static str) -> Begun {
    let since_ns = clock::monotonic_ns();
    let before = slot.map_or((0, 0), |slot| slot.swap_doing(callback as u64, since_ns));
    Begun { slot, callback, phase, since_ns, before }
}

/// And has come back. The loop may be closed by now; slots stay.
#[cold]
pub(crate) fn leave(begun: Begun) {
    let now_ns = clock::monotonic_ns();
    let took_ns = now_ns.saturating_sub(begun.since_ns);
    if let Some(slot) = begun.slot {
        slot.swap_doing(begun.before.0, begun.before.1);
        slot.record(Histogram::Callback, took_ns);
    }
    if trace::is_on() {
        let phase = if Slot::is_callback(begun.before.0) { "" } else { begun.phase };
        trace::callback(begun.callback, phase, begun.since_ns, now_ns);
    }
    slow::came_back(begun.callback, took_ns);
}

/// A loop is about to sleep or leaves `uv_run`, and may never come back.
pub(crate) fn pause() {
    if trace::is_on() {
        trace::flush();
    }
}

/// Something begins in the calling thread that a trace tells of; when, if there is one.
#[inline]
pub(crate) fn begin_span() -> Option<u64> {
    if is_on() && trace::is_on() { Some(clock::monotonic_ns()) } else { None }
}

/// And has ended.
#[inline]
pub(crate) fn end_span(began_ns: Option<u64>, category: &str, name: &trace::Name<'_>) {
    if let Some(began_ns) = began_ns {
        trace::span(category, name, began_ns, clock::monotonic_ns(), format_args!(""));
    }
}
