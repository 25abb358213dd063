//! Our library beside another: `uvring bench`, or `cargo run --release -p c-tests --bin bench -- --help`.

use c_tests::bench::cases::{self, Case};
use c_tests::bench::contender::{Contender, Field};
use c_tests::bench::figures::{Outcome, Runs, Sample};
use c_tests::bench::machine::Machine;
use c_tests::bench::programs::{self, PROGRAMS, Program, STOCK, Stage};
use c_tests::bench::report::Report;
use c_tests::bench::run::{self, Settings};
use c_tests::bench::{page, plot};
use c_tests::progress::Progress;
use c_tests::sources;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

fn main() -> ExitCode {
    // Rust ignores it; `uvring bench --list | head` should end quietly.
    // SAFETY: no other thread runs yet, and the default needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let args = arguments().get_matches();
    let done = if args.get_flag("programs") { measure_programs(&args) } else { bench(&args) };
    done.unwrap_or_else(|error| {
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
        .arg(
            flag("programs", "Not the cases but programs that are installed here, as they come and on uvring")
                .conflicts_with_all(["against", "all", "svg", "tmpfs"]),
        )
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
                .help("How long each run measures, or each server is asked [default: 0.5; 3 with --programs]"),
        )
        .arg(flag("quick", "One round, tiny and short: only to see that everything works"))
        .arg(flag("all", "Every case, not only those that count most"))
        .arg(flag("list", "Name the cases (* marks those run by default) and stop"))
        .arg(path("json", "FILE", "Write every figure there"))
        .arg(path("markdown", "FILE", "Write tables there; of programs, between the marks that the file has for them"))
        .arg(path("svg", "DIR", "Write plots there"))
        .arg(path("disk", "DIR", "Folder for files on a disk [default: in cargo's target folder]"))
        .arg(path("tmpfs", "DIR", "Folder for files in memory [default: /dev/shm]"))
        .arg(Arg::new("case").value_name("CASE").num_args(0..).help("Parts of names of cases [default: those marked *]"))
        .after_help(
            "Examples:\n  uvring bench                                  the cases that count most: half an hour on a quiet machine\n  \
             uvring bench --rounds 11 tcp-echo/static/50   some of them\n  \
             uvring bench --programs npm http              what these gain\n\n\
             UVRING_LIB_DIR names a folder with another libuv.so.1 of uvring's. Exits with 1 if a case could not be run.",
        )
}

/// The length of a window: long enough for the clocks, and short beside the time after which programs are ended.
fn window(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.001..=30.0).contains(seconds));
    seconds.ok_or_else(|| "a number of seconds from 0.001 to 30".into())
}

fn bench(args: &ArgMatches) -> Result<ExitCode, String> {
    let is_quick = args.get_flag("quick");
    let disk = folder(args, "disk", sources::work_dir())?;
    let tmpfs = folder(args, "tmpfs", Path::new("/dev/shm"))?;
    let chosen = |case: &Case| is_chosen(args, &case.name, case.is_core || args.get_flag("all"));
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
    let machine = Machine::look([&field.ours.file(), &field.peer.file()], disk.path(), tmpfs.path());
    let (rounds, seconds) = extent(args, if is_quick { 0.03 } else { 0.5 });
    let peer = field.peer_name.clone();
    let mut report = Report { machine, peer, rounds, seconds, outcomes: Vec::new() };
    if !report.machine.is_release {
        eprintln!("{NOT_OPTIMISED}");
    }
    let mut progress = Progress::new(cases.len() * rounds);
    catch_interrupt();
    for case in &cases {
        let takes_part = |contender: &Contender| *contender != Contender::Limit || case.job.has_limit();
        let contenders: Vec<Contender> = Contender::ALL.into_iter().filter(takes_part).collect();
        let settings = Settings::new(seconds);
        let once = |contender| run::once(&field, case, contender, &settings);
        let runs = measure(&case.name, &contenders, &report, &mut progress, once);
        let outcome = Outcome::new(case, runs, &report.peer);
        progress.clear();
        if INTERRUPTED.load(Ordering::Relaxed) {
            eprintln!("interrupted: what is finished counts");
            break;
        }
        println!("{}", Report::lines(&outcome, &report.peer));
        report.outcomes.push(outcome);
    }
    save(args, &report, |_| report.markdown())?;
    report.missed().iter().for_each(|missed| println!("goal missed: {missed}"));
    Ok(exit_code(&report))
}

const NOT_OPTIMISED: &str = "! uvring is built without optimisation here: figures say nothing about its speed";

