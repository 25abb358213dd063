//! Our own C tests, `c-tests/own/*.c`: each with our library on both drivers and with real libuv, a trial each:
//! `own::close_in_read_cb::ring`, `…::epoll`, `…::libuv`. The last shows that a test describes libuv and not only us.
//! `…::refused` is our library where the kernel refuses io_uring, as in many a container; `…::ring-1cpu` and `…::epoll-1cpu` have one
//! processor, whatever the machine has. `…::aarch64` is our library cross-compiled and run by qemu, on epoll: qemu has no io_uring.
//!
//! On demand, when the filter or `UVRING_CHECKERS` names it: `…::valgrind` (on epoll), `…::asan-ring` and `…::asan-epoll` (our library
//! and the test instrumented with AddressSanitizer), `…::tsan` (ThreadSanitizer, on epoll, for tests that say `/* on tsan: reason */`).
//! Each has to find the mistake of a program in `c-tests/canary/`, too: the trials `canary::NAME::…`.
//!
//! A test is one file with a `main`. Exit 0 is a pass and 77 a skip with the reason on standard output; all else fails.
//! It runs in an empty folder of its own, with `UVRING_TEST_DRIVER` (ring, epoll, libuv: what a loop there runs on),
//! `UVRING_TEST_LIBRARY` (the path of the library) and `UVRING_TEST_LIBUV` (that of real libuv's, if there is one). Comments in it may say:
//! `/* timeout: 120 */` (seconds, instead of 60), `/* not on libuv: reason */`, `/* not on aarch64: reason */` (and so on, for each of the
//! names above; `1cpu`, `asan` or another part of names means all that have it), and `/* no leak check: reason */` for the checkers.
//! `UVRING_TEST_AGAINST=libuv` (or another) leaves out the others. `own-expect.toml` lists those that do not pass yet;
//! `UVRING_SUITE_UPDATE=1` writes it anew. `UVRING_DOCS_UPDATE=1` writes into `docs/what-it-survives.md` how many passed, on each that all
//! ran on, and what a test says on standard output as `survives: WHAT | FIGURES`.
//!
//! A test that fails is run again alone, twice: passing both times it is reported FLAKY, failing either time it is red.

use c_tests::again;
use c_tests::expect::Expect;
use c_tests::library::{self, Library, Sanitizer};
use c_tests::sources::{self, c_files, not_on, remark};
use c_tests::{own, pages, processor, program, refuse};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

/// What each test runs on, and what it runs on only if asked for.
const ALWAYS: [&str; 7] = ["ring", "epoll", "refused", "ring-1cpu", "epoll-1cpu", "libuv", "aarch64"];
const CHECKERS: [&str; 4] = ["valgrind", "asan-ring", "asan-epoll", "tsan"];

/// How an instrumented program exits that has made a mistake; and how many times as long it may take.
const MISTAKE: &str = "97";
const PATIENCE: u32 = 10;

/// What the tests did that lists are written from: by driver and test, whether it was skipped, and why it failed if it did.
type Results = Arc<Mutex<Vec<(&'static str, String, bool, Option<String>)>>>;

fn main() -> ExitCode {
    test().unwrap_or_else(|error| {
        eprintln!("our C tests cannot run: {error}");
        ExitCode::FAILURE
    })
}

fn test() -> Result<ExitCode, String> {
    let args = Arguments::from_args();
    let results = Results::default();
    let conclusion = libtest_mimic::run(&args, trials(&args, &results)?);
    let results = results.lock();
    if updating() {
        let mut expect = Expect::load("own")?;
        for (driver, test, _, reason) in &*results {
            expect.record(driver, test, reason.clone());
        }
        expect.save()?;
    }
    for driver in ALWAYS.iter().chain(&CHECKERS) {
        let name = format!("::{driver}");
        let ran = || results.iter().filter(|result| result.0 == *driver);
        if ran().next().is_none() || args.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
            continue;
        }
        let passed = ran().filter(|(_, _, skipped, reason)| !skipped && reason.is_none()).count();
        let failed: Vec<&str> = ran().filter(|result| result.3.is_some()).map(|result| result.1.as_str()).collect();
        let failed = if failed.is_empty() { String::new() } else { format!("; failed: {}", failed.join(", ")) };
        let command = format!("cargo test -p c-tests --test own -- {name}");
        pages::survived(&format!("our C tests, {driver}"), &format!("{passed} passed{failed}"), &command)?;
    }
    Ok(conclusion.exit_code())
}

