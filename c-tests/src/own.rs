//! One of our own C tests, as it is run wherever that is: what it is told, and what its end means.

use crate::library::{self, Library};
use crate::pages;
use crate::process::{self, Ended};
use libtest_mimic::{Completion, Failed};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How a test ends that cannot run here and has said why.
pub const SKIPPED: i32 = 77;

/// Tells the test where it runs, and what on: `ring`, `epoll` or `libuv`.
pub fn tell(command: &mut Command, library: &Library, driver: &str, dir: &Path) {
    process::forget_outside(command).current_dir(dir);
    command.env("UVRING_TEST_DRIVER", driver).env("UVRING_TEST_LIBRARY", library.file());
    if let Ok(real) = library::real() {
        command.env("UVRING_TEST_LIBUV", real.file());
    }
}

/// Runs it to its end, and judges that. What it says of figures, in lines `survives: WHAT | FIGURES`, goes into the page when that is asked
/// for, if the trial that writes it is named.
pub fn run(command: &mut Command, timeout: Duration, name: Option<&str>) -> Result<Completion, Failed> {
    let (ended, said) = process::output(command, timeout).map_err(|e| format!("cannot run {command:?}: {e}"))?;
    match ended {
        Ended::Exit(0) => {
            let lines = said.lines().filter_map(|line| line.strip_prefix("survives: ")?.split_once(" | "));
            for ((what, figures), name) in lines.zip(name.into_iter().cycle()) {
                pages::survived(what, figures, &format!("cargo test -p c-tests --test own -- {name}"))?;
            }
            Ok(Completion::Completed)
        }
        Ended::Exit(SKIPPED) => Ok(Completion::ignored_with(said.trim())),
        Ended::Timeout => Err(format!("still running after {} s\n{said}", timeout.as_secs()).into()),
        ended => Err(format!("{ended}\n{said}").into()),
    }
}
