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
mod lent;
mod life;
mod metrics;
mod waiting;
mod watchers;
pub(crate) use entry::{existing_default, uv_loop_close, uv_loop_init, uv_run};
use exposure::Exposure;
use lent::Lent;
use metrics::Metrics;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use libc::{c_int, c_void};

use crate::abi::*;
use crate::alloc::{self, Array};
use crate::driver::wake::Wake;
use crate::driver::{Driver, fork, pool};
use crate::handle::{self, Async, newtype};
use crate::handles::async_handle::PendingStack;
use crate::handles::io::{self, Io};
use crate::handles::{async_handle, process, signal, timer, watcher};
use crate::op::table::{Owner, Table};
use crate::op::{Completion, FileOp, OpKey};
use crate::os::clock;
use crate::os::lock::Mutex;
use crate::os::spin::{EventHabit, Habit};
use crate::queue::Link;
use crate::request::FsReq;
use crate::requests::fs;

newtype!(
    /// A loop.
    Loop,
    uv_loop_t
);

/// What a loop needs beyond the fields that C sees; at `loop->internal_fields`.
pub(crate) struct LoopState {
    /// Carries the loop's operations.
    pub(crate) driver: RefCell<Driver>,
    /// Whose they are.
    pub(crate) table: RefCell<Table>,
    /// Completions taken from the driver; those before `delivered` have been delivered.
    batch: RefCell<Array<Completion>>,
    delivered: Cell<usize>,
    lent: Lent,
    /// The signal pipe is readable; its messages come last in a batch, before the ends of children.
    signalled: Cell<bool>,
    /// Some child has ended and is to be reaped at the end of the batch.
    pub(crate) children_ended: Cell<bool>,
    pub(crate) timers: RefCell<timer::Heap>,
    /// CLOCK_MONOTONIC in nanoseconds, as of the last update; `loop->time` is the same in milliseconds.
    pub(crate) now_ns: Cell<u64>,
    /// Wakes the loop; used by other threads.
    pub(crate) wake: Wake,
    /// Async handles with a callback to come; used by other threads.
    pub(crate) pending_asyncs: PendingStack,
    /// The same, taken over by the loop: those that the poll phase under way runs, last to run first; and those after them.
    pub(crate) sent_asyncs: RefCell<Array<(usize, Async)>>,
    pub(crate) later_asyncs: RefCell<Array<(usize, Async)>>,
    /// How many async handles there are, and the number of the next.
    pub(crate) asyncs: Cell<usize>,
    pub(crate) next_async: Cell<usize>,
    /// Guards `loop->wq`; taken by the pool's threads.
    pub(crate) finished: Mutex<()>,
    /// The process that the pool's threads of this loop are in.
    fork_generation: Cell<u64>,
    /// How many threads of the pool are between putting a job into `loop->wq` and having woken the loop.
    pub(crate) handing_over: AtomicU32,
    /// `loop->wq` may hold something; set by the pool's threads.
    pub(crate) work_pending: AtomicBool,
    /// File requests on their way.
    pub(crate) files: fs::Files,
    /// Handles that the closing phase is about to finish.
    pub(crate) closing_now: Cell<*mut uv_handle_t>,
    pub(crate) walking: Walking,
    /// The mode of the `uv_run` that is under way.
    pub(crate) running: Cell<Option<uv_run_mode>>,
    /// A callback of the `uv_run` under way has closed the loop: it touches nothing but this state any more, and frees it.
    pub(crate) closed: Cell<bool>,
    /// Signals blocked while asleep, as the kernel's bit set.
    sigmask: Cell<u64>,
    /// How soon threads tend to bring something.
    habit: Cell<Habit>,
    /// How soon descriptors tend to become ready.
    ready_habit: Cell<EventHabit>,
    /// Name lookups under way.
    pub(crate) lookups: Cell<usize>,
    /// Other jobs of the thread pool under way.
    pub(crate) jobs: Cell<usize>,
    exposure: Exposure,
    pub(crate) metrics: Metrics,
}

/// Heads of the lists that a phase walks, having moved them away from the loop's own, so that what callbacks start waits
/// for the next phase. They live here and not on the stack: a callback may `longjmp` out of the walk.
pub(crate) struct Walking([uv__queue; 9]);

