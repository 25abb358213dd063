//! Spinning: to look for work for a moment before going to sleep.
//!
//! To put a thread to sleep and wake it on another processor takes 5 µs of processor time, and 20 to 30 in a virtual machine
//! whose processor was halted meanwhile: more than most jobs that threads hand to each other. A thread that has found, again
//! and again, that work came soon after it fell asleep therefore looks for it a little longer first, at most as long as
//! sleeping and waking would have cost (A. Karlin and others, "Empirical studies of competitive spinning for a shared-memory
//! multiprocessor", 1991). Each time that it finds nothing, it waits twice as long before it tries that again: a loop or a pool
//! with little to do does not spin.
//!
//! A loop looks for events of its descriptors in the same way. A server that is a little faster than its client otherwise
//! sleeps after each few datagrams, and is woken for the next: it gets slower by being faster.
//!
//! Measured: one file operation in flight that needs a thread took 25 µs of processor time, and takes 3; datagrams of 8 KiB,
//! at most eight under way, came back at 0.87 times libuv's rate, and do at 1.5 times, for 4.0 µs of processor time in place of 5.0.

use once_cell::race::OnceBool;

use crate::base::environment;
use crate::sys::clock;

/// The longest spin, in nanoseconds: long enough to find what somebody brings who has to be woken first.
const LONGEST_NS: u64 = 50_000;
/// The longest spin for events. One of 8 µs found too few of the datagrams that a peer sends in step with a server.
const LONGEST_FOR_EVENTS_NS: u64 = 20_000;
/// What finding an event saves: a sleep of a few microseconds, from which the processor is back at once.
const SLEEP_NS: i64 = 2_000;
/// What spins may cost more than they save before they stop, and how much of what they saved is remembered.
const CREDIT_NS: i64 = 40_000;
const MOST_CREDIT_NS: i64 = 100_000;
/// The most sleeps without a spin after spins for events that cost more than they saved.
const LONGEST_REST_FOR_EVENTS: u16 = 1024;
/// The longest spin, in checks: a program, or a tool that it runs under, may have put a clock that stands still in place of libc's.
const MOST_CHECKS: u32 = 4096;
/// How soon a spin must find something to have been cheaper than sleep.
const CHEAP_NS: u64 = 8_000;
/// How many spins in a row may be dearer. Two that wait for each other need to spin at the same time to become quick.
const PATIENCE: u8 = 4;
/// Work that came within this time after the thread fell asleep, waking included, would have been worth a spin.
const SOON_NS: u64 = 100_000;
/// How often in a row work must have come soon before a spin is tried.
const OFTEN: u8 = 4;
/// The most sleeps without a spin after spins that found nothing.
const LONGEST_REST: u16 = 128;

/// `UVRING_SPIN=0` in the environment does not forbid it.
fn is_allowed() -> bool {
    static ALLOWED: OnceBool = OnceBool::new();
    ALLOWED.get_or_init(|| !environment::is(c"UVRING_SPIN", c"0"))
}

/// True if two threads of this process can run at a time. Says nothing of whether they may spin.
pub(crate) fn has_two_processors() -> bool {
    static TWO: OnceBool = OnceBool::new();
    TWO.get_or_init(|| std::thread::available_parallelism().is_ok_and(|n| n.get() > 1))
}

/// Another process can, even if this one has to stay on one processor.
fn is_beside_others() -> bool {
    static BESIDE: OnceBool = OnceBool::new();
    // SAFETY: no pointers.
    BESIDE.get_or_init(|| is_allowed() && unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) } > 1)
}

/// True unless it would be in vain to spin for what another thread brings: with one processor nobody can meanwhile.
pub(crate) fn is_possible() -> bool {
    is_allowed() && has_two_processors()
}

/// What a thread has learnt from its sleeps.
#[derive(Clone, Copy)]
pub(crate) struct AdaptiveSpin {
    /// Sleeps in a row that work ended soon, `OFTEN` at most.
    soon: u8,
    /// Sleeps to go before the next spin.
    rest: u16,
    /// How many they were after the last spin; twice as many follow the next one that finds nothing.
    last_rest: u16,
    /// Spins in a row that found something late.
    late: u8,
}

impl AdaptiveSpin {
    /// Nothing yet.
    pub(crate) const fn new() -> AdaptiveSpin {
        AdaptiveSpin { soon: 0, rest: 0, last_rest: 0, late: 0 }
    }

    /// True if work tends to come soon, and other threads can bring it.
    pub(crate) fn expects_work(self) -> bool {
        self.may_spin() && is_possible()
    }

    /// True if what ended the last sleeps came soon.
    pub(crate) fn is_often_soon(self) -> bool {
        self.soon == OFTEN
    }

    fn may_spin(self) -> bool {
        self.is_often_soon() && self.rest == 0
    }

    /// Work came `after_ns` nanoseconds after the thread fell asleep; `None` if something else ended the sleep.
    pub(crate) fn slept(&mut self, after_ns: Option<u64>) {
        self.rest = self.rest.saturating_sub(1);
        self.soon = match after_ns {
            Some(ns) if ns < SOON_NS => (self.soon + 1).min(OFTEN),
            _ => 0,
        };
    }

