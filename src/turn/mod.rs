//! `uv_loop_*`, `uv_run` and the turn, phase by phase.
//!
//! ```text
//! uv_run:  [update time, timers]   (UV_RUN_DEFAULT, before the first turn)
//! turn:    pending → idle → prepare → poll → pending (up to 8 times) → check → closing → update time → timers
//! ```
//!
//! The poll phase is one call of the driver's `wait`. Completions are copied out first and delivered after; those not yet
//! delivered stay in the loop's state, so that a callback may close their handles (their keys then find nothing) or
//! `longjmp` away (the next turn goes on with them), or first give memory back (`model/buffer_budget.rs`). Signals come last in a batch,
//! then the ends of children.

mod backend_fd;
mod c_api;
mod dispatch;
mod fork;
mod lifecycle;
#[cfg(test)]
mod tests;
mod waiting;
mod walk;
pub(crate) use c_api::{existing_default, uv_loop_close, uv_loop_init, uv_run};
pub(crate) use dispatch::uv_close;

use libc::c_int;

use crate::abi::*;
use crate::handles::stream::batch;
use crate::handles::{async_handle, process, signal, timer, view_pool, watcher};
use crate::model::event_loop::Loop;
use crate::model::figures;
use crate::model::io_watcher::Io;
use crate::model::owner::Owner;
use crate::model::state;
use crate::observe::{self, Header};
use crate::op::Completion;
use crate::pool;
use crate::requests::fs;

/// How often a poll phase may ask for events, each time after the callbacks for those before, so that timers are not starved
/// (libuv's figure). To ask for all first would also have the kernel touch thousands of sockets twice: an echo over one of 10 000
/// connections took 5 % more processor time.
const ROUNDS: usize = 48;

/// How many completions ahead of the one that is dispatched the processor fetches handles.
const AHEAD: usize = 2;

impl Loop {
    fn run(self, mode: uv_run_mode) -> c_int {
        let boxed = self.internal_fields.get();
        let (state, shared) = (self.state(), self.shared());
        shared.enter_run();
        if observe::is_on() {
            figures::publish(self, Header::TURNING);
        }
        shared.wake.awake();
        let mut alive = self.has_more();
        if !alive {
            self.update_time();
        }
        state.running.set(Some(mode));
        if mode == UV_RUN_DEFAULT && alive && !self.is_stopped() {
            self.update_time();
            timer::run(self);
        }
        while alive && !self.is_stopped() {
            self.turn(mode);
            if state.closed.get() {
                // SAFETY: the callback that closed the loop has left it to this run.
                unsafe { state::free(boxed) };
                return 0;
            }
            alive = self.has_more();
            if mode == UV_RUN_ONCE || mode == UV_RUN_NOWAIT {
                break;
            }
        }
        self.take_stop();
        self.leave_run();
        c_int::from(alive)
    }

    /// Outside `uv_run` only polls may be in the kernel's hands, and whoever asks or watches the descriptor must hear of all that is ready.
    ///
    /// A callback that jumps out of `uv_run` leaves this undone. Then, if the descriptor was asked for before, it tells of all
    /// that anyway; if it is asked for later, this is made good (`backend_fd.rs`).
    fn leave_run(self) {
        let (state, shared) = (self.state(), self.shared());
        batch::flush(self);
        fs::leave_run(self);
        debug_assert!(!state.driver.borrow().may_have_ring() || state.driver.borrow().files_in_flight() == 0);
        state.buffer_budget.end();
        state.running.set(None);
        shared.wake.asleep();
        if self.is_backend_fd_requested() {
            reconcile(self);
            if self.has_ready_work() {
                shared.wake.wake();
            }
        }
        shared.leave_run(self.has_own_work(), self.is_restless());
        if observe::is_on() {
            figures::publish(self, Header::OUTSIDE);
            observe::pause();
        }
    }

    fn turn(self, mode: uv_run_mode) {
        let state = self.state();
        // Anew in each turn: a callback may have run the loop, which left it then.
        state.running.set(Some(mode));
        let may_sleep = mode == UV_RUN_DEFAULT || (mode == UV_RUN_ONCE && self.has_nothing_to_call());
        dispatch::run_pending(self);
        watcher::run_idle(self);
        watcher::run_prepare(self);
        state.metrics.loop_count.set(state.metrics.loop_count.get() + 1);
        let mut has_run = self.poll(may_sleep);
        if state.closed.get() {
            return;
        }
        // Errors and completions that were put off; bounded, so that a callback that puts off more does not starve the rest.
        for _ in 0..8 {
            if self.pending_queue().is_empty() {
                break;
            }
            has_run = true;
            dispatch::run_pending(self);
        }
        has_run |= !self.check_handles().is_empty() || self.has_closing();
        watcher::run_check(self);
        view_pool::run_closed(self);
        if state.closed.get() {
            return;
        }
        dispatch::run_closing(self);
        if state.closed.get() {
            return;
        }
        // To read the clock takes half the time of a turn in which nothing happens.
        if has_run {
            self.update_time();
        }
        timer::run(self);
    }

