//! The same random programs on libuv and on our library, on both drivers: `differential/random_program.c` makes from a seed a
//! program and a log of its callbacks, and the logs have to be the same. `b11_differential::ring`, `…::epoll`.
//!
//! `UVRING_SEEDS=1000` runs the seeds 1 to 1000, `UVRING_SEEDS=5000-6000` those; without it, a few, and for 60 seconds at
//! most. A difference is printed with its seed, the fewest steps that still show it, and how to see it again. libuv runs each
//! seed that differs a second time: if it differs from itself, the generator is to blame, and that is what the failure says.

use c_tests::library::{self, Library};
use c_tests::process::{self, Ended};
use c_tests::{program, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::fmt::Write;
use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// How many seeds run where nobody asks for a number, and how long that may take.
const SEEDS: u64 = 40;
const TIME: Duration = Duration::from_secs(60);

/// A program that takes longer is stuck; its own alarm rings earlier.
const STUCK: Duration = Duration::from_secs(30);

/// More steps than any program has.
const ALL_STEPS: u32 = 1000;

/// Lines shown before the first difference, and from it on.
const BEFORE: usize = 12;
const AFTER: usize = 12;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let trial =
        |driver: &'static str| Trial::ignorable_test(format!("b11_differential::{driver}"), move || compare(driver));
    libtest_mimic::run(&args, vec![trial("ring"), trial("epoll")]).exit_code()
}

fn compare(driver: &'static str) -> Result<Completion, Failed> {
    if sources::libuv().is_err() {
        return Ok(Completion::ignored_with("libuv's sources are not to be had"));
    }
    let (real, ours) = (library::real()?, library::ours()?);
    let real = Runner { library: real, driver: "libuv" };
    let ours = Runner { library: ours, driver };
    let asked = std::env::var("UVRING_SEEDS").ok();
    let (first, last) = match &asked {
        Some(text) => range(text).ok_or_else(|| format!("UVRING_SEEDS={text}?"))?,
        None => (1, SEEDS),
    };
    let (mut differing, start) = (Vec::new(), Instant::now());
    for seed in first..=last {
        if asked.is_none() && start.elapsed() > TIME {
            break;
        }
        if real.log(seed, None)? != ours.log(seed, None)? {
            println!("{}", explain(&real, &ours, seed)?);
            differing.push(seed.to_string());
        }
    }
    if differing.is_empty() { Ok(Completion::Completed) } else { Err(format!("seeds {}", differing.join(" ")).into()) }
}

/// `1000`, or `5000-6000`.
fn range(text: &str) -> Option<(u64, u64)> {
    match text.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => Some((1, text.parse().ok()?)),
    }
}

/// A library on which the random programs run.
struct Runner {
    library: &'static Library,
    driver: &'static str,
}

impl Runner {
    /// The log of a seed, of all its steps or the first ones.
    fn log(&self, seed: u64, steps: Option<u32>) -> Result<String, String> {
        let program = program::own(self.library, &sources::project().join("c-tests/differential/random_program.c"))?;
        let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        self.log_in(&program, dir.path(), seed, steps)
    }

    fn log_in(&self, program: &Path, dir: &Path, seed: u64, steps: Option<u32>) -> Result<String, String> {
        let mut output = tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))?;
        let handle = || output.try_clone().map_err(|e| e.to_string());
        let mut command = Command::new(program);
        command.arg(seed.to_string()).args(steps.map(|n| n.to_string())).current_dir(dir);
        command.stdin(Stdio::null()).stdout(handle()?).stderr(handle()?);
        // What is set outside must choose neither the library nor the driver.
        command.env_remove("LD_LIBRARY_PATH").env_remove("UV_USE_IO_URING").env_remove("UV_THREADPOOL_SIZE");
        if self.driver == "epoll" {
            command.env("UV_USE_IO_URING", "0");
        }
        let ended = process::run(&mut command, STUCK, None).map_err(|e| format!("cannot run {command:?}: {e}"))?;
        let mut log = Vec::new();
        output.rewind().and_then(|()| output.read_to_end(&mut log)).map_err(|e| e.to_string())?;
        let mut log = String::from_utf8_lossy(&log).into_owned();
        if ended != Ended::Exit(0) {
            let _ = writeln!(log, "{ended}");
        }
        Ok(log)
    }
}

/// Finds the fewest steps that differ, and shows where.
fn explain(real: &Runner, ours: &Runner, seed: u64) -> Result<String, String> {
    if real.log(seed, None)? != real.log(seed, None)? {
        return Ok(format!("seed {seed}: libuv differs from itself, so the program is not deterministic"));
    }
    let (mut same, mut differ) = (0, ALL_STEPS);
    if real.log(seed, Some(differ))? == ours.log(seed, Some(differ))? {
        // Its last steps may be missing in neither; or it came once, and not again.
        return Ok(format!("seed {seed} differed on {}, but not again with all of its steps", ours.driver));
    }
    // A program of fewer steps begins as one of more does.
    while differ - same > 1 {
        let steps = same.midpoint(differ);
        if real.log(seed, Some(steps))? == ours.log(seed, Some(steps))? { same = steps } else { differ = steps }
    }
    let (expected, got) = (real.log(seed, Some(differ))?, ours.log(seed, Some(differ))?);
    let (expected, got): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let at = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let mut text = format!("seed {seed} with {differ} steps differs on {} from line {}:\n", ours.driver, at + 1);
    for line in &expected[at.saturating_sub(BEFORE)..at] {
        let _ = writeln!(text, "  {line}");
    }
    for (mark, lines) in [('-', &expected), ('+', &got)] {
        for line in lines[at..].iter().take(AFTER) {
            let _ = writeln!(text, "{mark} {line}");
        }
    }
    Ok(text)
}
