//! What C sees of the `uvring_*` functions: include/uvring.h. Shapes only.

mod accept;
mod many;
mod metrics;
mod post;
mod read;
mod request;
mod view;
mod write;

pub use accept::*;
pub use many::*;
pub use metrics::*;
pub use post::*;
pub use read::*;
pub use request::*;
pub use view::*;
pub use write::*;
