//! Text and addresses: no loop, no system call.

pub(crate) mod buffer;
pub(crate) mod error;
pub(crate) mod idna;
pub(crate) mod inet;
pub(crate) mod version;
pub(crate) mod wtf8;