fn updating() -> bool {
    std::env::var_os("UVRING_SUITE_UPDATE").is_some()
}

/// The checkers that the filter or the environment asks for, in whole or in part: `asan` means both.
fn checkers(args: &Arguments) -> Vec<&'static str> {
    let asked = std::env::var("UVRING_CHECKERS").unwrap_or_default();
    let words: Vec<&str> = asked.split(',').chain(args.filter.iter().flat_map(|f| f.split("::"))).collect();
    let is_asked = |name: &&str| words.iter().any(|word| word.len() >= 4 && name.starts_with(word));
    CHECKERS.into_iter().filter(is_asked).collect()
}

fn trials(args: &Arguments, results: &Results) -> Result<Vec<Trial>, String> {
    let expect = Expect::load("own")?;
    let checkers = checkers(args);
    let only = std::env::var("UVRING_TEST_AGAINST").ok();
    let lacks_for_aarch64 = library::lacks_for_aarch64();
    let mut trials = canaries(&checkers)?;
    for file in c_files("c-tests/own")? {
        let text = sources::read(&file)?;
        let seconds = match remark(&text, "timeout") {
            Some(value) => value.parse().map_err(|_| format!("{}: timeout {value}?", file.display()))?,
            None => 60,
        };
        for driver in ALWAYS.into_iter().chain(checkers.iter().copied()) {
            if only.as_ref().is_some_and(|only| only != driver) {
                continue;
            }
            if driver == "tsan" && remark(&text, "on tsan").is_none() {
                continue;
            }
            let lacks = lacks_for_aarch64.clone().filter(|_| driver == "aarch64");
            let not_here = lacks.or_else(|| not_on(&text, std::iter::once(driver).chain(driver.split('-'))));
            let file = file.clone();
            let test = file.file_stem().unwrap_or_default().display().to_string();
            let listed = expect.reason(driver, &test).map(String::from);
            let results = Arc::clone(results);
            let name = format!("own::{test}::{driver}");
            trials.push(Trial::ignorable_test(name.clone(), move || match not_here {
                Some(reason) => Ok(Completion::ignored_with(reason)),
                None => {
                    let once = || run(&file, driver, Duration::from_secs(seconds), &name);
                    let expected_to_pass = listed.is_none() && !updating();
                    let result = if expected_to_pass { again::twice_alone(&name, once) } else { once() };
                    let reason = result.as_ref().err().map(in_few_words);
                    let is_skipped = matches!(&result, Ok(Completion::Ignored { .. }));
                    results.lock().push((driver, test, is_skipped, reason.clone()));
                    judge(result, reason, listed)
                }
            }));
        }
    }
    Ok(trials)
}

