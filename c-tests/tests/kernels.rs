//! Our own C tests and libuv's suite on other kernels, under qemu: `kernels::6.1::own::close_in_read_cb::ring`,
//! `kernels::6.12-arm64::suite::tcp_open::epoll`. Skipped where qemu or the kernel cannot be had; `c_tests::kernels` says what is needed.
//!
//! `UVRING_KERNELS` names which, with commas between: versions, those for aarch64 with `-arm64` behind, or paths of kernel files
//! (`5.10,6.1,6.12,6.12-arm64,sid`); none unless set. All tests that the filter leaves share one boot: half an hour on two processors for
//! everything. `UVRING_KERNELS_SECONDS` bounds it: our own tests then, those of files first, and none begins after so many seconds.
//! `UVRING_TEST_AGAINST=ring` leaves out the other driver. `UVRING_DOCS_UPDATE=1` writes into `docs/kernels.md` what those did of which all ran: `… -- suite` writes of libuv's suite alone.
//!
//! A test of ours may say `/* not on kernel 6.1: reason */`, or `/* not on kernels: reason */` if it is about time: a guest without KVM is
//! slow, and a test may take five times as long there as elsewhere. One that fails is run again, twice: passing both times it is reported
//! FLAKY. What the last boot wrote is in `target/c-tests/kernels/6.1.log`, times included.

