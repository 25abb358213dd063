//! `uv_loop_*`, `uv_run` and the turn, phase by phase.
//!
//! ```text
//! uv_run:  [update time, timers]   (UV_RUN_DEFAULT, before the first turn)
//! turn:    pending → idle → prepare → poll → pending (up to 8 times) → check → closing → update time → timers
//! ```
//!
//! The poll phase is one call of the driver's `wait`. Completions are copied out first and delivered after; those not yet
//! delivered stay in the loop's state, so that a callback may close their handles (their keys then find nothing) or
//! `longjmp` away (the next turn goes on with them), or first give memory back ([`lent`]). Signals come last in a batch,
//! then the ends of children.

mod entry;
mod exposure;
mod fork;
mod lent;
mod life;
mod metrics;
mod questions;
mod shared;
mod state;
mod waiting;
mod watchers;
pub(crate) use entry::{existing_default, uv_loop_close, uv_loop_init, uv_run};
pub(crate) use shared::Shared;
pub(crate) use state::Local;
#[cfg(test)]
mod tests;

use libc::c_int;

use crate::abi::*;
use crate::base::queue::Link;
use crate::driver::{Driver, pool};
use crate::handle::{self, Process, newtype};
use crate::handles::io::{self, Io};
use crate::handles::{async_handle, process, signal, timer, watcher};
use crate::op::table::Owner;
use crate::op::{Completion, FileOp, OpKey};
use crate::request::FsReq;
use crate::requests::fs;

newtype!(
    /// A loop.
    Loop,
    uv_loop_t
);

macro_rules! queues {
    ($($name:ident),+) => { $(
        pub(crate) fn $name(self) -> Link {
            // SAFETY: the loop is alive (law 5).
            unsafe { Link::at(&raw const (*self.as_ptr()).$name) }
        }
    )+ };
}

/// How often a poll phase may ask for events, each time after the callbacks for those before, so that timers are not starved
/// (libuv's figure). To ask for all first would also have the kernel touch thousands of sockets twice: an echo over one of 10 000
/// connections took 5 % more processor time.
const ROUNDS: usize = 48;

/// How many completions ahead of the one that is dispatched the processor fetches handles.
const AHEAD: usize = 2;

impl Loop {
    queues!(
        handle_queue,
        pending_queue,
        watcher_queue,
        wq,
        process_handles,
        prepare_handles,
        check_handles,
        idle_handles,
        async_handles
    );

    /// The loop's state, for the thread that uses the loop. It lives from `uv_loop_init` to `uv_loop_close`; nobody keeps the
    /// reference across either.
    pub(crate) fn state(self) -> &'static Local {
        // SAFETY: set by `uv_loop_init`; every field is a cell (law 5).
        unsafe { &(*self.internal_fields.get().cast::<state::LoopState>()).local }
    }

    /// The loop's state, as much of it as every thread may touch; for as long.
    pub(crate) fn shared(self) -> &'static Shared {
        // SAFETY: set by `uv_loop_init`; the field is for all threads.
        unsafe { &(*self.internal_fields.get().cast::<state::LoopState>()).shared }
    }

    /// The watcher of the loop's own wake-up.
    fn wake_watcher(self) -> Io {
        // SAFETY: the loop is alive (law 5).
        unsafe { Io::at(&raw const (*self.as_ptr()).async_io_watcher) }
    }

    /// Starts a file operation on the ring, which is able to carry it. Fails if there is no room for it.
    pub(crate) fn begin_file(self, req: FsReq, op: &FileOp) -> Result<OpKey> {
        self.begin(Owner::Fs(req), |driver, key| driver.submit(key, op))
    }

    /// Has the loop told when a child has ended, by its pidfd. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for that.
    pub(crate) fn await_child(self, child: Process, pidfd: c_int) -> Result<OpKey> {
        self.begin(Owner::Process(child), |driver, key| driver.watch(key, pidfd, io::IN, false))
    }

    /// The same no longer.
    pub(crate) fn forget_child(self, key: OpKey, pidfd: c_int) {
        let state = self.state();
        if state.table.borrow_mut().remove(key).is_some() {
            state.driver.borrow_mut().unwatch(pidfd);
        }
    }

    fn begin(self, owner: Owner, start: impl FnOnce(&mut Driver, OpKey) -> Result) -> Result<OpKey> {
        let state = self.state();
        let mut table = state.table.borrow_mut();
        let key = table.insert(owner)?;
        start(&mut state.driver.borrow_mut(), key).map(|()| key).inspect_err(|_| {
            table.remove(key);
        })
    }

    /// Whom a completion concerns, if it was not given up.
    fn owner(self, key: OpKey) -> Option<Owner> {
        match key.watched() {
            Some(fd) => self.watcher_of(fd).filter(|watcher| watcher.has_key(key)).map(Owner::Io),
            None => self.state().table.borrow().get(key),
        }
    }
}

