//! Async handles: the one thing of a loop that other threads, and signal handlers, may touch.
//!
//! The sender that makes a handle pending (`model/asyncs.rs`) pushes it onto the loop's stack of such, and wakes the loop. So the loop
//! finds them without a walk over all; it runs them in the order of their initialisation, as a walk would.

use std::ptr;

use libc::c_int;

use crate::abi::*;
use crate::callback;
use crate::model::asyncs::ORDER;
use crate::model::event_loop::Loop;
use crate::model::handle::{Async, Handle};

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
}

/// Makes sure that no sender touches the handle any more.
pub(crate) fn close(handle: Async) {
    let event_loop = Handle::from(handle).event_loop();
    let state = event_loop.state();
    handle.sends().close(state.is_parents());
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
    drop(event_loop.shared().pending_asyncs.take());
    state.later_asyncs.borrow_mut().clear();
    let mut sent = state.sent_asyncs.borrow_mut();
    if state.running.get().is_none() {
        sent.clear();
    }
    let all = event_loop.async_handles();
    let mut link = all.first();
    while let Some(l) = link {
        link = l.next_in(all);
        let handle = Async::of_link(l);
        let is_to_run = sent.iter().any(|&(_, h)| h == handle);
        handle.sends().after_fork(is_to_run);
    }
    Ok(())
}

/// Moves what was sent from the stack, out of which no single one can be taken, to a list of the loop's own.
fn take_over(event_loop: Loop) {
    let mut later = event_loop.state().later_asyncs.borrow_mut();
    for handle in event_loop.shared().pending_asyncs.take() {
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
        handle.sends().begin_callback();
        callback::async_(handle);
    }
}
