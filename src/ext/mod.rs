//! What libuv's interface cannot express; it becomes `include/uvring.h`.

mod accept;
mod capability;
mod fs;
mod loop_options;
mod metrics;
mod node;
mod pool;
mod post;
mod read;
mod recv;
mod request;
mod sized;
mod stats;
mod timer;
mod udp;
mod version;
mod write;
