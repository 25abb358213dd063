//! Where an asynchronous file operation runs.

use std::mem::offset_of;

use libc::c_int;

use super::{FsReq, run};
use crate::abi::*;
use crate::callback;
use crate::driver::pool::{self, Kind};
use crate::event_loop::Loop;

/// Where a request stands; kept in the request's reserved words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not started, or done.
    Idle = 0,
    /// In the thread pool, or on the way back.
    Pool = 1,
}

/// File requests of a loop on their way.
pub(crate) struct Files {}

impl Files {
    pub(crate) const fn new() -> Files {
        Files {}
    }

    /// True if a result awaits its callback.
    pub(crate) fn has_news(&self) -> bool {
        false
    }
}

impl FsReq {
    pub(super) fn set_stage(self, stage: Stage) {
        self.reserved.as_array_of_cells()[0].set(std::ptr::without_provenance_mut(stage as usize));
    }

    fn is_at(self, stage: Stage) -> bool {
        self.reserved.as_array_of_cells()[0].get().addr() == stage as usize
    }

    fn work(self) -> *mut uv__work {
        (&raw const self.work_req).cast_mut()
    }
}

/// The poll phase begins: tries what was queued, and sends the rest to ring or pool.
pub(crate) fn before_poll(_event_loop: Loop) {}

/// Delivers what finished before the poll phase.
pub(crate) fn deliver_finished(_event_loop: Loop) {}

/// `uv_run` is about to return: no file operation may stay on the ring.
pub(crate) fn leave_run(_event_loop: Loop) {}

/// `uv_cancel` of a file request.
pub(crate) fn cancel(req: FsReq) -> Result {
    if req.is_at(Stage::Pool) && pool::cancel(req.work()) { Ok(()) } else { Err(Errno::EBUSY) }
}

/// The ring has done a request.
pub(crate) fn on_ring(_req: FsReq, _result: i32) {}

/// Starts a request that has a callback and is counted.
pub(super) fn start(event_loop: Loop, req: FsReq) {
    req.set_stage(Stage::Pool);
    pool::submit(event_loop, req.work(), Kind::File, run_job, job_done);
}

fn request(work: *mut uv__work) -> FsReq {
    // SAFETY: the job of a file request (law 2).
    unsafe { FsReq::from_c(work.byte_sub(offset_of!(uv_fs_t, work_req)).cast()) }
}

unsafe extern "C" fn run_job(work: *mut uv__work) {
    run(request(work));
}

unsafe extern "C" fn job_done(work: *mut uv__work, status: c_int) {
    let req = request(work);
    if status != 0 {
        req.set_result(Err(Errno(status)));
        req.drop_buffers();
    }
    finish(req);
}

/// Calls the user. The last thing done with the request.
fn finish(req: FsReq) {
    req.set_stage(Stage::Idle);
    // SAFETY: the loop outlives its requests.
    unsafe { Loop::from_c(req.r#loop.get()) }.count_request(-1);
    callback::fs(req);
}
