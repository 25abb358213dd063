//! The C functions that know no loop: `uv_os_*`, `uv_thread_*`, locks, libraries, processors, interfaces, paths.

pub(crate) mod cpu;
pub(crate) mod dl;
pub(crate) mod getters;
pub(crate) mod host;
pub(crate) mod memory;
pub(crate) mod net_if;
pub(crate) mod path;
pub(crate) mod sync;
pub(crate) mod thread;
pub(crate) mod title;
pub(crate) mod user;
