//! The protocols between threads (wake-up, mailbox, sent asyncs) in every order of their steps that the memory model allows: the
//! library's own code, with loom's atomics in place of std's (`src/base/sync.rs`). Takes a second, after a build of a minute: on demand,
//! when the filter or `UVRING_CHECKERS` names `loom`.

use c_tests::{compile, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::{Command, ExitCode};

/// In seconds, with the build.
const PATIENCE: &str = "600";

/// The name of the modules with such tests.
const FILTER: &str = "every_order";

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let asked = std::env::var("UVRING_CHECKERS").unwrap_or_default();
    let mut words = asked.split(',').chain(args.filter.iter().flat_map(|filter| filter.split("::")));
    let is_asked = words.any(|word| word == "loom");
    let trials = is_asked.then(|| Trial::ignorable_test("loom::every_order", run)).into_iter().collect();
    libtest_mimic::run(&args, trials).exit_code()
}

fn run() -> Result<Completion, Failed> {
    let target = sources::work_dir().join("loom");
    let cargo = |words: &[&str]| {
        let mut command = Command::new("timeout");
        command.current_dir(sources::project()).args([PATIENCE, "cargo"]).args(words);
        command.env("RUSTFLAGS", "--cfg loom").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command
    };
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    if let Err(error) = compile::output(&mut cargo(&["fetch", "--quiet", "--locked", "--target", &triple])) {
        let line = error.lines().last().unwrap_or_default();
        return Ok(Completion::ignored_with(format!("no loom: {line}")));
    }
    let mut test = cargo(&["test", "--quiet", "--package", "uvring", "--lib", "--no-default-features"]);
    test.arg("--target-dir").arg(target).arg(FILTER);
    Ok(compile::run(&mut test).map(|()| Completion::Completed)?)
}