macro_rules! heads {
    ($($name:ident $index:literal),+) => {
        impl Walking {
            const fn new() -> Walking {
                Walking([const { uv__queue::new() }; 9])
            }

            fn init(&self) {
                $(self.$name().init();)+
            }

            $(pub(crate) fn $name(&self) -> Link {
                // SAFETY: the loop's state does not move (it is boxed) and outlives every walk.
                unsafe { Link::at(&raw const self.0[$index]) }
            })+
        }
    };
}
heads!(watchers 0, pending 1, idle_handles 2, prepare_handles 3, check_handles 4, timers 5, finished 6, ended 7, starved 8);

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

/// How long a loop sleeps at most that has to try a registration again which the kernel had no room for.
const LOOK_AGAIN_NS: u64 = 10_000_000;

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

    /// The loop's state. It lives from `uv_loop_init` to `uv_loop_close`; nobody keeps the reference across either.
    pub(crate) fn state(self) -> &'static LoopState {
        // SAFETY: set by `uv_loop_init`; every field is a cell or meant for threads.
        unsafe { &*self.internal_fields.get().cast::<LoopState>() }
    }

    pub(crate) fn count_active(self, change: c_int) {
        self.active_handles.set(self.active_handles.get().wrapping_add_signed(change));
    }

    pub(crate) fn count_request(self, change: c_int) {
        let count = self.requests().wrapping_add_signed(change);
        self.active_reqs.set(uv__active_reqs { count });
    }

    fn requests(self) -> u32 {
        // SAFETY: `count` is the member that is written, by us and by programs.
        unsafe { self.active_reqs.get().count }
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

    /// Watches a descriptor for `owner`. `UV_ENOMEM` or `UV_ENOSPC` if there is no room for that.
    pub(crate) fn begin_poll(self, owner: Owner, fd: c_int, events: libc::c_uint) -> Result<OpKey> {
        self.begin(owner, |driver, key| driver.watch(key, fd, events))
    }

    fn begin(self, owner: Owner, start: impl FnOnce(&mut Driver, OpKey) -> Result) -> Result<OpKey> {
        let state = self.state();
        let mut table = state.table.borrow_mut();
        let key = table.insert(owner)?;
        start(&mut state.driver.borrow_mut(), key).map(|()| key).inspect_err(|_| {
            table.remove(key);
        })
    }

    /// Ends a poll; its key finds nothing from now on.
    pub(crate) fn end_poll(self, key: OpKey) {
        let state = self.state();
        if state.table.borrow_mut().remove(key).is_some() {
            state.driver.borrow_mut().unwatch(key);
        }
    }
}

impl Loop {
    pub(crate) fn update_time(self) {
        let now = clock::monotonic_ns();
        self.state().now_ns.set(now);
        self.time.set(now / 1_000_000);
    }

    /// What programs are told: handles that the closing phase under way has yet to finish do not count.
    fn alive(self) -> bool {
        self.active_handles.get() > 0
            || self.requests() > 0
            || !self.pending_queue().is_empty()
            || !self.closing_handles.get().is_null()
    }

    /// True if there is something to run for.
    fn has_more(self) -> bool {
        self.alive() || self.has_closing()
    }

    fn has_closing(self) -> bool {
        // The second holds something outside the closing phase only when a callback has jumped out of it.
        !self.closing_handles.get().is_null() || !self.state().closing_now.get().is_null()
    }

    /// When the poll phase has to end: `None` for never, 0 for at once.
    fn sleep_until(self) -> Option<u64> {
        let state = self.state();
        let must_not_sleep = self.stop_flag.get() != 0
            || (self.active_handles.get() == 0 && self.requests() == 0)
            || !self.pending_queue().is_empty()
            || !self.idle_handles().is_empty()
            || self.has_closing()
            || self.has_news();
        if must_not_sleep {
            return Some(0);
        }
        // Embedders ask from another thread, too. Who asks in the middle of a turn is told not to wait.
        let due = state.timers.try_borrow().map_or(Some(0), |timers| timers.due_ns());
        // What nothing tells of is looked at now and then.
        let is_untold = !state.walking.starved().is_empty() || self.awaits_severed();
        if is_untold { Some(due.unwrap_or(u64::MAX).min(state.now_ns.get() + LOOK_AGAIN_NS)) } else { due }
    }

