//! libuv's own test suite on our library, a trial for each test and driver: `suite::ring::tcp_open`.
//!
//! Without a filter that names a driver, or `UVRING_SUITE_DRIVERS` with a list of them, these are ring and epoll. The others:
//! `refused` (the kernel answers EPERM to the ring's system calls), `gather` (`UVRING_NET=gather`), `static` (the test program is linked against `libuv.a`),
//! and for comparison `libuv` and `libuv-refused`.
//!
//! `UVRING_SUITE_UPDATE=1` writes `suite-expect.toml` anew from what the tests did.

use c_tests::program;
use c_tests::suite::{self, Driver, Suite, Verdict};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    suite::start();
    run().unwrap_or_else(|error| {
        eprintln!("libuv's suite cannot run: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, String> {
    let args = Arguments::from_args();
    let names = program::suite_tests()?;
    let drivers = drivers(args.filter.as_deref().unwrap_or_default())?;
    let update = std::env::var_os("UVRING_SUITE_UPDATE").is_some();
    // Nothing is built only to be listed.
    let suite = if args.list { None } else { Some(Arc::new(Suite::build(&drivers)?)) };
    let mut trials = Vec::new();
    for driver in drivers {
        for test in &names {
            let (suite, test) = (suite.clone(), test.clone());
            let name = format!("suite::{}::{test}", driver.name());
            trials.push(Trial::ignorable_test(name, move || match &suite {
                Some(suite) => trial(suite, driver, &test, update),
                None => Ok(Completion::ignored_with("only listed")),
            }));
        }
    }
    let conclusion = libtest_mimic::run(&args, trials);
    if let Some(suite) = suite {
        suite.close();
        for (driver, summary) in suite.summaries() {
            summary.lines(driver, names.len()).iter().for_each(|line| println!("{line}"));
        }
        if update {
            suite.update()?;
        }
    }
    Ok(conclusion.exit_code())
}

fn drivers(filter: &str) -> Result<Vec<Driver>, String> {
    if let Ok(list) = std::env::var("UVRING_SUITE_DRIVERS") {
        let driver = |name| Driver::from_name(name).ok_or_else(|| format!("UVRING_SUITE_DRIVERS={list}?"));
        return list.split([',', ' ']).map(driver).collect();
    }
    let part = |driver: &Driver| filter.split("::").any(|part| part == driver.name());
    let named: Vec<Driver> = Driver::ALL.into_iter().filter(part).collect();
    Ok(if named.is_empty() { vec![Driver::Ring, Driver::Epoll] } else { named })
}

/// Compares what a test did with what the list says.
fn trial(suite: &Suite, driver: Driver, test: &str, update: bool) -> Result<Completion, Failed> {
    let listed = suite.expected(driver, test);
    let verdict = suite.check(driver, test, listed.is_none() || update);
    match (verdict, listed) {
        (verdict, _) if update && verdict.reason().is_some() => {
            Ok(Completion::ignored_with(verdict.reason().unwrap_or_default()))
        }
        (Verdict::Passed | Verdict::Flaky(_), Some(reason)) if !update => Err(Failed::from(format!(
            "it passes, and is listed as `{reason}`: take it off c-tests/suite-expect.toml (UVRING_SUITE_UPDATE=1)"
        ))),
        (Verdict::Passed | Verdict::Flaky(_), _) => Ok(Completion::Completed),
        (Verdict::Skipped(reason), _) => Ok(Completion::ignored_with(reason)),
        (Verdict::Missing(_) | Verdict::Failed(..), Some(reason)) => Ok(Completion::ignored_with(reason)),
        (Verdict::Missing(names), None) => {
            Err(Failed::from(format!("MISSING\nmissing: {}", names.join("\nmissing: "))))
        }
        (Verdict::Failed(what, output), None) => Err(Failed::from(format!("{what}\n{output}"))),
    }
}
