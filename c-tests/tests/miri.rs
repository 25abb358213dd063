//! The library's unit tests under Miri, with both models of what a pointer may do: on demand, when the filter or `UVRING_CHECKERS`
//! names `miri`. Those that want more of a kernel than Miri plays say so themselves (`cfg_attr(miri, ignore = "…")`).

use c_tests::{compile, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::{Command, ExitCode};

/// Stacked borrows, and tree borrows.
const MODELS: [(&str, &str); 2] = [("stacked-borrows", ""), ("tree-borrows", "-Zmiri-tree-borrows")];

/// In seconds, with the build.
const PATIENCE: &str = "900";

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let asked = std::env::var("UVRING_CHECKERS").unwrap_or_default();
    let mut words = asked.split(',').chain(args.filter.iter().flat_map(|filter| filter.split("::")));
    let models = if words.any(|word| word == "miri") { &MODELS[..] } else { &[] };
    let trial = |&(name, flag)| Trial::ignorable_test(format!("miri::{name}"), move || run(flag));
    libtest_mimic::run(&args, models.iter().map(trial).collect()).exit_code()
}

fn run(flag: &str) -> Result<Completion, Failed> {
    let nightly = |words: &[&str]| {
        let mut command = Command::new("rustup");
        command.current_dir(sources::project()).args(["run", "nightly"]).args(words);
        // Cargo sets these for the tests that it runs; here they would bring the other compiler back.
        for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
            command.env_remove(name);
        }
        command
    };
    if let Err(error) = compile::output(&mut nightly(&["cargo", "miri", "--version"])) {
        let line = error.lines().last().unwrap_or_default();
        return Ok(Completion::ignored_with(format!("no Miri: {line}")));
    }
    let mut test = nightly(&["timeout", PATIENCE, "cargo", "miri", "test", "--quiet", "--package", "uvring", "--lib"]);
    test.args(["--no-default-features", "--target-dir"]).arg(sources::work_dir().join("miri"));
    test.env_remove("UV_USE_IO_URING");
    // The clock and the environment are the machine's.
    test.env("MIRIFLAGS", format!("-Zmiri-disable-isolation {flag}"));
    Ok(compile::run(&mut test).map(|()| Completion::Completed)?)
}
