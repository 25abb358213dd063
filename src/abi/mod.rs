//! What C sees: shapes, no behaviour. `layout.rs` holds the assertions that these are libuv 1.53.0's.

#![deny(unsafe_code)]
#![allow(non_camel_case_types, reason = "these are the names of C")]

mod data;
mod errno;
mod event_loop;
pub mod ext;
mod handle;
mod layout;
mod request;

pub use data::*;
pub(crate) use errno::*;
pub use event_loop::*;
pub use handle::*;
pub use request::*;
