//! Questions to the system, and what stands beside the loop: threads, clocks, paths, hosts. Knows nothing of loops.

pub(crate) mod buffer;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod datagram;
pub(crate) mod dl;
pub(crate) mod fifo;
pub(crate) mod folder;
pub(crate) mod host;
pub(crate) mod inotify;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod net_if;
pub(crate) mod path;
pub(crate) mod proc_file;
pub(crate) mod random;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod spawn;
pub(crate) mod spin;
pub(crate) mod stat;
pub(crate) mod sync;
pub(crate) mod thread;
pub(crate) mod title;
pub(crate) mod tty;
pub(crate) mod unix_socket;
pub(crate) mod user;
