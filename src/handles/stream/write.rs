//! Writing.

use crate::abi::{Errno, Result};
use crate::request::Write;

/// `uv_cancel` of a queued write.
pub(crate) fn cancel(_req: Write) -> Result {
    Err(Errno::EBUSY)
}
