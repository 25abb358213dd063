//! What libuv's interface cannot express; it becomes `include/uvring.h`.

mod stats;
mod version;
