//! Operations under way, and whose they are.

#![deny(unsafe_code)]

use libc::c_int;

use crate::abi::Result;
use crate::driver::Driver;
use crate::model::event_loop::Loop;
use crate::model::handle::Process;
use crate::model::io_watcher as io;
use crate::model::owner::Owner;
use crate::model::request::FsReq;
use crate::op::{Completion, OpKey, Submission};

impl Loop {
    /// Starts a file operation on the ring, which is able to carry it. Fails if there is no room for it.
    pub(crate) fn begin_file(self, req: FsReq, op: &Submission) -> Result<OpKey> {
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
}
