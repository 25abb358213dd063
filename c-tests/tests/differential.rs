//! The same random programs on libuv and on our library: `differential/random_program.c` makes from a seed a program and a log of its
//! callbacks, and the logs have to be the same, but for what rules know. `b11_differential::ring`, `…::epoll`, `…::refused`,
//! `…::ring-1cpu`; and `…::libuv`, which runs a sample on libuv twice.
//!
//! `UVRING_SEEDS=1000` runs the seeds 1 to 1000, `UVRING_SEEDS=5000-6000` those; without it, a few, and for 60 seconds at
//! most. A difference is printed with its seed, the fewest steps that still show it, and how to see it again. libuv runs each
//! seed that differs a second time: if it differs from itself, the generator is to blame, and that is what the failure says.

use c_tests::library::{self, Library};
use c_tests::process::{self, Ended};
use c_tests::{processor, program, refuse, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
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

/// Of so many seeds, one is run on libuv twice. The sorts of programs go by the seed modulo 8, and each has its turn.
const SAMPLE: u64 = 7;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let trial =
        |driver: &'static str| Trial::ignorable_test(format!("b11_differential::{driver}"), move || compare(driver));
    libtest_mimic::run(&args, DRIVERS.map(trial).into()).exit_code()
}

/// What libuv is compared with.
const DRIVERS: [&str; 5] = ["ring", "epoll", "refused", "ring-1cpu", "libuv"];

fn compare(driver: &'static str) -> Result<Completion, Failed> {
    if sources::libuv().is_err() {
        return Ok(Completion::ignored_with("libuv's sources are not to be had"));
    }
    let real = Runner { library: library::real()?, driver: "libuv" };
    let other = Runner { library: if driver == "libuv" { library::real()? } else { library::ours()? }, driver };
    let asked = std::env::var("UVRING_SEEDS").ok();
    let (first, last) = match &asked {
        Some(text) => range(text).ok_or_else(|| format!("UVRING_SEEDS={text}?"))?,
        None => (1, SEEDS),
    };
    let step = if driver == "libuv" { SAMPLE } else { 1 };
    let (mut differing, start) = (Vec::new(), Instant::now());
    for seed in (first..=last).step_by(step as usize) {
        if asked.is_none() && start.elapsed() > TIME {
            break;
        }
        let expected = expected(&real, seed)?;
        if !is_same(&expected, &other.log(seed, None)?) {
            println!("{}", explain(&real, &other, seed, &expected)?);
            differing.push(seed.to_string());
        }
    }
    if differing.is_empty() { Ok(Completion::Completed) } else { Err(format!("seeds {}", differing.join(" ")).into()) }
}

/// libuv's log of a seed, which the trials share as long as they stay together.
fn expected(real: &Runner, seed: u64) -> Result<Arc<str>, String> {
    static LOGS: Mutex<BTreeMap<u64, Arc<str>>> = Mutex::new(BTreeMap::new());
    const KEPT: usize = 100;
    let logs = || LOGS.lock();
    if let Some(log) = logs().get(&seed) {
        return Ok(Arc::clone(log));
    }
    let log: Arc<str> = real.log(seed, None)?.into();
    let mut logs = logs();
    if logs.len() == KEPT {
        logs.pop_first();
    }
    logs.insert(seed, Arc::clone(&log));
    Ok(log)
}

/// Compares libuv's log with another, but for what the rules say. What a program leaves out for the sake of a known difference is
/// said in `differential/rules.h`; here is what only a log can show.
fn is_same(expected: &str, got: &str) -> bool {
    match before_libuvs_abort_in_child(expected) {
        Some(before) => got.starts_with(before),
        None => expected == got,
    }
}

/// The rule: libuv aborts in a forked child if, when its parent forked, what a handle waits for had changed since the last poll phase:
/// it changes what the child's epoll set does not have yet. Nothing that follows the fork is compared.
fn before_libuvs_abort_in_child(expected: &str) -> Option<&str> {
    let (before, _) = expected.split_once("\nforked: 6\n")?;
    before.rfind("\nfork\n").map(|at| &before[..at])
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
        let program = self.program()?;
        let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        self.log_in(&program, dir.path(), seed, steps)
    }

    fn program(&self) -> Result<PathBuf, String> {
        program::own(self.library, &sources::project().join("c-tests/differential/random_program.c"))
    }

    fn log_in(&self, program: &Path, dir: &Path, seed: u64, steps: Option<u32>) -> Result<String, String> {
        let mut command = Command::new(program);
        command.arg(seed.to_string()).args(steps.map(|n| n.to_string())).current_dir(dir);
        process::forget_outside(&mut command);
        match self.driver {
            "epoll" => _ = command.env("UV_USE_IO_URING", "0"),
            "refused" => refuse::ring(&mut command),
            "ring-1cpu" => processor::pin(&mut command, processor::any()),
            _ => {}
        }
        let (ended, mut log) =
            process::output(&mut command, STUCK).map_err(|e| format!("cannot run {command:?}: {e}"))?;
        if ended != Ended::Exit(0) {
            let _ = writeln!(log, "{ended}");
        }
        Ok(log)
    }
}

/// Finds the fewest steps that differ, and shows where, unless libuv no longer says what was expected.
fn explain(real: &Runner, ours: &Runner, seed: u64, expected: &str) -> Result<String, String> {
    if ours.driver == "libuv" || real.log(seed, None)? != expected || real.log(seed, None)? != expected {
        return Ok(format!("seed {seed}: libuv differs from itself, so the program is not deterministic"));
    }
    let differs =
        |steps: u32| Ok::<bool, String>(!is_same(&real.log(seed, Some(steps))?, &ours.log(seed, Some(steps))?));
    let (mut same, mut differ) = (0, ALL_STEPS);
    if !differs(differ)? {
        // Its last steps may be missing in neither; or it came once, and not again.
        return Ok(format!("seed {seed} differed on {}, but not again with all of its steps", ours.driver));
    }
    // A program of fewer steps begins as one of more does.
    while differ - same > 1 {
        let steps = same.midpoint(differ);
        if differs(steps)? { differ = steps } else { same = steps }
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
    let _ = writeln!(
        text,
        "Again: UVRING_SEEDS={seed}-{seed} cargo test -p c-tests --test differential -- --exact b11_differential::{}",
        ours.driver
    );
    for runner in [real, ours] {
        let _ =
            writeln!(text, "{}: in an empty folder, {} {seed} {differ}", runner.driver, runner.program()?.display());
    }
    Ok(text)
}
