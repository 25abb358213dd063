//! One libuv handle a file: C functions first, the machine below. `sending.rs` is what those that send share,
//! `fs_descriptor`, `fs_tree` and `fs_watch` what stands behind `fs_event`.

pub(crate) mod async_handle;
mod fs_descriptor;
pub(crate) mod fs_event;
pub(crate) mod fs_poll;
pub(crate) mod fs_tree;
pub(crate) mod fs_watch;
pub(crate) mod pipe;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod sending;
pub(crate) mod signal;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod timer;
pub(crate) mod tty;
pub(crate) mod udp;
pub(crate) mod view_pool;
pub(crate) mod watcher;