/// Programs with a mistake that a checker has to find: otherwise its silence about the tests means nothing.
fn canaries(checkers: &[&'static str]) -> Result<Vec<Trial>, String> {
    let mut trials = Vec::new();
    for file in c_files("c-tests/canary")? {
        let text = sources::read(&file)?;
        for &checker in checkers {
            let tool = checker.split('-').next().unwrap_or_default();
            let Some(words) = remark(&text, &format!("found by {tool}")) else { continue };
            let file = file.clone();
            let name = format!("canary::{}::{checker}", file.file_stem().unwrap_or_default().display());
            trials.push(Trial::ignorable_test(name, move || match run(&file, checker, Duration::from_secs(60), "") {
                Ok(Completion::Completed) => Err(format!("{checker} has not found the mistake").into()),
                Err(failed) if failed.message().is_some_and(|said| said.contains(&words)) => Ok(Completion::Completed),
                other => other,
            }));
        }
    }
    Ok(trials)
}

/// Compares what a test did with what the list says.
fn judge(
    result: Result<Completion, Failed>,
    reason: Option<String>,
    listed: Option<String>,
) -> Result<Completion, Failed> {
    match (result, listed) {
        (Err(_), _) if updating() => Ok(Completion::ignored_with(reason.unwrap_or_default())),
        (Err(_), Some(listed)) => Ok(Completion::ignored_with(listed)),
        (Ok(Completion::Completed), Some(listed)) if !updating() => Err(Failed::from(format!(
            "it passes, and is listed as `{listed}`: take it off c-tests/own-expect.toml (UVRING_SUITE_UPDATE=1)"
        ))),
        (result, _) => result,
    }
}

/// The missing function, or the first line.
fn in_few_words(failed: &Failed) -> String {
    let text = failed.message().unwrap_or_default();
    let missing = text.lines().find(|line| line.starts_with("missing: "));
    let words = missing.or_else(|| text.lines().find(|line| line.contains(".c:"))).or_else(|| text.lines().next());
    // The path depends on where the project lies.
    words.unwrap_or_default().rsplit("c-tests/own/").next().unwrap_or_default().to_string()
}

fn run(file: &Path, driver: &str, timeout: Duration, name: &str) -> Result<Completion, Failed> {
    let (driver, one_processor) = driver.strip_suffix("-1cpu").map_or((driver, false), |driver| (driver, true));
    let library = match library_for(driver)? {
        Ok(library) => library,
        Err(lacks) => return Ok(Completion::ignored_with(lacks)),
    };
    let program = program::own(library, file)?;
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let leaks = remark(&sources::read(file)?, "no leak check").is_none();
    let mut command = match driver {
        "aarch64" => library::run_aarch64(&program),
        "valgrind" if Command::new("valgrind").arg("--version").output().is_err() => {
            return Ok(Completion::ignored_with("no valgrind"));
        }
        "valgrind" => valgrind(&program, leaks),
        _ => Command::new(program),
    };
    let mut timeout = timeout;
    if CHECKERS.contains(&driver) {
        let options = format!("exitcode={MISTAKE}:detect_leaks={}", i32::from(leaks));
        command.env("ASAN_OPTIONS", &options);
        // A forked child makes threads of its own. (Not in place of those of its parent: then TSan takes them for those, and gives up.)
        command.env("TSAN_OPTIONS", format!("exitcode={MISTAKE}:die_after_fork=0"));
        command.env("UVRING_TEST_PATIENCE", PATIENCE.to_string());
        timeout *= PATIENCE;
    }
    let is_ours = driver != "libuv";
    let is_ring = matches!(driver, "ring" | "asan-ring");
    let said_driver = if is_ring {
        "ring"
    } else if is_ours {
        "epoll"
    } else {
        driver
    };
    own::tell(&mut command, library, said_driver, dir.path());
    if driver == "refused" {
        refuse::ring(&mut command);
    } else if said_driver == "epoll" {
        command.env("UV_USE_IO_URING", "0");
    }
    if one_processor {
        processor::pin(&mut command, processor::any());
    }
    // On one driver, so that each row has one writer.
    own::run(&mut command, timeout, (driver == "ring").then_some(name))
}

/// The program under valgrind. One thread at a time runs there, so their turns are made fair.
fn valgrind(program: &Path, leaks: bool) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--fair-sched=yes", "--num-callers=30", "--show-leak-kinds=definite"]);
    command.args(["--errors-for-leak-kinds=definite".into(), format!("--error-exitcode={MISTAKE}")]);
    command.arg(if leaks { "--leak-check=full" } else { "--leak-check=no" }).arg(program);
    command
}

/// The library for a driver, or why this machine cannot have it. Ours, as it is shipped, is not optional.
fn library_for(driver: &str) -> Result<Result<&'static Library, String>, Failed> {
    Ok(match driver {
        "ring" | "epoll" | "refused" | "valgrind" => Ok(library::ours()?),
        "aarch64" => Ok(library::ours_for_aarch64()?),
        "asan-ring" | "asan-epoll" => library::sanitized(Sanitizer::Address)?,
        "tsan" => library::sanitized(Sanitizer::Thread)?,
        _ if sources::libuv().is_ok() => Ok(library::real()?),
        _ => Err("libuv's sources are not to be had".into()),
    })
}
