//! libuv's test suite, test by test: what each did, whether that was expected, and how many did what.

use crate::expect::Expect;
use crate::library::{self, Library};
use crate::namespace::{Answer, Kind, Namespace, Request, Ring};
use crate::process::Ended;
use crate::{program, sandbox};
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How much longer than with real libuv on a quiet machine a test may take.
const PATIENCE: u32 = 2;

/// The tests that send or connect to an address outside the machine.
const DIAL_OUTSIDE: &[&str] = &[
    "tcp_connect_timeout",
    "tcp_connect6_link_local",
    "tcp_close_while_connecting",
    "udp_connect",
    "udp_connect6",
    "udp_multicast_interface",
    "udp_multicast_interface6",
    "udp_multicast_join",
    "udp_multicast_join6",
    "udp_multicast_ttl",
    "udp_send_hang_loop",
];

/// The tests in which something is refused to a user because only root may do it. In a user namespace there is no root to
/// ask for, so they run outside of it; they need no network.
const NEED_ROOT_TO_EXIST: &[&str] = &["fs_chown", "fs_chown_iouring", "spawn_setuid_fails", "spawn_setgid_fails"];

/// What runs the test program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Driver {
    /// Ours, with io_uring.
    Ring,
    /// Ours, with io_uring switched off.
    Epoll,
    /// Ours, where the kernel refuses io_uring.
    Refused,
    /// Ours, with io_uring, where writes to sockets are gathered.
    Gather,
    /// Ours, linked into the test program, with io_uring.
    Static,
    /// Real libuv.
    Libuv,
    /// Real libuv, where the kernel refuses io_uring.
    LibuvRefused,
}

impl Driver {
    /// All of them.
    pub const ALL: [Driver; 7] = [
        Driver::Ring,
        Driver::Epoll,
        Driver::Refused,
        Driver::Gather,
        Driver::Static,
        Driver::Libuv,
        Driver::LibuvRefused,
    ];

    /// The name, as in `suite::ring::tcp_open`.
    pub fn name(self) -> &'static str {
        match self {
            Driver::Ring => "ring",
            Driver::Epoll => "epoll",
            Driver::Refused => "refused",
            Driver::Gather => "gather",
            Driver::Static => "static",
            Driver::Libuv => "libuv",
            Driver::LibuvRefused => "libuv-refused",
        }
    }

    /// The driver with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.name() == name)
    }

    fn library(self) -> Result<&'static Library, String> {
        match self {
            Driver::Ring | Driver::Epoll | Driver::Refused | Driver::Gather => library::ours(),
            Driver::Static => library::ours_static(),
            Driver::Libuv | Driver::LibuvRefused => library::real(),
        }
    }

    fn ring(self) -> Ring {
        match self {
            Driver::Ring | Driver::Static | Driver::Libuv => Ring::Allowed,
            Driver::Epoll => Ring::Off,
            Driver::Gather => Ring::Gathering,
            Driver::Refused | Driver::LibuvRefused => Ring::Refused,
        }
    }

    /// Whether this is real libuv.
    pub fn is_libuv(self) -> bool {
        self.real() == self
    }

    /// Real libuv under the same conditions, to compare with.
    fn real(self) -> Self {
        if self.ring() == Ring::Refused { Driver::LibuvRefused } else { Driver::Libuv }
    }
}

/// What a test did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passed.
    Passed,
    /// It passed when run again alone, twice; this many of its runs had failed.
    Flaky(u32),
    /// It could not run here, and why.
    Skipped(String),
    /// It needs these functions.
    Missing(Vec<String>),
    /// It failed: in a few words, and what it printed.
    Failed(String, String),
}

impl Verdict {
    /// What the list of expected failures says of it; nothing if it did not fail.
    pub fn reason(&self) -> Option<String> {
        match self {
            Verdict::Missing(names) => Some(format!("missing: {}", names.join(" "))),
            Verdict::Failed(what, _) => Some(format!("fails: {}", what.split(" (again alone").next().unwrap_or(what))),
            Verdict::Passed | Verdict::Flaky(_) | Verdict::Skipped(_) => None,
        }
    }
}

/// How many tests did what.
#[derive(Debug, Default)]
pub struct Summary {
    passed: u32,
    flaky: Vec<String>,
    failed: Vec<String>,
    known: Vec<String>,
    missing: u32,
    skipped: u32,
    unlisted: u32,
    missing_names: BTreeMap<String, u32>,
}