impl Loop {
    fn run(self, mode: uv_run_mode) -> c_int {
        let boxed = self.internal_fields.get();
        let (state, shared) = (self.state(), self.shared());
        shared.enter_run();
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
                state::free(boxed);
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

    /// Outside `uv_run` only polls may be in the kernel's hands, and whoever asks or watches the descriptor must hear of all news.
    ///
    /// A callback that jumps out of `uv_run` leaves this undone. Then, if the descriptor was asked for before, it tells of all
    /// news anyway; if it is asked for later, this is made good ([`exposure`]).
    fn leave_run(self) {
        let (state, shared) = (self.state(), self.shared());
        fs::leave_run(self);
        state.lent.end();
        state.running.set(None);
        shared.wake.asleep();
        if self.is_exposed() {
            io::reconcile(self);
            if self.has_news() {
                shared.wake.wake();
            }
        }
        shared.leave_run(self.has_own_news(), self.is_restless());
    }

    fn turn(self, mode: uv_run_mode) {
        let state = self.state();
        // Anew in each turn: a callback may have run the loop, which left it then.
        state.running.set(Some(mode));
        let may_sleep = mode == UV_RUN_DEFAULT || (mode == UV_RUN_ONCE && self.has_nothing_to_call());
        io::run_pending(self);
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
            io::run_pending(self);
        }
        has_run |= !self.check_handles().is_empty() || self.has_closing();
        watcher::run_check(self);
        handle::run_closing(self);
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
        if self.must_reconcile() {
            io::reconcile(self);
        }
        fs::before_poll(self);
        self.state().lent.begin();
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
            if !self.has_news() {
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

    /// Delivers what a wait has brought. False if the poll phase ends with that, although there may be more.
    fn deliver(self) -> bool {
        let state = self.state();
        self.run_news();
        if state.closed.get() {
            return false;
        }
        fs::deliver_finished(self);
        while !state.closed.get() {
            let at = state.delivered.get();
            let next = state.batch.borrow().get(at).copied();
            let Some(completion) = next else { break };
            if self.has_lent_much() {
                state.lent.cut();
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
                io.on_poll(completion.result as u32);
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
        if self.has_news() {
            wake.wake();
        }
    }

    /// Keeps a completion for the next poll phase. Without memory for it, a poll is armed again and tells once more.
    pub(crate) fn keep(self, completion: Completion) {
        let _ = self.state().batch.borrow_mut().push(completion);
    }

    /// Something awaits its callback that no descriptor tells of: outside `uv_run`, or where somebody watches the descriptor.
    pub(crate) fn announce(self) {
        if self.state().running.get().is_none() {
            self.shared().set_unheard();
        }
        if self.is_exposed() {
            self.shared().wake.wake();
        }
    }

    /// Runs what other threads have left: finished jobs, then async handles.
    fn run_news(self) {
        let (state, shared) = (self.state(), self.shared());
        // Some may be left from when a callback jumped out of the last delivery.
        if shared.mailbox.has_some() || !state.walking.finished().is_empty() {
            self.run_finished();
        }
        if !state.closed.get() && (!shared.pending_asyncs.is_empty() || async_handle::some_taken_over(state)) {
            state.metrics.count();
            async_handle::run(self);
        }
    }

    /// Calls `done` for the jobs that the pool has finished.
    fn run_finished(self) {
        let state = self.state();
        let todo = state.walking.finished();
        self.shared().mailbox.take_all(self.wq(), todo);
        while let Some(link) = todo.pop_front() {
            state.metrics.count();
            pool::done(link);
        }
        state.metrics.delivered();
    }
}
