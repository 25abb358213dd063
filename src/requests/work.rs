//! `uv_queue_work`: the user's own jobs on the thread pool.

use libc::c_int;

use crate::abi::*;
use crate::callback;
use crate::model::event_loop::Loop;
use crate::model::job::WithJob;
use crate::model::request::{Req, Work};
use crate::pool;
use crate::pool::{Done, Kind, Task};

/// Runs `work_cb` on a thread of the pool, then `after_work_cb`, which may be NULL, on the loop's thread, with 0 or
/// `UV_ECANCELED`. `UV_EINVAL` without `loop`, `req` or `work_cb`; `UV_EAGAIN` if the system has no thread for it. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_queue_work(
    r#loop: *mut uv_loop_t,
    req: *mut uv_work_t,
    work_cb: uv_work_cb,
    after_work_cb: uv_after_work_cb,
) -> c_int {
    if r#loop.is_null() || req.is_null() || work_cb.is_none() {
        return Errno::EINVAL.0;
    }
    // SAFETY: laws 2 and 5.
    let (event_loop, req) = unsafe { (Loop::from_c(r#loop), Work::from_c(req)) };
    Req::from(req).init(event_loop, UV_WORK);
    req.r#loop.set(r#loop);
    req.work_cb.set(work_cb);
    req.after_work_cb.set(after_work_cb);
    pool::submit(event_loop.shared(), req, Kind::Work).inspect_err(|_| event_loop.count_request(-1)).into_c()
}

impl Task for Work {
    fn run(self) {
        callback::work(self);
    }
}

impl Done for Work {
    fn done(self, status: c_int) {
        self.event_loop().count_request(-1);
        callback::after_work(self, status);
    }
}
