//! The loop: its state, for the thread that uses it and for others; what it counts, and what is asked of it. Its turn is in `turn`.

mod exposure;
mod lent;
mod metrics;
mod questions;
mod shared;
mod state;
mod watchers;
pub(crate) use shared::Shared;
pub(crate) use state::{Local, LoopState, free};

use libc::c_int;

use crate::abi::*;
use crate::base::queue::Link;
use crate::driver::Driver;
use crate::handle::{Process, newtype};
use crate::handles::io::{self, Io};
use crate::model::owner::Owner;
use crate::op::{Completion, FileOp, OpKey};
use crate::request::FsReq;

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
        unsafe { &(*self.internal_fields.get().cast::<LoopState>()).local }
    }

    /// The loop's state, as much of it as every thread may touch; for as long.
    pub(crate) fn shared(self) -> &'static Shared {
        // SAFETY: set by `uv_loop_init`; the field is for all threads.
        unsafe { &(*self.internal_fields.get().cast::<LoopState>()).shared }
    }

    /// The watcher of the loop's own wake-up.
    pub(crate) fn wake_watcher(self) -> Io {
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
    pub(crate) fn owner(self, key: OpKey) -> Option<Owner> {
        match key.watched() {
            Some(fd) => self.watcher_of(fd).filter(|watcher| watcher.has_key(key)).map(Owner::Io),
            None => self.state().table.borrow().get(key),
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
}
