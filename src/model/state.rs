//! What a loop needs beyond the fields that C sees; at `loop->internal_fields`.

use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};

use libc::c_void;

use crate::abi::*;
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::base::fork;
use crate::base::queue::Link;
use crate::driver::Driver;
use crate::model::buffer_budget::BufferBudget;
use crate::model::event_loop::Loop;
use crate::model::extension::{self, Extension};
use crate::model::files::Files;
use crate::model::handle::Async;
use crate::model::metrics::Metrics;
use crate::model::net::Net;
use crate::model::owner::Owner;
use crate::model::shared::Shared;
use crate::model::timers;
use crate::op::Completion;
use crate::op::table::Table;
use crate::sys::spin::{AdaptiveSpin, EventSpin};

/// The state of a loop, in a box of its own.
pub(crate) struct LoopState {
    /// What every thread may touch.
    pub(crate) shared: Shared,
    /// What the loop's own thread may touch.
    pub(crate) local: Local,
}

/// The part of a loop's state that only the thread may touch which uses the loop (law 5).
pub(crate) struct Local {
    /// Carries the loop's operations.
    pub(crate) driver: RefCell<Driver>,
    /// Whose they are.
    pub(crate) table: RefCell<Table<Owner>>,
    /// Completions taken from the driver; those before `delivered` have been delivered.
    pub(crate) batch: RefCell<Array<Completion>>,
    pub(crate) delivered: Cell<usize>,
    pub(crate) buffer_budget: BufferBudget,
    /// The signal pipe is readable; its messages come last in a batch, before the ends of children.
    pub(crate) signalled: Cell<bool>,
    /// The wake-up was reported; its token is taken when everything that it may tell of has been delivered.
    pub(crate) woken: Cell<bool>,
    /// Some child has ended and is to be reaped at the end of the batch.
    pub(crate) children_ended: Cell<bool>,
    pub(crate) timers: RefCell<timers::Heap>,
    /// Async handles taken over from those that were sent: those that the poll phase under way runs, last to run first; and those
    /// after them.
    pub(crate) sent_asyncs: RefCell<Array<(usize, Async)>>,
    pub(crate) later_asyncs: RefCell<Array<(usize, Async)>>,
    /// How many async handles there are, and the number of the next.
    pub(crate) asyncs: Cell<usize>,
    pub(crate) next_async: Cell<usize>,
    /// The process that the loop's threads and kernel objects belong to.
    pub(crate) fork_generation: Cell<u64>,
    /// File requests on their way.
    pub(crate) files: Files,
    /// Handles that the closing phase is about to finish.
    pub(crate) closing_now: Cell<*mut uv_handle_t>,
    pub(crate) walking: Walking,
    /// The mode of the `uv_run` that is under way.
    pub(crate) running: Cell<Option<uv_run_mode>>,
    /// A callback of the `uv_run` under way has closed the loop: it touches nothing but this state any more, and frees it.
    pub(crate) closed: Cell<bool>,
    pub(crate) net: Cell<Net>,
    /// How long the loop looks before it sleeps, because the program asked for that.
    pub(crate) busy_poll_ns: Cell<u64>,
    /// Signals blocked while asleep, as the kernel's bit set.
    pub(crate) sigmask: Cell<u64>,
    /// How soon threads tend to bring something.
    pub(crate) adaptive_spin: Cell<AdaptiveSpin>,
    /// How soon descriptors tend to become ready.
    pub(crate) event_spin: Cell<EventSpin>,
    pub(crate) metrics: Metrics,
    /// What functions of `uvring.h` keep, once one of them was called.
    pub(crate) extension: Cell<Option<NonNull<Extension>>>,
}

impl Loop {
    /// The loop's state, for the thread that uses the loop. It lives from `uv_loop_init` to `uv_loop_close`; nobody keeps the
    /// reference across either.
    pub(crate) fn state(self) -> &'static Local {
        // SAFETY: set by `uv_loop_init`; every field is a cell (law 5).
        unsafe { &(*self.internal_fields.get().cast::<LoopState>()).local }
    }

    /// The loop's state, as much of it as every thread may touch; for as long.
    pub(crate) fn shared(self) -> &'static Shared {
        // SAFETY: set by `uv_loop_init`; the field is for all threads.
        unsafe { &(*self.internal_fields.get().cast::<LoopState>()).shared }
    }

    /// Something awaits its callback that no descriptor tells of: outside `uv_run`, or where somebody watches the descriptor.
    pub(crate) fn announce(self) {
        if self.state().running.get().is_none() {
            self.shared().set_unheard();
        }
        if self.is_backend_fd_requested() {
            self.shared().wake.wake();
        }
    }

    /// True if somebody watches the backend descriptor.
    pub(crate) fn is_backend_fd_requested(self) -> bool {
        self.shared().wake.is_watched()
    }
}

