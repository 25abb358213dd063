//! Async handles: the one thing of a loop that other threads, and signal handlers, may touch.
//!
//! `pending` is the state of a handle, read and written atomically:
//!
//! | bits | meaning |
//! |---|---|
//! | `PENDING` | sent, callback not yet begun |
//! | `CLOSED` | being closed: a sender does nothing |
//! | `SENDER` × n | n senders are between their first and last access |
//!
//! The sender that sets `PENDING` pushes the handle onto the loop's stack of pending ones, and wakes the loop. So the loop
//! finds them without a walk over all; it runs them in the order of their initialisation, as a walk would.
//!
//! In a forked child the senders that the state counts are in the parent.

use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use libc::c_int;

use crate::abi::*;
use crate::base::queue::{self, Link};
use crate::callback;
use crate::model::asyncs::{NEXT, ORDER};
use crate::model::event_loop::Loop;
use crate::model::handle::{Async, Handle};

const PENDING: c_int = 1;
const CLOSED: c_int = 2;
const SENDER: c_int = 4;

/// Initialises an async handle, which is active at once. `async_cb` may be NULL.
/// `UV_ENOMEM` if there is no memory to keep track of it. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_async_init(
    r#loop: *mut uv_loop_t,
    r#async: *mut uv_async_t,
    async_cb: uv_async_cb,
) -> c_int {
    // SAFETY: laws 1 and 5.
    unsafe { Async::from_c(r#async).init(Loop::from_c(r#loop), async_cb) }.into_c()
}

/// Wakes the loop and has the handle's callback called, at least once after the last send; sends before the callback
/// coalesce. Always returns 0. Thread-safe and async-signal-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_async_send(r#async: *mut uv_async_t) -> c_int {
    // SAFETY: law 1; only atomics are touched (law 5).
    unsafe { Async::from_c(r#async) }.send();
    0
}

impl Async {
    fn init(self, event_loop: Loop, cb: uv_async_cb) -> Result {
        let handle = Handle::from(self);
        let order = event_loop.state().next_async.replace(event_loop.state().next_async.get() + 1);
        event_loop.state().sent_asyncs.borrow_mut().reserve_total(event_loop.state().asyncs.get() + 1)?;
        event_loop.state().later_asyncs.borrow_mut().reserve_total(event_loop.state().asyncs.get() + 1)?;
        event_loop.state().asyncs.set(event_loop.state().asyncs.get() + 1);
        handle.init(event_loop, UV_ASYNC);
        self.async_cb.set(cb);
        self.pending.set(0);
        self.set_reserved(ORDER, ptr::without_provenance_mut(order));
        self.link().init();
        event_loop.async_handles().push_back(self.link());
        handle.start();
        Ok(())
    }

    fn link(self) -> Link {
        // SAFETY: law 1.
        unsafe { Link::at(&raw const (*self.as_ptr()).queue) }
    }

    fn state(self) -> &'static AtomicI32 {
        // SAFETY: law 1, for as long as the caller uses it; all accesses after `init` are atomic.
        unsafe { AtomicI32::from_ptr((*self.as_ptr()).pending.as_ptr()) }
    }

    fn send(self) {
        // The common case first: it is pending already, and a callback is to come. Not a plain load, which the processor may do
        // before it publishes what the caller wrote: the callback could then miss that, and no other would come.
        if self.state().fetch_or(0, SeqCst) & (PENDING | CLOSED) != 0 {
            return;
        }
        self.state().fetch_add(SENDER, SeqCst);
        if self.state().fetch_or(PENDING, SeqCst) & (PENDING | CLOSED) == 0 {
            // SAFETY: `init` set it; the loop outlives the handle, and `close` waits for this sender.
            let event_loop = unsafe { Loop::from_c(self.r#loop.get()) };
            let shared = event_loop.shared();
            shared.pending_asyncs.push(self);
            shared.wake.wake();
        }
        self.state().fetch_sub(SENDER, SeqCst);
    }
}

/// Makes sure that no sender touches the handle any more.
pub(crate) fn close(handle: Async) {
    let event_loop = Handle::from(handle).event_loop();
    let state = event_loop.state();
    handle.state().fetch_or(CLOSED, SeqCst);
    while handle.state().load(SeqCst) >= SENDER && !state.is_parents() {
        // A sender is between two instructions of `send`, perhaps preempted there.
        std::thread::yield_now();
    }
    take_over(event_loop);
    for list in [&state.sent_asyncs, &state.later_asyncs] {
        let mut list = list.borrow_mut();
        if let Some(at) = list.iter().position(|&(_, h)| h == handle) {
            list.remove(at);
        }
    }
    state.asyncs.set(state.asyncs.get() - 1);
    handle.link().unlink();
    Handle::from(handle).stop();
}

/// In a forked child: forgets what was sent to the parent's loop, and the senders.
pub(crate) fn after_fork(event_loop: Loop) -> Result {
    let state = event_loop.state();
    if !state.is_parents() {
        return Ok(());
    }
    event_loop.shared().pending_asyncs.take();
    state.later_asyncs.borrow_mut().clear();
    let mut sent = state.sent_asyncs.borrow_mut();
    if state.running.get().is_none() {
        sent.clear();
    }
    let all = event_loop.async_handles();
    let mut link = all.first();
    while let Some(l) = link {
        link = l.next_in(all);
        // SAFETY: a link of this list lies in a live handle (law 1).
        let handle = unsafe { Async::from_c(queue::owner!(l, uv_async_t, queue)) };
        let is_to_run = sent.iter().any(|&(_, h)| h == handle);
        handle.state().store(if is_to_run { PENDING } else { 0 }, SeqCst);
    }
    Ok(())
}

/// Moves what was sent from the stack, out of which no single one can be taken, to a list of the loop's own.
fn take_over(event_loop: Loop) {
    let mut next = event_loop.shared().pending_asyncs.take();
    let mut later = event_loop.state().later_asyncs.borrow_mut();
    while !next.is_null() {
        // SAFETY: law 1: `close` takes a handle out of the stack before its memory is given back.
        let handle = unsafe { Async::from_c(next) };
        next = handle.reserved(NEXT).cast();
        // Room for every async handle was made when it was initialised.
        let _ = later.push((handle.reserved(ORDER).addr(), handle));
    }
}

/// Moves what was sent to the list of those to run, in the order of initialisation.
fn collect(event_loop: Loop) {
    take_over(event_loop);
    let state = event_loop.state();
    let mut later = state.later_asyncs.borrow_mut();
    if later.is_empty() {
        return;
    }
    let mut sent = state.sent_asyncs.borrow_mut();
    for &entry in later.iter() {
        // Room as above.
        let _ = sent.push(entry);
    }
    later.clear();
    sent.sort_unstable_by_key(|&(order, _)| std::cmp::Reverse(order));
}

/// Calls the handles that were sent. Those sent meanwhile wait for the next poll phase.
pub(crate) fn run(event_loop: Loop) {
    collect(event_loop);
    loop {
        // No borrow is alive in the callback (law 3).
        let next = event_loop.state().sent_asyncs.borrow_mut().pop();
        let Some((_, handle)) = next else { return };
        handle.state().fetch_and(!PENDING, SeqCst);
        callback::async_(handle);
    }
}
