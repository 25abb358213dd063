//! One-shot work without a handle.

pub(crate) mod dns;
pub(crate) mod fs;
pub(crate) mod post;
pub(crate) mod random;
pub(crate) mod work;

use crate::abi::{Errno, Result};
use crate::model::job::WithJob;
use crate::model::metrics::add;
use crate::pool;

/// Takes a request back that waits in the pool, or for its callback. `UV_EBUSY` if it is too late.
pub(crate) fn take_back(req: impl WithJob) -> Result {
    if !pool::cancel(req.job()) {
        return Err(Errno::EBUSY);
    }
    add(&req.event_loop().state().metrics.cancels, 1);
    Ok(())
}