/// The suite, built and ready to run.
#[derive(Debug)]
pub struct Suite {
    programs: Vec<(&'static Library, PathBuf)>,
    idle: Mutex<Vec<Namespace>>,
    /// The place without a namespace, for `NEED_ROOT_TO_EXIST`.
    bare: Mutex<Option<Namespace>>,
    /// Held shared by a test among others, and alone by one that is run again.
    alone: RwLock<()>,
    /// Held by every test where no namespace keeps their ports apart.
    one_at_a_time: Mutex<()>,
    results: Mutex<BTreeMap<(Driver, String), Verdict>>,
    expect: Expect,
}

/// To be called first in each program that runs the suite: it may have been started as a helper.
pub fn start() {
    sandbox::run_if_asked();
}

impl Suite {
    /// Builds the libraries and test programs that these drivers need. Real libuv is always among them if it can be had:
    /// failures are compared with it.
    pub fn build(drivers: &[Driver]) -> Result<Self, String> {
        let mut programs: Vec<(&'static Library, PathBuf)> = Vec::new();
        for driver in drivers.iter().chain(&[Driver::Libuv]) {
            let library = driver.library()?;
            if programs.iter().all(|(known, _)| known.name != library.name) {
                programs.push((library, program::suite(library)?));
            }
        }
        Ok(Self {
            programs,
            idle: Mutex::default(),
            bare: Mutex::default(),
            alone: RwLock::default(),
            one_at_a_time: Mutex::default(),
            results: Mutex::default(),
            expect: Expect::load("suite")?,
        })
    }

    /// Why this test is listed as not passing, if it is.
    pub fn expected(&self, driver: Driver, test: &str) -> Option<&str> {
        self.expect.reason(driver.name(), test)
    }

    /// Runs a test among others, again alone if it failed unexpectedly and `again` is set, and notes the result.
    pub fn check(&self, driver: Driver, test: &str, again: bool) -> Verdict {
        let mut verdict = {
            let _shared = self.alone.read();
            self.once(driver, test)
        };
        if let Verdict::Failed(what, output) = &verdict
            && again
            && !driver.is_libuv()
        {
            verdict = self.again(driver, test, what, output);
        }
        self.results.lock().insert((driver, test.to_string()), verdict.clone());
        verdict
    }

    /// Runs a failed test twice more with nothing beside it, alternating with real libuv.
    fn again(&self, driver: Driver, test: &str, what: &str, output: &str) -> Verdict {
        let _alone = self.alone.write();
        let mut failures = Vec::new();
        let mut real_failures = 0;
        for _ in 0..2 {
            if let verdict @ Verdict::Failed(..) = self.once(driver, test) {
                failures.push(verdict);
            }
            real_failures += u32::from(matches!(self.once(driver.real(), test), Verdict::Failed(..)));
        }
        let said = format!("again alone: {} of 2 failed; real libuv: {real_failures} of 2", failures.len());
        match failures.len() {
            0 => Verdict::Flaky(1),
            // What real libuv cannot do on this machine says nothing about ours.
            2 if real_failures == 2 => Verdict::Skipped(format!("real libuv fails here too ({what})")),
            _ => Verdict::Failed(format!("{what} ({said})"), output.to_string()),
        }
    }

    fn once(&self, driver: Driver, test: &str) -> Verdict {
        let (mut namespace, library) = match self.namespace().and_then(|place| Ok((place, driver.library()?.name))) {
            Ok(both) => both,
            Err(error) => return Verdict::Failed("no place to run in".into(), error),
        };
        let _only = (namespace.kind == Kind::Bare).then(|| self.one_at_a_time.lock());
        if let Some(reason) = namespace.no_outside.clone().filter(|_| DIAL_OUTSIDE.contains(&test)) {
            self.idle.lock().push(namespace);
            return Verdict::Skipped(format!("it dials outside, and there is {reason}"));
        }
        let request = Request { library, test, ring: driver.ring(), patience: PATIENCE };
        let answer = if namespace.kind == Kind::User && NEED_ROOT_TO_EXIST.contains(&test) {
            self.run_bare(&request)
        } else {
            namespace.run(&request)
        };
        match answer {
            Ok(answer) => {
                self.idle.lock().push(namespace);
                judge(test, answer)
            }
            Err(error) => Verdict::Failed("the helper failed".into(), error),
        }
    }

    fn run_bare(&self, request: &Request<'_>) -> Result<Answer, String> {
        let mut bare = self.bare.lock();
        let namespace = match bare.take() {
            Some(namespace) => bare.insert(namespace),
            None => bare.insert(Namespace::open_as(Kind::Bare, &self.programs, "")?),
        };
        namespace.run(request)
    }

    fn namespace(&self) -> Result<Namespace, String> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| Namespace::open(&self.programs), Ok)
    }