/// Programs on the libuv that they come with, and on ours.
fn measure_programs(args: &ArgMatches) -> Result<ExitCode, String> {
    let chosen: Vec<&Program> = PROGRAMS.iter().filter(|program| is_chosen(args, program.name, true)).collect();
    if args.get_flag("list") {
        PROGRAMS.iter().for_each(|program| println!("{:<12} {}", program.name, program.what));
        return Ok(ExitCode::SUCCESS);
    }
    if chosen.is_empty() {
        return Err("no program has such a name (--programs --list names them)".into());
    }
    let is_quick = args.get_flag("quick");
    let disk = folder(args, "disk", sources::work_dir())?;
    let (rounds, seconds) = extent(args, if is_quick { 0.2 } else { 3.0 });
    eprintln!("building uvring");
    let settings = Settings::new(seconds);
    let stage = Stage::new(disk.path(), is_quick, seconds, [settings.first, settings.second])?;
    let machine = Machine::look([stage.command(), Path::new("")], disk.path(), disk.path());
    let mut report = Report { machine, peer: STOCK.into(), rounds, seconds, outcomes: Vec::new() };
    if !report.machine.is_release {
        eprintln!("{NOT_OPTIMISED}");
    }
    let mut progress = Progress::new(chosen.len() * rounds);
    let mut skipped = Vec::new();
    catch_interrupt();
    for program in chosen {
        progress.show(program.name, ": prepared");
        let ready = stage.prepare(program)?;
        progress.clear();
        let ready = match ready {
            Ok(ready) => ready,
            Err(reason) => {
                println!("skipped: {}: {reason}\n", program.name);
                skipped.push(format!("{} ({reason})", program.name));
                progress.done += rounds;
                continue;
            }
        };
        let once = |contender| ready.once(contender);
        let runs = measure(program.name, &programs::CONTENDERS, &report, &mut progress, once);
        progress.clear();
        if INTERRUPTED.load(Ordering::Relaxed) {
            eprintln!("interrupted: what is finished counts");
            break;
        }
        let outcome = Outcome::without_goals(program.name, &program.metrics(), runs, STOCK);
        println!("{}", Report::lines(&outcome, STOCK));
        report.outcomes.push(outcome);
    }
    save(args, &report, |path| page::text(&report, &skipped, path))?;
    Ok(exit_code(&report))
}

/// A folder that goes away with the run, where an option says, or elsewhere.
fn folder(args: &ArgMatches, name: &str, otherwise: &Path) -> Result<TempDir, String> {
    let dir = args.get_one::<PathBuf>(name).map_or(otherwise, PathBuf::as_path);
    let made = tempfile::Builder::new().prefix("uvring-bench-").tempdir_in(dir);
    made.map_err(|e| format!("cannot write in {}: {e}", dir.display()))
}

/// Whether something is named, or `otherwise` if nothing is.
fn is_chosen(args: &ArgMatches, name: &str, otherwise: bool) -> bool {
    let mut words = args.get_many::<String>("case").into_iter().flatten().peekable();
    if words.peek().is_none() { otherwise } else { words.any(|word| name.contains(word.as_str())) }
}

/// How many rounds, and of how many seconds.
fn extent(args: &ArgMatches, seconds: f64) -> (usize, f64) {
    let rounds = args.get_one::<u32>("rounds").copied().unwrap_or(if args.get_flag("quick") { 1 } else { 5 });
    (usize::try_from(rounds).unwrap_or(1), args.get_one::<f64>("seconds").copied().unwrap_or(seconds))
}

fn exit_code(report: &Report) -> ExitCode {
    if INTERRUPTED.load(Ordering::Relaxed) {
        return ExitCode::from(130);
    }
    let has_failed = report.outcomes.iter().any(Outcome::has_failed);
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
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
fn measure(
    name: &str,
    contenders: &[Contender],
    report: &Report,
    progress: &mut Progress,
    once: impl Fn(Contender) -> Result<Sample, String>,
) -> BTreeMap<Contender, Runs> {
    let rounds = report.rounds;
    let mut runs: BTreeMap<Contender, Runs> = contenders.iter().map(|c| (*c, Runs::default())).collect();
    for round in 0..rounds {
        for i in 0..contenders.len() {
            let at = (i + round) % contenders.len();
            let contender = contenders[if round % 2 == 0 { at } else { contenders.len() - 1 - at }];
            let runs = runs.entry(contender).or_default();
            if runs.failed.is_some() || INTERRUPTED.load(Ordering::Relaxed) {
                continue;
            }
            progress.show(name, &format!(": round {} of {rounds}, {}", round + 1, contender.label(&report.peer)));
            match once(contender) {
                Ok(sample) => runs.samples.push(sample),
                Err(reason) => runs.failed = Some(reason),
            }
        }
        progress.done += 1;
    }
    runs
}

/// Writes the files that were asked for. `markdown` says what is to be in that file.
fn save(args: &ArgMatches, report: &Report, markdown: impl Fn(&Path) -> String) -> Result<(), String> {
    let write = |path: &PathBuf, text: String| {
        let written = std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()));
        written.map(|()| println!("written: {}", path.display()))
    };
    if let Some(path) = args.get_one::<PathBuf>("json") {
        write(path, report.json()?)?;
    }
    if let Some(path) = args.get_one::<PathBuf>("markdown") {
        write(path, markdown(path))?;
    }
    if let Some(dir) = args.get_one::<PathBuf>("svg") {
        plot::write(report, dir)?.iter().for_each(|path| println!("written: {path}"));
    }
    Ok(())
}
