//! Thin calls to the system: each says in Rust what one call of the kernel or of libc does, and knows nothing of loops.

pub(crate) mod aside;
pub(crate) mod call;
pub(crate) mod clock;
pub(crate) mod datagram;
pub(crate) mod directory;
pub(crate) mod fifo;
pub(crate) mod inotify;
pub(crate) mod proc_file;
pub(crate) mod random;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod spawn;
pub(crate) mod spin;
pub(crate) mod stat;
pub(crate) mod tty;
pub(crate) mod unix_socket;