    /// True between two runs if results are to come from a ring that was given up.
    fn awaits_severed(self) -> bool {
        let state = self.state();
        state.running.get().is_none() && state.driver.try_borrow().is_ok_and(|driver| driver.must_look())
    }

    /// True if something awaits its callback that no descriptor tells of.
    fn has_news(self) -> bool {
        let state = self.state();
        self.has_sent_news()
            || state.batch.try_borrow().is_ok_and(|batch| state.delivered.get() < batch.len())
            || state.files.has_news()
    }

    /// True if another thread has left something.
    fn has_sent_news(self) -> bool {
        async_handle::some_pending(self.state()) || self.has_finished_jobs()
    }

    /// True if the pool has handed jobs back, or some were left when a callback jumped out of the last delivery.
    fn has_finished_jobs(self) -> bool {
        let state = self.state();
        state.work_pending.load(SeqCst) || !state.walking.finished().is_empty()
    }

    fn backend_timeout(self) -> c_int {
        if !self.watcher_queue().is_empty() {
            // The descriptor does not tell of these watchers before the next turn.
            return 0;
        }
        match self.sleep_until() {
            None => -1,
            Some(0) => 0,
            Some(due) => {
                let left = due.saturating_sub(self.state().now_ns.get());
                left.div_ceil(1_000_000).min(c_int::MAX as u64) as c_int
            }
        }
    }

    fn run(self, mode: uv_run_mode) -> c_int {
        let boxed = self.internal_fields.get();
        let state = self.state();
        let outer = state.running.replace(Some(mode));
        state.wake.awake();
        let mut alive = self.has_more();
        if !alive {
            self.update_time();
        }
        if mode == UV_RUN_DEFAULT && alive && self.stop_flag.get() == 0 {
            self.update_time();
            timer::run(self);
        }
        while alive && self.stop_flag.get() == 0 {
            self.turn(mode);
            if state.closed.get() {
                free_state(boxed);
                return 0;
            }
            alive = self.has_more();
            if mode == UV_RUN_ONCE || mode == UV_RUN_NOWAIT {
                break;
            }
        }
        if self.stop_flag.get() != 0 {
            self.stop_flag.set(0);
        }
        self.leave_run(outer);
        c_int::from(alive)
    }

    /// Outside `uv_run` only polls may be in the kernel's hands, and whoever watches the descriptor must hear of all news.
    fn leave_run(self, outer: Option<uv_run_mode>) {
        let state = self.state();
        fs::leave_run(self);
        state.lent.end();
        state.running.set(outer);
        state.wake.asleep();
        if self.is_exposed() {
            io::reconcile(self);
            if self.has_news() {
                state.wake.wake();
            }
        }
    }

    fn turn(self, mode: uv_run_mode) {
        let state = self.state();
        let can_sleep = self.pending_queue().is_empty() && self.idle_handles().is_empty();
        io::run_pending(self);
        watcher::run_idle(self);
        watcher::run_prepare(self);
        let may_sleep = mode == UV_RUN_DEFAULT || (mode == UV_RUN_ONCE && can_sleep);
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
        if !self.watcher_queue().is_empty() || !self.state().walking.starved().is_empty() {
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
            if let Some(Owner::Fs(_)) = state.table.borrow().get(batch[at].key) {
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
                return false;
            }
            state.delivered.set(at + 1);
            self.fetch_ahead(at + AHEAD);
            self.dispatch(completion);
        }
        if state.closed.get() {
            return false;
        }
        let is_signalled = state.signalled.take();
        if is_signalled {
            signal::on_ready(self);
        }
        let some_ended = process::deliver_exits(self);
        !is_signalled && !some_ended
    }