use c_tests::kernels::{self, Disk, Kernel, Machine};
use c_tests::namespace::Answer;
use c_tests::own::SKIPPED;
use c_tests::process::Ended;
use c_tests::suite::{self, Verdict};
use c_tests::{library, pages, program, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const PATIENCE: u64 = 5;
const DRIVERS: [&str; 2] = ["ring", "epoll"];
/// What libuv's own runner gives a test at most, in seconds.
const SUITE_TIMEOUT: u64 = 65;
/// What a boot may take, besides its tests, and what it takes all in all at most.
const BOOT: Duration = Duration::from_secs(120);
const LONGEST: Duration = Duration::from_secs(4500);

/// What runs in the guest: each test in a folder of its own, one after the other; libuv's as an ordinary user, with a network that leads
/// nowhere. One that fails is run again, twice.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
ifconfig lo 127.0.0.1 up
hostname guest
for module in /modules/*.ko; do [ -e "$module" ] && insmod "$module"; done
ifconfig dummy0 192.0.2.2 netmask 255.255.255.0 up && ip -6 addr add 2001:db8::2/64 dev dummy0
for address in 8.8.8.8 1.2.3.4 224.0.0.0/4; do ip route add $address via 192.0.2.1; done
mkdir -p /suite/home /suite/libuv; chown -R uvring:uvring /suite
chmod 1777 /tmp
[ -e /tests/real/libuv.so.1 ] && export UVRING_TEST_LIBUV=/tests/real/libuv.so.1
exec 3>@RESULTS@
echo "+$(uname -r)" >&3
cd /tmp; uvring doctor --json | sed 's/^/~/' >&3
own() {
  mkdir "$dir"; cd "$dir"
  UVRING_TEST_DRIVER=$driver UVRING_TEST_LIBRARY=/tests/libuv.so.1 UVRING_TEST_PATIENCE=@PATIENCE@ \
    setsid timeout -s KILL "$seconds" "/tests/$name" </dev/null >"$1" 2>&1
}
suite() {
  export UV_TEST_TIMEOUT_MULTIPLIER=@PATIENCE@
  HOME=/suite/home USER=uvring LOGNAME=uvring SHELL=/bin/sh setsid timeout -s KILL "$seconds" \
    su -p -s /bin/sh uvring -c "cd /suite/libuv && exec /suite/bin/uv_run_tests $name" </dev/null >"$1" 2>&1
}
once() {
  $kind "$1"
  status=$?
  kill -KILL -1
  cd /; rm -rf "$dir"
  for file in /tmp/* /suite/libuv/*; do [ "$file" = /suite/libuv/test ] || rm -rf "$file"; done
  [ $status = 0 ] || [ $status = @SKIPPED@ ]  || [ $kind$status = suite7 ]
}
while read -r kind name driver seconds; do
  dir=/work/$name
  unset UV_USE_IO_URING; [ "$driver" = epoll ] && export UV_USE_IO_URING=0
  read -r before idle </proc/uptime
  [ @BUDGET@ != 0 ] && [ "${before%.*}" -gt @BUDGET@ ] && break
  if ! once /work/output; then
    first=$status
    if once /work/again && once /work/again; then status=flaky; else status=$first; fi
  fi
  read -r after idle </proc/uptime
  head -c 4000 /work/output | sed 's/^/ /' >&3
  # What a test says last may be no whole line.
  echo >&3
  echo "=$kind $name $driver $status $before $after" >&3
done </tests/list
echo =end >&3
sync
poweroff -f
"#;

struct Test {
    /// `own` or `suite`.
    kind: &'static str,
    name: String,
    /// Of ours: its file and text.
    source: Option<(PathBuf, String)>,
}

/// How a test ended in the guest, and what it said after how long.
struct Outcome {
    status: i32,
    flaky: bool,
    said: String,
}

/// What a guest did: by kind, test and driver.
#[derive(Default)]
struct Results {
    release: String,
    doctor: String,
    tests: BTreeMap<(String, String, String), Outcome>,
    /// True once the guest came to its end.
    ended: bool,
    /// The last that its kernel said.
    how: String,
}

fn main() -> ExitCode {
    let args = Arguments::from_args();
    match trials(&args) {
        Ok(trials) => libtest_mimic::run(&args, trials).exit_code(),
        Err(error) => {
            eprintln!("the tests cannot run on other kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The seconds that a boot may go on beginning tests; nothing if they are not bounded.
fn budget() -> Result<Option<u64>, String> {
    let asked = std::env::var("UVRING_KERNELS_SECONDS").ok();
    asked.map(|text| text.parse().map_err(|_| format!("UVRING_KERNELS_SECONDS={text}?"))).transpose()
}

/// All tests there are; within a budget ours alone, and first those of files, in which kernels differ most.
fn tests(bounded: bool) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for file in sources::c_files("c-tests/own")? {
        let name = file.file_stem().unwrap_or_default().display().to_string();
        let text = sources::read(&file)?;
        tests.push(Test { kind: "own", name, source: Some((file, text)) });
    }
    if bounded {
        tests.sort_by_key(|test| test.source.as_ref().is_none_or(|(_, text)| !text.contains("uv_fs_")));
    } else if sources::libuv().is_ok() {
        let names = program::suite_tests()?;
        tests.extend(names.into_iter().map(|name| Test { kind: "suite", name, source: None }));
    }
    Ok(tests)
}

/// True for a trial that the arguments leave.
fn is_asked(args: &Arguments, name: &str) -> bool {
    let fits = |filter: &String| if args.exact { name == filter } else { name.contains(filter.as_str()) };
    args.filter.as_ref().is_none_or(fits) && !args.skip.iter().any(fits)
}

fn trials(args: &Arguments) -> Result<Vec<Trial>, String> {
    let asked = std::env::var("UVRING_KERNELS").unwrap_or_default();
    let budget = budget()?;
    let only = std::env::var("UVRING_TEST_AGAINST").ok();
    let tests = Arc::new(if asked.is_empty() { vec![] } else { tests(budget.is_some())? });
    let mut trials = Vec::new();
    for kernel in asked.split(',').filter(|kernel| !kernel.is_empty()).map(Kernel::new) {
        let lacks = kernel.lacks();
        let (mut wanted, mut found, mut partly) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (at, test) in tests.iter().enumerate() {
            for driver in DRIVERS {
                if only.as_ref().is_some_and(|only| only != driver) {
                    partly.insert((test.kind, driver));
                    continue;
                }
                let name = format!("kernels::{}::{}::{}::{driver}", kernel.name, test.kind, test.name);
                let this = format!("kernel {}", kernel.version());
                let names = [driver, "kernels", &this, kernel.machine.name()];
                let not_here = test.source.as_ref().and_then(|(_, text)| sources::not_on(text, names.into_iter()));
                if not_here.is_none() && is_asked(args, &name) {
                    wanted.push((at, driver));
                } else if not_here.is_none() {
                    partly.insert((test.kind, driver));
                }
                found.push((name, at, driver, not_here.or_else(|| lacks.clone())));
            }
        }
        let guest: Arc<OnceLock<Result<Result<Results, String>, String>>> = Arc::default();
        let asked = Arc::new((kernel, wanted, partly));
        for (name, at, driver, not_here) in found {
            let (guest, asked, tests) = (Arc::clone(&guest), Arc::clone(&asked), Arc::clone(&tests));
            trials.push(Trial::ignorable_test(name, move || {
                if let Some(reason) = not_here {
                    return Ok(Completion::ignored_with(reason));
                }
                let run = || {
                    let (kernel, wanted, partly) = &*asked;
                    let ran = run(kernel, &tests, wanted, budget)?;
                    match &ran {
                        Ok(results) if results.ended && budget.is_none() => results.write(kernel, &tests, partly)?,
                        _ => {}
                    }
                    Ok(ran)
                };
                match guest.get_or_init(run).as_ref().map_err(Failed::from)? {
                    Ok(results) => judge(results, &tests[at], driver, budget),
                    Err(lacks) => Ok(Completion::ignored_with(lacks)),
                }
            }));
        }
    }
    Ok(trials)
}

fn judge(results: &Results, test: &Test, driver: &'static str, budget: Option<u64>) -> Result<Completion, Failed> {
    let Some(outcome) = results.of(test, driver) else {
        return match budget {
            Some(seconds) if results.ended => {
                Ok(Completion::ignored_with(format!("left out: the {seconds} seconds were over")))
            }
            _ => Err(format!("the guest did not get to it: {}", results.how).into()),
        };
    };
    match outcome.verdict(test) {
        Verdict::Passed | Verdict::Flaky(_) => Ok(Completion::Completed),
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::Missing(names) => Err(format!("missing: {}", names.join(" ")).into()),
        Verdict::Failed(what, said) => Err(format!("{what}\n{said}").into()),
    }
}

impl Outcome {
    fn verdict(&self, test: &Test) -> Verdict {
        let said = self.said.clone();
        match self.status {
            _ if self.flaky => Verdict::Flaky(1),
            status if test.kind == "suite" => {
                suite::judge(&test.name, Answer { ended: Ended::Exit(status), output: said, missing: vec![] })
            }
            0 => Verdict::Passed,
            SKIPPED => Verdict::Skipped(said.trim().into()),
            status => Verdict::Failed(format!("exit {status}"), said),
        }
    }
}

/// Boots the kernel once for all tests that are wanted. The inner error says why it cannot be had.
fn run(
    kernel: &Kernel,
    tests: &[Test],
    wanted: &[(usize, &'static str)],
    budget: Option<u64>,
) -> Result<Result<Results, String>, String> {
    let found = match kernel.find()? {
        Ok(found) => found,
        Err(lacks) => return Ok(Err(lacks)),
    };
    let dir = tempfile::tempdir_in(sources::work_dir()).map_err(|e| format!("no temporary folder: {e}"))?;
    let disk = Disk::new(dir.path(), kernel, &found)?;
    let library = kernel.machine.library()?;
    for folder in ["tests", "suite/bin"] {
        disk.add_program(&library.file(), &format!("{folder}/libuv.so.1"))?;
    }
    disk.add_program(&kernel.machine.command()?, "bin/uvring")?;
    if let (Machine::X86, Ok(real)) = (kernel.machine, library::real()) {
        disk.add_program(&real.file(), "tests/real/libuv.so.1")?;
    }
    for (file, line) in [("passwd", "uvring:x:64321:64321::/suite/home:/bin/sh"), ("group", "uvring:x:64321:")] {
        disk.add_line(line, &format!("etc/{file}"))?;
    }
    if wanted.iter().any(|&(at, _)| tests[at].kind == "suite") {
        disk.add_program(&program::suite(library)?, "suite/bin/uv_run_tests")?;
        disk.add_folder(&sources::libuv()?.join("test"), "suite/libuv/test")?;
    }
    let mut list = String::new();
    for &(at, driver) in wanted {
        let test = &tests[at];
        let mut seconds = SUITE_TIMEOUT;
        if let Some((file, text)) = &test.source {
            disk.add_program(&program::own(library, file)?, &format!("tests/{}", test.name))?;
            seconds = sources::remark(text, "timeout").and_then(|text| text.parse().ok()).unwrap_or(60);
        }
        let _ = writeln!(list, "{} {} {driver} {}", test.kind, test.name, seconds * PATIENCE);
    }
    disk.add_script(&list, "tests/list")?;
    let init = INIT.replace("@PATIENCE@", &PATIENCE.to_string()).replace("@SKIPPED@", &SKIPPED.to_string());
    let init = init.replace("@RESULTS@", kernel.machine.results());
    disk.add_script(&init.replace("@BUDGET@", &budget.unwrap_or(0).to_string()), "init")?;
    let (said, how) = kernels::boot(&found, &disk, BOOT + LONGEST)?;
    // For who wants to know how long each took.
    let log = sources::work_dir().join("kernels").join(format!("{}.log", kernel.name.replace('/', "_")));
    std::fs::write(&log, &said).map_err(|e| format!("{}: {e}", log.display()))?;
    Ok(Ok(Results { how, ..read(&said) }))
}

/// Lines of what a test has said begin with a blank; how it ended follows.
fn read(said: &str) -> Results {
    let mut results = Results::default();
    let mut output = String::new();
    for line in said.lines() {
        let (sign, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
        match sign {
            "+" => results.release = rest.into(),
            "~" => results.doctor.push_str(rest),
            "=" if rest == "end" => results.ended = true,
            "=" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                let [kind, name, driver, status, before, after] = words[..] else { continue };
                let mut said = std::mem::take(&mut output);
                let flaky = status == "flaky";
                let status = status.parse().unwrap_or(-1);
                if flaky {
                    eprintln!("FLAKY {name} {driver} (1 of 3 runs failed): {said}");
                } else if kind == "own" && status != 0 && status != SKIPPED {
                    said.insert_str(0, &format!("from {before} s to {after} s after the start\n"));
                }
                let key = (kind.into(), name.into(), driver.into());
                results.tests.insert(key, Outcome { status, flaky, said });
            }
            _ => {
                output.push_str(line.strip_prefix(' ').unwrap_or(line));
                output.push('\n');
            }
        }
    }
    results
}

impl Results {
    fn of(&self, test: &Test, driver: &str) -> Option<&Outcome> {
        self.tests.get(&(test.kind.to_string(), test.name.clone(), driver.to_string()))
    }

    /// Writes into the pages what those did that did not run in part.
    fn write(&self, kernel: &Kernel, tests: &[Test], partly: &BTreeSet<(&str, &str)>) -> Result<(), String> {
        let (ring, ways) = self.ring_and_ways();
        let mut cells = vec![kernel.name.clone(), self.release.clone(), kernel.machine.name().into(), ring, ways];
        for kind in ["own", "suite"] {
            for driver in DRIVERS {
                let whole = !partly.contains(&(kind, driver));
                cells.push(if whole { self.count(tests, kind, driver) } else { String::new() });
            }
        }
        for (kind, what) in [("own", "our C tests"), ("suite", "libuv's suite")] {
            if DRIVERS.iter().any(|driver| partly.contains(&(kind, *driver))) {
                continue;
            }
            let [ring, epoll] = DRIVERS.map(|driver| self.count(tests, kind, driver));
            let what = format!("kernel {}, {}: {what}", kernel.name, kernel.machine.name());
            let command = format!("UVRING_KERNELS={} cargo test -p c-tests --test kernels -- ::{kind}::", kernel.name);
            pages::survived(&what, &format!("ring: {ring}; epoll: {epoll}"), &command)?;
        }
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        pages::row("kernels.md", "c-tests/tests/kernels.rs", &cells)
    }

    /// How many tests passed, and which did not.
    fn count(&self, tests: &[Test], kind: &str, driver: &str) -> String {
        let (mut passed, mut skipped, mut failed) = (0, 0, Vec::new());
        for test in tests.iter().filter(|test| test.kind == kind) {
            match self.of(test, driver).map(|outcome| outcome.verdict(test)) {
                Some(Verdict::Passed | Verdict::Flaky(_)) => passed += 1,
                Some(Verdict::Skipped(_)) => skipped += 1,
                Some(_) => failed.push(test.name.as_str()),
                // Not on kernels, as it says.
                None => skipped += 1,
            }
        }
        let failed = if failed.is_empty() { String::new() } else { format!(", failed: {}", failed.join(", ")) };
        format!("{passed} passed, {skipped} skipped{failed}")
    }

    /// What `uvring doctor` says of the guest: the ring's settings, and what files do at once and on the ring.
    fn ring_and_ways(&self) -> (String, String) {
        let doctor: serde_json::Value = serde_json::from_str(&self.doctor).unwrap_or_default();
        let ring = match doctor["io_uring"]["used"].as_bool() {
            Some(true) => doctor["io_uring"]["flags"].as_str().unwrap_or_default().to_lowercase(),
            _ => "none".into(),
        };
        let files: Vec<(&str, &str)> = doctor["files"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|file| Some((file["way"].as_str()?, file["name"].as_str()?)))
            .collect();
        let ways: BTreeSet<&str> = files.iter().map(|(way, _)| *way).filter(|way| !way.contains("pool")).collect();
        let names = |way: &str| {
            let these: Vec<&str> = files.iter().filter(|file| file.0 == way).map(|file| file.1).collect();
            format!("{way}: {}", these.join(", "))
        };
        (ring, ways.into_iter().map(names).collect::<Vec<_>>().join("; "))
    }
}