    /// Spins until `found` says so, at most until the moment `until_ns` of CLOCK_MONOTONIC; true if it did.
    pub(crate) fn spin(&mut self, until_ns: Option<u64>, found: impl Fn() -> bool) -> bool {
        let (found, took_ns) = spin(LONGEST_NS, until_ns, found);
        if found && took_ns < CHEAP_NS {
            (self.last_rest, self.late) = (0, 0);
            return true;
        }
        self.late += 1;
        if !found || self.late == PATIENCE {
            self.back_off(LONGEST_REST);
        }
        found
    }

    fn back_off(&mut self, longest: u16) {
        self.late = 0;
        self.last_rest = (self.last_rest.saturating_mul(2)).clamp(OFTEN.into(), longest);
        self.rest = self.last_rest;
    }
}

/// What a loop has learnt from its sleeps about its descriptors.
///
/// It spins while it talks with one peer. Of many, more have something to say by the time that it has woken, and one turn for
/// all takes less than a turn for each. And a peer may cause events just as fast as would keep a loop spinning all the time, at
/// twice the processor time that sleeping takes: so spins have to save as much as they cost.
#[derive(Clone, Copy)]
pub(crate) struct EventSpin {
    adaptive_spin: AdaptiveSpin,
    /// The descriptor that ended the last sleep, alone.
    last: Option<u64>,
    /// What spins have saved, less what they cost, in nanoseconds.
    credit_ns: i64,
}

impl EventSpin {
    /// Nothing yet.
    pub(crate) const fn new() -> EventSpin {
        EventSpin { adaptive_spin: AdaptiveSpin::new(), last: None, credit_ns: CREDIT_NS }
    }

    /// True if events tend to come soon, and other processes can cause them.
    pub(crate) fn expects_events(self) -> bool {
        self.adaptive_spin.may_spin() && is_beside_others()
    }

    /// The only descriptor that became ready, by any number of its own, did so `after_ns` nanoseconds after the thread fell
    /// asleep; `None` if there was not one alone.
    pub(crate) fn slept(&mut self, only: Option<u64>, after_ns: u64) {
        let is_same = only.is_some() && only == self.last;
        self.last = only;
        self.adaptive_spin.slept(is_same.then_some(after_ns));
    }

    /// As [`AdaptiveSpin::spin`].
    pub(crate) fn spin(&mut self, until_ns: Option<u64>, found: impl Fn() -> bool) -> bool {
        let (found, took_ns) = spin(LONGEST_FOR_EVENTS_NS, until_ns, found);
        self.note(found, took_ns);
        found
    }

    fn note(&mut self, found: bool, took_ns: u64) {
        let saved = if found { SLEEP_NS } else { 0 };
        self.credit_ns = (self.credit_ns + saved - took_ns as i64).min(MOST_CREDIT_NS);
        if self.credit_ns == MOST_CREDIT_NS {
            self.adaptive_spin.last_rest = 0;
        }
        if self.credit_ns < 0 {
            self.credit_ns = CREDIT_NS;
            self.adaptive_spin.back_off(LONGEST_REST_FOR_EVENTS);
        }
    }
}

/// Spins until `found` says so; gives whether it did, and how long that took, in nanoseconds.
fn spin(longest_ns: u64, until_ns: Option<u64>, found: impl Fn() -> bool) -> (bool, u64) {
    let start = clock::monotonic_ns();
    let end = until_ns.map_or(start + longest_ns, |until| until.min(start + longest_ns));
    let mut now = start;
    let mut checks = 0;
    loop {
        if found() {
            return (true, now - start);
        }
        checks += 1;
        if now >= end || checks == MOST_CHECKS {
            return (false, now - start);
        }
        std::hint::spin_loop();
        now = clock::monotonic_ns();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_spins_only_while_that_pays() {
        let mut adaptive_spin = AdaptiveSpin::new();
        for _ in 0..OFTEN {
            assert!(adaptive_spin.soon < OFTEN);
            adaptive_spin.slept(Some(1000));
        }
        let mut spins = 0;
        for _ in 0..1000 {
            if adaptive_spin.may_spin() {
                spins += 1;
                assert!(!adaptive_spin.spin(Some(0), || false));
            }
            adaptive_spin.slept(Some(1000));
        }
        assert!((8..20).contains(&spins), "{spins}");
        assert!(adaptive_spin.spin(Some(0), || true));
        assert_eq!(adaptive_spin.last_rest, 0);
        adaptive_spin.slept(Some(SOON_NS));
        assert_eq!(adaptive_spin.soon, 0);
    }

    #[test]
    fn spins_for_events_cost_no_more_than_they_save() {
        let mut adaptive_spin = EventSpin::new();
        // In step with the peer: there at once.
        for _ in 0..1000 {
            adaptive_spin.note(true, 500);
        }
        assert_eq!((adaptive_spin.credit_ns, adaptive_spin.adaptive_spin.rest), (MOST_CREDIT_NS, 0));
        // The peer has become slower.
        let spins = (0..1000).take_while(|_| {
            adaptive_spin.note(true, 6_000);
            adaptive_spin.adaptive_spin.rest == 0
        });
        assert_eq!(spins.count(), 25);
        // It has stopped: two spins, then none for a while, then two.
        let mut spins = 0;
        for _ in 0..1000 {
            adaptive_spin.slept(Some(7), 1000);
            if adaptive_spin.adaptive_spin.may_spin() {
                spins += 1;
                adaptive_spin.note(false, LONGEST_FOR_EVENTS_NS);
            }
        }
        assert!((10..50).contains(&spins), "{spins}");
    }
}