    /// Has the processor bring the handle of a later completion into its cache, which holds few of thousands: an echo over one of
    /// 10 000 connections takes 6.7 µs of processor time instead of 7.3. (One ahead or four do the same.)
    fn fetch_ahead(self, at: usize) {
        let state = self.state();
        let later = state.batch.borrow().get(at).copied();
        if let Some(Owner::Io(io)) = later.and_then(|completion| state.table.borrow().get(completion.key)) {
            io.fetch();
        }
    }

    fn dispatch(self, completion: Completion) {
        let state = self.state();
        let owner = state.table.borrow().get(completion.key);
        match owner {
            // Given up meanwhile.
            None => {}
            // What the sender left has been run already, or is left for the next turn, in which the loop will not sleep.
            Some(Owner::Io(io)) if io == self.wake_watcher() => self.forget_wake_up(),
            Some(Owner::Io(io)) if io.is_signal() => {
                state.metrics.count(1);
                state.signalled.set(true);
            }
            Some(Owner::Io(io)) => {
                state.metrics.count(1);
                io.on_poll(completion.result as u32);
            }
            Some(Owner::Process(child)) => {
                state.metrics.count(1);
                process::on_exit(child);
            }
            Some(Owner::Fs(req)) => {
                state.table.borrow_mut().remove(completion.key);
                fs::on_ring(req, completion.result);
            }
        }
    }

    /// Only a level has to be taken away.
    fn forget_wake_up(self) {
        if self.is_exposed() {
            self.state().wake.drain();
        }
    }

    /// Keeps a completion for the next poll phase. Without memory for it, a poll is armed again and tells once more.
    pub(crate) fn keep(self, completion: Completion) {
        let _ = self.state().batch.borrow_mut().push(completion);
    }

    /// There is news for whoever watches the backend descriptor.
    pub(crate) fn announce(self) {
        let state = self.state();
        if self.is_exposed() {
            state.wake.wake();
        }
    }

    /// Runs what other threads have left: finished jobs, then async handles.
    fn run_news(self) {
        let state = self.state();
        if self.has_finished_jobs() {
            self.run_finished();
        }
        if async_handle::some_pending(state) {
            state.metrics.count(1);
            async_handle::run(self);
        }
    }

    /// Calls `done` for the jobs that the pool has finished.
    fn run_finished(self) {
        let state = self.state();
        let todo = state.walking.finished();
        {
            let _guard = state.finished.lock();
            state.work_pending.store(false, SeqCst);
            todo.append_all(self.wq());
        }
        while let Some(link) = todo.pop_front() {
            state.metrics.count(1);
            pool::done(link);
        }
    }
}

/// Frees the state of a loop, which nobody finds any more.
fn free_state(internal_fields: *mut c_void) {
    if let Some(state) = NonNull::new(internal_fields.cast::<LoopState>()) {
        // SAFETY: `init` boxed it.
        unsafe { alloc::unbox(state) };
    }
}

impl LoopState {
    fn new() -> Result<LoopState> {
        Ok(LoopState {
            driver: RefCell::new(Driver::open()?),
            table: RefCell::new(Table::new()),
            batch: RefCell::new(Array::new()),
            delivered: Cell::new(0),
            lent: Lent::default(),
            signalled: Cell::new(false),
            children_ended: Cell::new(false),
            timers: RefCell::new(timer::Heap::new()),
            now_ns: Cell::new(0),
            wake: Wake::open()?,
            pending_asyncs: PendingStack::new(),
            sent_asyncs: RefCell::new(Array::new()),
            later_asyncs: RefCell::new(Array::new()),
            asyncs: Cell::new(0),
            next_async: Cell::new(0),
            finished: Mutex::new(()),
            fork_generation: Cell::new(fork::generation()),
            handing_over: AtomicU32::new(0),
            work_pending: AtomicBool::new(false),
            files: fs::Files::new(),
            closing_now: Cell::new(ptr::null_mut()),
            walking: Walking::new(),
            running: Cell::new(None),
            closed: Cell::new(false),
            sigmask: Cell::new(0),
            habit: Cell::new(Habit::new()),
            ready_habit: Cell::new(EventHabit::new()),
            lookups: Cell::new(0),
            jobs: Cell::new(0),
            exposure: Exposure::default(),
            metrics: Metrics::default(),
        })
    }
}
