//! Stat without a thread, where the answer is in memory.

use super::FsReq;

/// Learns which mount a file is on.
pub(super) fn learn(_req: FsReq, _answer: &libc::statx) {}
