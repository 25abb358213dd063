//! State of a loop, its handles and requests, and its rules. No dispatch, no call into user code.
//!
//! It stands above the driver, because a loop's state holds its driver.

pub(crate) mod asyncs;
pub(crate) mod buffer_budget;
pub(crate) mod deadline;
pub(crate) mod event_loop;
pub(crate) mod ext_request;
pub(crate) mod extension;
pub(crate) mod figures;
pub(crate) mod files;
pub(crate) mod handle;
pub(crate) mod io_watcher;
pub(crate) mod job;
pub(crate) mod loop_options;
pub(crate) mod mailbox;
pub(crate) mod metrics;
pub(crate) mod net;
pub(crate) mod operations;
pub(crate) mod owner;
pub(crate) mod questions;
pub(crate) mod request;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod timers;
pub(crate) mod view_pool;
pub(crate) mod watchers;
