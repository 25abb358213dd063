//! What C sees of the `uvring_*` functions: include/uvring.h. Shapes only.

mod request;

pub use request::*;
