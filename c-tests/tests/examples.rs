//! The examples, `c-tests/examples/*.c`: each is built as it stands and run on ring, on epoll, and where the kernel refuses io_uring.
//! An example checks what it does, and exits with 0; on standard output it says what it has done, on standard error nothing.
//! Comments in it may say `/* arguments: … */`, where a word `@file` is the path of a file of 1 MiB, and `/* timeout: 120 */` (seconds,
//! instead of 60).

use c_tests::library;
use c_tests::process::{self, Ended};
use c_tests::sources::{self, c_files, remark};
use c_tests::{again, program, refuse};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

const DRIVERS: [&str; 3] = ["ring", "epoll", "refused"];

fn main() -> ExitCode {
    let files = match c_files("c-tests/examples") {
        Ok(files) => files,
        Err(error) => {
            eprintln!("the examples cannot run: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for file in files {
        for driver in DRIVERS {
            let name = format!("examples::{}::{driver}", file.file_stem().unwrap_or_default().display());
            let file = file.clone();
            trials.push(Trial::ignorable_test(name.clone(), move || again::twice_alone(&name, || run(&file, driver))));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run(file: &Path, driver: &str) -> Result<Completion, Failed> {
    let text = sources::read(file)?;
    let seconds = remark(&text, "timeout").map_or(Ok(60), |value| value.parse()).map_err(|_| "what timeout?")?;
    let program = program::own(library::ours()?, file)?;
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let mut command = Command::new(program);
    for word in remark(&text, "arguments").unwrap_or_default().split_whitespace() {
        if word == "@file" {
            let bytes: Vec<u8> = (0..1 << 20).map(|i: u32| (i ^ i >> 8) as u8).collect();
            std::fs::write(dir.path().join("file"), bytes).map_err(|e| format!("no file: {e}"))?;
        }
        command.arg(word.trim_start_matches('@'));
    }
    process::forget_outside(&mut command).current_dir(dir.path());
    match driver {
        "refused" => refuse::ring(&mut command),
        "epoll" => drop(command.env("UV_USE_IO_URING", "0")),
        _ => {}
    }
    let (ended, said) =
        process::output(&mut command, Duration::from_secs(seconds)).map_err(|e| format!("{command:?}: {e}"))?;
    match ended {
        Ended::Exit(0) if !said.trim().is_empty() => Ok(Completion::Completed),
        Ended::Exit(0) => Err("it has nothing to say".into()),
        ended => Err(format!("{ended}\n{said}").into()),
    }
}
