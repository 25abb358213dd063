//! What libuv's interface cannot express; it becomes `include/uvring.h`.

mod accept;
mod loop_options;
mod metrics;
mod node;
mod post;
mod sized;
mod stats;
mod timer;
mod version;
mod write;
