//! Our library beside another: `uvring bench`, or `cargo run --release -p c-tests --bin bench -- --help`.

use c_tests::bench::cases::{self, Case};
use c_tests::bench::contender::{Contender, Field};
use c_tests::bench::figures::{Outcome, Runs};
use c_tests::bench::machine::Machine;
use c_tests::bench::plot;
use c_tests::bench::report::Report;
use c_tests::bench::run::{self, Settings};
use c_tests::sources;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    // Rust ignores it; `uvring bench --list | head` should end quietly.
    // SAFETY: no other thread runs yet, and the default needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    bench(&arguments().get_matches()).unwrap_or_else(|error| {
        eprintln!("uvring bench: {error}");
        ExitCode::from(2)
    })
}

fn arguments() -> Command {
    let path = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).value_parser(value_parser!(PathBuf))
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("bench")
        .bin_name("uvring bench")
        .about("Measure uvring beside another libuv, in alternating rounds, on the ring and on epoll")
        .arg(path("against", "DIR", "Folder with the other libuv.so.1 [default: libuv 1.53.0, built optimised]"))
        .arg(
            Arg::new("rounds")
                .long("rounds")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..))
                .help("How often everything is run [default: 5]"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("S")
                .value_parser(window)
                .help("How long each run measures [default: 0.5]"),
        )
        .arg(flag("quick", "One round, tiny and short: only to see that everything works"))
        .arg(flag("all", "Every case, not only those that count most"))
        .arg(flag("list", "Name the cases (* marks those run by default) and stop"))
        .arg(path("json", "FILE", "Write every figure there"))
        .arg(path("markdown", "FILE", "Write tables there"))
        .arg(path("svg", "DIR", "Write plots there"))
        .arg(path("disk", "DIR", "Folder for files on a disk [default: in cargo's target folder]"))
        .arg(path("tmpfs", "DIR", "Folder for files in memory [default: /dev/shm]"))
        .arg(Arg::new("case").value_name("CASE").num_args(0..).help("Parts of names of cases [default: those marked *]"))
        .after_help(
            "UVRING_LIB_DIR names a folder with another libuv.so.1 of uvring's. Exits with 1 if a case could not be run.",
        )
}

/// The length of a window: long enough for the clocks, and short beside the time after which programs are ended.
fn window(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.001..=30.0).contains(seconds));
    seconds.ok_or_else(|| "a number of seconds from 0.001 to 30".into())
}

