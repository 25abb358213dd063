//! What libuv's interface cannot express; it becomes `include/uvring.h`.

mod loop_options;
mod node;
mod post;
mod stats;
mod timer;
mod version;
mod write;
