//! libuv's suite from the command line, for a quick look:
//!
//! `cargo run -p c-tests --bin suite -- [--driver ring|epoll|refused|static|libuv|libuv-refused]… [--jobs N] [--repeat N] [--exact] [FILTER…]`
//!
//! `UVRING_LIB_DIR` chooses the library; without it, ours is built. Failures are shown with the end of their output.

use c_tests::program;
use c_tests::progress::Progress;
use c_tests::suite::{self, Driver, Suite, Verdict};
use parking_lot::Mutex;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: suite [--driver ring|epoll|refused|static|libuv|libuv-refused]… [--jobs N] [--repeat N] [--exact] [--list] [--passed] [FILTER…]";

/// How much of a failed test's output is shown.
const TAIL: usize = 14;

#[derive(Default)]
struct Options {
    drivers: Vec<Driver>,
    jobs: usize,
    repeat: usize,
    exact: bool,
    list: bool,
    passed: bool,
    filters: Vec<String>,
}

fn main() -> ExitCode {
    suite::start();
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn run() -> Result<ExitCode, String> {
    let options = parse(std::env::args().skip(1))?;
    let chosen = |name: &&String| {
        let fits = |filter: &String| if options.exact { *name == filter } else { name.contains(filter) };
        options.filters.is_empty() || options.filters.iter().any(fits)
    };
    let names = program::suite_tests()?;
    let tests: Vec<&String> = names.iter().filter(chosen).collect();
    if options.list {
        tests.iter().for_each(say);
        return Ok(ExitCode::SUCCESS);
    }
    let suite = Suite::build(&options.drivers)?;
    let runs = (0..options.repeat).flat_map(|_| &options.drivers);
    let jobs: Vec<(Driver, &str)> = runs.flat_map(|driver| tests.iter().map(|test| (*driver, test.as_str()))).collect();
    let progress = Mutex::new(Progress::on_terminal(jobs.len()));
    let queue = Mutex::new(jobs.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some((driver, test)) = next(&queue) {
                    progress.lock().show(&format!("{}::{test}", driver.name()), "");
                    let verdict = suite.check(driver, test, false);
                    let mut progress = progress.lock();
                    progress.done += 1;
                    progress.clear();
                    print(driver, test, &verdict, options.passed);
                }
            });
        }
    });
    suite.close();
    let mut failed = false;
    for (driver, summary) in suite.summaries() {
        let wanted: Vec<String> = summary.wanted().into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        if !wanted.is_empty() {
            say(format!("wanted on {}: {}", driver.name(), wanted.join(", ")));
        }
        summary.lines(driver, names.len()).iter().for_each(say);
        failed |= summary.has_failed();
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Prints a line. Whoever reads may have stopped, and then there is nobody to work for.
fn say(line: impl Display) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(1);
    }
}

fn next<'a>(queue: &Mutex<impl Iterator<Item = (Driver, &'a str)>>) -> Option<(Driver, &'a str)> {
    queue.lock().next()
}

fn print(driver: Driver, test: &str, verdict: &Verdict, passed: bool) {
    let driver = driver.name();
    match verdict {
        Verdict::Failed(what, output) => {
            let lines: Vec<&str> = output.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n    ");
            say(format!("FAILED  {driver}::{test}: {what}\n    {tail}"));
        }
        Verdict::Missing(names) => say(format!("MISSING {driver}::{test}: {}", names.join(" "))),
        Verdict::Skipped(reason) => say(format!("skipped {driver}::{test}: {reason}")),
        Verdict::Passed | Verdict::Flaky(_) if passed => say(format!("passed  {driver}::{test}")),
        Verdict::Passed | Verdict::Flaky(_) => {}
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { jobs: 2, repeat: 1, ..Options::default() };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| USAGE.to_string());
        match arg.as_str() {
            "--driver" => options.drivers.push(Driver::from_name(&value()?).ok_or(USAGE)?),
            "--jobs" => options.jobs = value()?.parse().map_err(|_| USAGE)?,
            "--repeat" => options.repeat = value()?.parse().map_err(|_| USAGE)?,
            "--exact" => options.exact = true,
            "--list" => options.list = true,
            "--passed" => options.passed = true,
            flag if flag.starts_with("--") => return Err(USAGE.to_string()),
            _ => options.filters.push(arg),
        }
    }
    if options.drivers.is_empty() {
        options.drivers.push(Driver::Ring);
    }
    Ok(options)
}