fn bench(args: &ArgMatches) -> Result<ExitCode, String> {
    let is_quick = args.get_flag("quick");
    let folder = |name: &str, otherwise: &Path| {
        let dir = args.get_one::<PathBuf>(name).map_or(otherwise, PathBuf::as_path);
        let made = tempfile::Builder::new().prefix("uvring-bench-").tempdir_in(dir);
        made.map_err(|e| format!("cannot write in {}: {e}", dir.display()))
    };
    let disk = folder("disk", sources::work_dir())?;
    let tmpfs = folder("tmpfs", Path::new("/dev/shm"))?;
    let words: Vec<&String> = args.get_many("case").into_iter().flatten().collect();
    let chosen = |case: &Case| {
        let named = words.iter().any(|word| case.name.contains(*word));
        named || words.is_empty() && (case.is_core || args.get_flag("all"))
    };
    let all = cases::all(disk.path(), tmpfs.path(), is_quick);
    if args.get_flag("list") {
        all.iter().for_each(|case| println!("{} {}", if case.is_core { '*' } else { ' ' }, case.name));
        return Ok(ExitCode::SUCCESS);
    }
    let cases: Vec<Case> = all.into_iter().filter(chosen).collect();
    if cases.is_empty() {
        return Err("no case has such a name (--list names them)".into());
    }
    eprintln!("building the libraries and {} cases", cases.len());
    let field = Field::build(args.get_one::<PathBuf>("against").map(PathBuf::as_path), &cases)?;
    let machine = Machine::look(&field, disk.path(), tmpfs.path());
    let seconds = args.get_one::<f64>("seconds").copied().unwrap_or(if is_quick { 0.03 } else { 0.5 });
    let rounds = args.get_one::<u32>("rounds").copied().unwrap_or(if is_quick { 1 } else { 5 });
    let peer = field.peer_name.clone();
    let rounds = usize::try_from(rounds).unwrap_or(1);
    let mut report = Report { machine, peer, rounds, seconds, outcomes: Vec::new() };
    if !report.machine.is_release {
        eprintln!("! uvring is built without optimisation here: figures say nothing about its speed");
    }
    let mut progress = Progress::new(cases.len() * rounds);
    catch_interrupt();
    for case in &cases {
        let outcome = measure(&field, case, &Settings::new(seconds), rounds, &mut progress);
        progress.clear();
        if INTERRUPTED.load(Ordering::Relaxed) {
            eprintln!("interrupted: what is finished counts");
            break;
        }
        println!("{}", Report::lines(&outcome, &report.peer));
        report.outcomes.push(outcome);
    }
    save(args, &report)?;
    report.missed().iter().for_each(|missed| println!("goal missed: {missed}"));
    if INTERRUPTED.load(Ordering::Relaxed) {
        return Ok(ExitCode::from(130));
    }
    let has_failed = report.outcomes.iter().any(Outcome::has_failed);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Somebody wants this to end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets the first interrupt end the run in order, with its files written and its folders removed. The second one kills.
fn catch_interrupt() {
    extern "C" fn on_interrupt(_: libc::c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    let handler: extern "C" fn(libc::c_int) = on_interrupt;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: zeroes are an empty mask and no flags; the handler only stores to an atomic.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as libc::sighandler_t;
            action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// All rounds of a case. Each round begins with another contender, so that what changes slowly hits all alike, and every
/// other one goes backwards, so that none always follows the same one: ten thousand connections are not cleared away at once.
fn measure(field: &Field, case: &Case, settings: &Settings, rounds: usize, progress: &mut Progress) -> Outcome {
    let takes_part = |contender: &Contender| *contender != Contender::Limit || case.job.has_limit();
    let contenders: Vec<Contender> = Contender::ALL.into_iter().filter(takes_part).collect();
    let mut runs: BTreeMap<Contender, Runs> = contenders.iter().map(|c| (*c, Runs::default())).collect();
    for round in 0..rounds {
        for i in 0..contenders.len() {
            let at = (i + round) % contenders.len();
            let contender = contenders[if round % 2 == 0 { at } else { contenders.len() - 1 - at }];
            let runs = runs.entry(contender).or_default();
            if runs.failed.is_some() || INTERRUPTED.load(Ordering::Relaxed) {
                continue;
            }
            progress
                .show(&case.name, &format!("round {} of {rounds}, {}", round + 1, contender.label(&field.peer_name)));
            match run::once(field, case, contender, settings) {
                Ok(sample) => runs.samples.push(sample),
                Err(reason) => runs.failed = Some(reason),
            }
        }
        progress.done += 1;
    }
    Outcome::new(case, runs, &field.peer_name)
}

fn save(args: &ArgMatches, report: &Report) -> Result<(), String> {
    let write = |path: &PathBuf, text: String| {
        let written = std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()));
        written.map(|()| println!("written: {}", path.display()))
    };
    if let Some(path) = args.get_one::<PathBuf>("json") {
        write(path, report.json()?)?;
    }
    if let Some(path) = args.get_one::<PathBuf>("markdown") {
        write(path, report.markdown())?;
    }
    if let Some(dir) = args.get_one::<PathBuf>("svg") {
        plot::write(report, dir)?.iter().for_each(|path| println!("written: {path}"));
    }
    Ok(())
}

/// What is being run, on one line of the terminal; without a terminal, a line for each case.
struct Progress {
    done: usize,
    all: usize,
    started: Instant,
    is_terminal: bool,
    case: String,
}

impl Progress {
    fn new(all: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { done: 0, all, started: Instant::now(), is_terminal, case: String::new() }
    }

    fn show(&mut self, case: &str, what: &str) {
        let is_new = self.case != case;
        let percent = self.done * 100 / self.all;
        if self.is_terminal {
            eprint!("\r\x1b[K{percent:3} %{} {case}: {what}", self.left());
            let _ = std::io::stderr().flush();
        } else if is_new {
            eprintln!("{percent:3} %{} {case}", self.left());
        }
        self.case = case.to_string();
    }

    fn clear(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }

    fn left(&self) -> String {
        if self.done == 0 {
            return String::new();
        }
        let each = self.started.elapsed() / u32::try_from(self.done).unwrap_or(1);
        let left = each * u32::try_from(self.all - self.done).unwrap_or(0);
        if left < Duration::from_secs(100) {
            format!(", {} s left", left.as_secs())
        } else {
            format!(", {} min left", left.as_secs().div_ceil(60))
        }
    }
}