impl LoopState {
    /// For a loop whose lists have been initialised.
    pub(crate) fn new(event_loop: Loop) -> Result<LoopState> {
        Ok(LoopState { shared: Shared::new(event_loop.wq())?, local: Local::new()? })
    }
}

/// Frees the state of a loop, which nobody finds any more.
///
/// # Safety
/// It was the loop's `internal_fields`, and is freed once.
pub(crate) unsafe fn free(internal_fields: *mut c_void) {
    if let Some(state) = NonNull::new(internal_fields.cast::<LoopState>()) {
        // SAFETY: the caller's; `init` boxed it.
        unsafe {
            extension::free(state.as_ref().local.extension.take());
            alloc::unbox(state);
        }
    }
}

impl Local {
    fn new() -> Result<Local> {
        Ok(Local {
            driver: RefCell::new(Driver::open()?),
            table: RefCell::new(Table::new()),
            batch: RefCell::new(Array::new()),
            delivered: Cell::new(0),
            buffer_budget: BufferBudget::default(),
            signalled: Cell::new(false),
            woken: Cell::new(false),
            children_ended: Cell::new(false),
            timers: RefCell::new(timers::Heap::new()),
            sent_asyncs: RefCell::new(Array::new()),
            later_asyncs: RefCell::new(Array::new()),
            asyncs: Cell::new(0),
            next_async: Cell::new(0),
            fork_generation: Cell::new(fork::generation()),
            files: Files::new(),
            closing_now: Cell::new(ptr::null_mut()),
            walking: Walking::new(),
            running: Cell::new(None),
            closed: Cell::new(false),
            net: Cell::new(Net::of_environment()),
            busy_poll_ns: Cell::new(0),
            sigmask: Cell::new(0),
            adaptive_spin: Cell::new(AdaptiveSpin::new()),
            event_spin: Cell::new(EventSpin::new()),
            metrics: Metrics::default(),
            extension: Cell::new(None),
        })
    }

    /// For the lists, once the state is at its final place.
    pub(crate) fn init(&self) {
        self.walking.init();
        self.files.init();
    }

    /// True if there are callbacks to come of asyncs that were taken over from the stack.
    pub(crate) fn some_asyncs_taken_over(&self) -> bool {
        !self.sent_asyncs.borrow().is_empty() || !self.later_asyncs.borrow().is_empty()
    }

    /// True if nothing is borrowed: a callback may use the loop, close it or jump away (law 3).
    fn is_unborrowed(&self) -> bool {
        let others = self.driver.try_borrow_mut().is_ok() && self.table.try_borrow_mut().is_ok();
        let lists = self.batch.try_borrow_mut().is_ok() && self.timers.try_borrow_mut().is_ok();
        let asyncs = self.sent_asyncs.try_borrow_mut().is_ok() && self.later_asyncs.try_borrow_mut().is_ok();
        others && lists && asyncs && self.files.is_unborrowed()
    }

    /// True in a forked child, until `uv_loop_fork`.
    pub(crate) fn is_parents(&self) -> bool {
        self.fork_generation.get() != fork::generation()
    }
}

impl Loop {
    /// True if the loop is closed, or nothing of its state is borrowed. For assertions.
    pub(crate) fn is_unborrowed(self) -> bool {
        self.internal_fields.get().is_null() || self.state().is_unborrowed()
    }
}

/// Heads of the lists that a phase walks, having moved them away from the loop's own, so that what callbacks start waits
/// for the next phase. They live here and not on the stack: a callback may `longjmp` out of the walk. Also here: watchers that the
/// kernel had no room for, those that want nothing any more, and those whose owner is in the midst of calling back.
pub(crate) struct Walking([uv__queue; 11]);

macro_rules! heads {
    ($($name:ident $index:literal),+) => {
        impl Walking {
            const fn new() -> Walking {
                Walking([const { uv__queue::new() }; 11])
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
heads!(
    watchers 0, pending 1, idle_handles 2, prepare_handles 3, check_handles 4, timers 5, finished 6, ended 7, starved 8, stopped 9,
    held 10
);
