//! What libuv's interface cannot express; it becomes `include/uvring.h`.

mod node;
pub(crate) mod stats;
mod version;
