//! What C sees of the `uvring_*` functions: include/uvring.h. Shapes only.

mod accept;
mod metrics;
mod post;
mod request;
mod write;

pub use accept::*;
pub use metrics::*;
pub use post::*;
#[allow(unused_imports, reason = "as for the struct")]
pub use request::*;
pub use write::*;