    /// Ends the helpers. Without it their folders would outlive a process that ends by `exit`.
    pub fn close(&self) {
        self.idle.lock().clear();
        self.bare.lock().take();
    }

    /// Takes the results over into the list of expected failures.
    pub fn update(&self) -> Result<(), String> {
        let mut expect = Expect::load("suite")?;
        for ((driver, test), verdict) in self.results.lock().iter() {
            if !driver.is_libuv() {
                expect.record(driver.name(), test, verdict.reason());
            }
        }
        expect.save()
    }

    /// What the tests that ran did, driver by driver.
    pub fn summaries(&self) -> Vec<(Driver, Summary)> {
        let mut summaries: BTreeMap<Driver, Summary> = BTreeMap::new();
        for ((driver, test), verdict) in self.results.lock().iter() {
            let summary = summaries.entry(*driver).or_default();
            let listed = self.expected(*driver, test).is_some();
            match verdict {
                Verdict::Passed => summary.passed += 1,
                Verdict::Flaky(count) => {
                    summary.passed += 1;
                    summary.flaky.push(format!("FLAKY {}::{test} ({count} of 3 runs failed)", driver.name()));
                }
                Verdict::Skipped(_) => summary.skipped += 1,
                Verdict::Missing(names) => {
                    summary.missing += 1;
                    summary.unlisted += u32::from(!listed);
                    for name in names {
                        *summary.missing_names.entry(name.clone()).or_default() += 1;
                    }
                }
                Verdict::Failed(..) if listed => summary.known.push(test.clone()),
                Verdict::Failed(..) => summary.failed.push(test.clone()),
            }
        }
        summaries.into_iter().collect()
    }
}

impl Summary {
    /// Whether a test failed that is not on the list.
    pub fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// The lines to print, for a suite of `total` tests.
    pub fn lines(&self, driver: Driver, total: usize) -> Vec<String> {
        let mut lines = self.flaky.clone();
        let failed = self.failed.len() + self.known.len();
        let known = if self.known.is_empty() { String::new() } else { format!(" ({} known)", self.known.len()) };
        let unlisted = if self.unlisted == 0 { String::new() } else { format!(" ({} not listed)", self.unlisted) };
        lines.push(format!(
            "libuv's suite on {}: {} passed / {failed} failed{known} / {} missing{unlisted} / {} skipped of {total}",
            driver.name(),
            self.passed,
            self.missing,
            self.skipped,
        ));
        lines
    }

    /// The functions that tests lacked, most wanted first: each with the number of tests.
    pub fn wanted(&self) -> Vec<(String, u32)> {
        let mut names: Vec<(String, u32)> = self.missing_names.clone().into_iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        names
    }
}

/// What a run of libuv's runner means. A test is passed or skipped only if it says so itself and called nothing that is missing.
pub fn judge(test: &str, answer: Answer) -> Verdict {
    let Answer { ended, output, mut missing } = answer;
    if missing.is_empty() && ended != Ended::Exit(0) {
        // A child with an environment of its own does not know where to note it, but its output may show it.
        missing = output
            .split("missing: ")
            .skip(1)
            .filter_map(|rest| rest.split_whitespace().next())
            .map(String::from)
            .collect();
        missing.retain(|name| name.starts_with("uv_"));
    }
    if !missing.is_empty() {
        missing.sort();
        missing.dedup();
        return Verdict::Missing(missing);
    }
    let line = output.lines().find(|line| line.contains(&format!(" - {test}")));
    match (ended, line) {
        (Ended::Exit(0), Some(line)) if line.starts_with("ok ") => Verdict::Passed,
        (Ended::Exit(7), Some(line)) if line.starts_with("ok ") => {
            Verdict::Skipped(line.split_once("# SKIP").map_or("", |(_, reason)| reason).trim().to_string())
        }
        _ => Verdict::Failed(in_few_words(ended, &output), output),
    }
}

/// The assertion that failed, or else how the test ended.
fn in_few_words(ended: Ended, output: &str) -> String {
    let assertion = output.lines().find(|line| line.contains("Assertion failed"));
    let comment = output.lines().find_map(|line| line.strip_prefix("# ")).filter(|line| !line.starts_with("Output"));
    let words = assertion.or(comment).map_or_else(|| ended.to_string(), str::to_string);
    // The path depends on where libuv's sources lie.
    match words.split_once("Assertion failed in ").map(|(_, rest)| rest.split_once(" on line ")) {
        Some(Some((file, rest))) => format!("{} line {rest}", file.rsplit('/').next().unwrap_or(file)),
        _ => words.trim_start_matches("# ").to_string(),
    }
}