    /// The poll phase. True if it has called anybody.
    fn poll(self, may_sleep: bool) -> bool {
        batch::flush(self);
        if observe::is_on() {
            figures::publish(self, Header::TURNING);
        }
        if self.must_reconcile() {
            reconcile(self);
        }
        fs::before_poll(self);
        self.state().buffer_budget.begin();
        if self.goes_on() {
            self.update_time();
            self.deliver();
            return true;
        }
        let mut until_ns = if may_sleep { self.sleep_until() } else { Some(0) };
        let mut has_run = false;
        for _ in 0..ROUNDS {
            self.forget_reports();
            self.wait(until_ns);
            if has_run {
                self.state().metrics.waiting.set(false);
            }
            if !self.has_ready_work() {
                break;
            }
            has_run = true;
            let is_full = self.state().driver.borrow_mut().take_full();
            if !self.deliver() || !is_full {
                break;
            }
            until_ns = Some(0);
        }
        has_run
    }

    /// Makes room for what the poll phase will bring. Reports of readiness that a stop or a jump out of a callback has left are
    /// forgotten, because the kernel will make them again; of what the ring has done it tells once.
    fn forget_reports(self) {
        let state = self.state();
        let mut batch = state.batch.borrow_mut();
        let mut kept = 0;
        for at in state.delivered.replace(0)..batch.len() {
            if let Some(Owner::Fs(_)) = self.owner(batch[at].key) {
                batch.swap(kept, at);
                kept += 1;
            }
        }
        batch.truncate(kept);
    }

    /// Delivers what a wait has brought, and hands over what the callbacks have gathered. False if the poll phase ends with that,
    /// although there may be more.
    fn deliver(self) -> bool {
        let state = self.state();
        let goes_on = self.deliver_all();
        if !state.closed.get() {
            batch::flush(self);
        }
        goes_on
    }

    fn deliver_all(self) -> bool {
        let state = self.state();
        self.run_ready_work();
        if state.closed.get() {
            return false;
        }
        fs::deliver_finished(self);
        while !state.closed.get() {
            let at = state.delivered.get();
            let next = state.batch.borrow().get(at).copied();
            let Some(completion) = next else { break };
            if self.is_over_buffer_budget() {
                state.buffer_budget.cut();
                state.metrics.delivered();
                return false;
            }
            state.delivered.set(at + 1);
            self.fetch_ahead(at + AHEAD);
            self.dispatch(completion);
        }
        if state.closed.get() {
            return false;
        }
        state.metrics.delivered();
        let is_signalled = state.signalled.take();
        if is_signalled {
            signal::on_ready(self);
        }
        let some_ended = process::deliver_exits(self);
        self.take_token();
        !is_signalled && !some_ended
    }

    /// Has the processor bring the handle of a later completion into its cache, which holds few of thousands: an echo over one of
    /// 10 000 connections takes 6.7 µs of processor time instead of 7.3. (One ahead or four do the same.)
    fn fetch_ahead(self, at: usize) {
        let state = self.state();
        let later = state.batch.borrow().get(at).copied();
        if let Some(watcher) = later.and_then(|completion| self.watcher_of(completion.key.watched()?)) {
            watcher.fetch();
        }
    }

    fn dispatch(self, completion: Completion) {
        let state = self.state();
        match self.owner(completion.key) {
            // Given up meanwhile.
            None => {}
            // What the sender left has been run already, or is left for the next turn, in which the loop will not sleep.
            Some(Owner::Io(io)) if io == self.wake_watcher() => state.woken.set(true),
            Some(Owner::Io(io)) if io.is_signal() => {
                state.metrics.count();
                state.signalled.set(true);
            }
            Some(Owner::Io(io)) => {
                state.metrics.count();
                dispatch::on_poll(io, completion.result as u32);
            }
            Some(Owner::Process(child)) => {
                state.metrics.count();
                process::on_exit(child);
            }
            Some(Owner::Fs(req)) => {
                state.table.borrow_mut().remove(completion.key);
                fs::on_ring(req, completion.result);
            }
        }
    }

    /// Everything has been delivered. Only a level has to be taken away; and put back for what came meanwhile.
    fn take_token(self) {
        let wake = &self.shared().wake;
        let woken = self.state().woken.take();
        if !wake.is_watched() || !(woken || wake.is_signalled()) {
            return;
        }
        wake.drain();
        wake.asleep();
        if self.has_ready_work() {
            wake.wake();
        }
    }

    /// Runs what other threads have left: finished jobs, then async handles.
    fn run_ready_work(self) {
        let (state, shared) = (self.state(), self.shared());
        // Some may be left from when a callback jumped out of the last delivery.
        if shared.mailbox.has_some() || !state.walking.finished().is_empty() {
            self.run_finished();
        }
        if !state.closed.get() && (!shared.pending_asyncs.is_empty() || state.some_asyncs_taken_over()) {
            state.metrics.count();
            async_handle::run(self);
        }
    }

    /// Calls `done` for the jobs that the pool has finished.
    fn run_finished(self) {
        let state = self.state();
        let todo = state.walking.finished();
        self.shared().mailbox.take_all(todo);
        while let Some(link) = todo.pop_front() {
            state.metrics.count();
            pool::call_done(link);
        }
        state.metrics.delivered();
    }
}

/// Tells the driver about every watcher whose wish has changed. Those that there is no room for are tried again in the next turns.
fn reconcile(event_loop: Loop) {
    let walking = &event_loop.state().walking;
    let todo = walking.watchers();
    todo.append_all(walking.starved());
    todo.append_all(walking.stopped());
    todo.append_all(event_loop.watcher_queue());
    while let Some(link) = todo.pop_front() {
        if Io::of_watcher_link(link).reconcile(event_loop).is_err() {
            walking.starved().push_back(link);
        }
    }
}
