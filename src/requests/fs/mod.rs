//! File operations: the life of a `uv_fs_t`.
//!
//! A call clears the request, fills in what it was given, and lets it `go`. Without a callback the operation is done at
//! once, and neither the loop nor any memory but the caller's is touched. With one, paths and buffers are copied, the loop
//! counts the request, and `stages` chooses where it runs; its result comes in a poll phase.

pub(crate) mod at;
mod attr;
mod cached;
pub(crate) mod calls;
mod copy;
mod dir;
mod load;
pub(crate) mod many;
mod mounts;
mod open;
mod plan;
mod position;
mod request;
mod route;
mod run;
mod stages;
mod stat;
mod temp;
mod threadless;
mod traced;

pub(crate) use calls::stat::stat_at_once;
pub(crate) use calls::uv_fs_req_cleanup;
pub use plan::Place;
pub(crate) use plan::place;
pub(crate) use stages::{before_poll, cancel, deliver_finished, leave_run, on_ring};
