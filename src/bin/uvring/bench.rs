//! `uvring bench`: measures the library beside another one.
//!
//! That needs an optimised build, libuv's sources and a C compiler, so a source tree and cargo; what measures lies there too, in
//! `c-tests`, whose program `bench` gets the arguments as they are.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::{FAILED, Failure, Result};

/// Replaces this process by the program; comes back only with a failure.
pub(crate) fn bench(args: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !project.join("c-tests/bench").is_dir() {
        let text = format!("the benchmarks are in the source tree, which is no longer in {}", project.display());
        return Err(Failure::new(FAILED, text));
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["run", "--quiet", "--release", "--package", "c-tests", "--bin", "bench", "--manifest-path"]);
    let error = command.arg(project.join("Cargo.toml")).arg("--").args(args).exec();
    Err(Failure::new(FAILED, format!("cannot start {}: {error}", cargo.display())))
}
