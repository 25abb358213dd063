//! The machinery behind the project's C tests and behind the runner for libuv's test suite.
//!
//! `sources` finds libuv, `compile` turns C files into objects, `library` makes the shared libraries that are tested,
//! `program` links test programs against them. `process` runs one program within its time; `namespace` keeps a private
//! network in which `suite` runs libuv's tests, whose expected failures are in `expect`; `refuse` takes io_uring from one, `processor`
//! all processors but one.
//! `own` runs one of our C tests, `again` decides what a failure is worth. `kernels` boots other kernels, `pages` writes tables into the documentation. `bench` measures the library beside another.

pub mod again;
pub mod bench;
pub mod compile;
pub mod expect;
pub mod kernels;
pub mod library;
pub mod namespace;
pub mod own;
pub mod pages;
pub mod process;
pub mod processor;
pub mod program;
pub mod progress;
pub mod refuse;
mod sandbox;
pub mod sources;
pub mod suite;
