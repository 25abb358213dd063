//! Our own C tests on other kernels, under qemu: `kernels::6.1::close_in_read_cb::ring`, `…::epoll`. Skipped where qemu or the kernel
//! cannot be had; `c_tests::kernels` says what is needed.
//!
//! `UVRING_KERNELS` names which: versions, or paths of kernel files, with commas between (`5.10,6.1,6.12,sid`); none unless set. All
//! tests that the filter leaves share one boot: two to four minutes on a machine that has nothing else to do. A test may say
//! `/* not on kernel 6.1: reason */`, or `/* not on kernels: reason */` if it is about time: a guest without KVM is slow, and a test may
//! take five times as long there as elsewhere. One that fails is run again, twice: passing both times it is reported FLAKY. What the last boot wrote is in `target/c-tests/kernels/6.1.log`, times included.

use c_tests::kernels::{self, Disk};
use c_tests::{library, program, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const SKIPPED: i32 = 77;
const PATIENCE: u64 = 5;
/// What a boot may take, besides its tests, and what it takes all in all at most.
const BOOT: Duration = Duration::from_secs(120);
const LONGEST: Duration = Duration::from_secs(1800);

/// What runs in the guest: each test in a folder of its own, one after the other. One that fails is run again, twice.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
ifconfig lo 127.0.0.1 up
hostname guest
for module in /modules/*.ko; do [ -e "$module" ] && insmod "$module"; done
exec 3>/dev/ttyS1
once() {
  mkdir "$dir"; cd "$dir"
  UVRING_TEST_DRIVER=$driver UVRING_TEST_LIBRARY=/tests/libuv.so.1 UVRING_TEST_PATIENCE=@PATIENCE@ \
    setsid timeout -s KILL "$seconds" "/tests/$name" </dev/null >"$1" 2>&1
  status=$?
  cd /; rm -rf "$dir"
  [ $status = 0 ] || [ $status = @SKIPPED@ ]
}
while read -r name driver seconds; do
  dir=/work/$name
  unset UV_USE_IO_URING; [ "$driver" = epoll ] && export UV_USE_IO_URING=0
  read -r before idle </proc/uptime
  if ! once /tmp/output; then
    first=$status
    if once /tmp/again && once /tmp/again; then status=flaky; else status=$first; fi
  fi
  read -r after idle </proc/uptime
  head -c 4000 /tmp/output | sed 's/^/ /' >&3
  echo "=$name $driver $status $before $after" >&3
done </tests/list
echo =end >&3
sync
poweroff -f
"#;

/// How a test ended in the guest, and what it said after how long.
type Results = BTreeMap<(String, &'static str), (i32, String)>;

struct Test {
    name: String,
    file: PathBuf,
    text: String,
}

fn main() -> ExitCode {
    let args = Arguments::from_args();
    match trials(&args) {
        Ok(trials) => libtest_mimic::run(&args, trials).exit_code(),
        Err(error) => {
            eprintln!("our C tests cannot run on other kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

/// True for a trial that the arguments leave.
fn is_asked(args: &Arguments, name: &str) -> bool {
    let fits = |filter: &String| if args.exact { name == filter } else { name.contains(filter.as_str()) };
    args.filter.as_ref().is_none_or(fits) && !args.skip.iter().any(fits)
}

fn trials(args: &Arguments) -> Result<Vec<Trial>, String> {
    let tests: Arc<Vec<Test>> = Arc::new(
        sources::c_files("c-tests/own")?
            .into_iter()
            .map(|file| {
                let name = file.file_stem().unwrap_or_default().display().to_string();
                Ok(Test { name, text: sources::read(&file)?, file })
            })
            .collect::<Result<_, String>>()?,
    );
    let lacks = kernels::lacks();
    let mut trials = Vec::new();
    let asked = std::env::var("UVRING_KERNELS").unwrap_or_default();
    for kernel in asked.split(',').filter(|kernel| !kernel.is_empty()) {
        let mut wanted = Vec::new();
        let mut names = Vec::new();
        for (at, test) in tests.iter().enumerate() {
            for driver in ["ring", "epoll"] {
                let name = format!("kernels::{kernel}::{}::{driver}", test.name);
                let this = format!("kernel {kernel}");
                let not_here = sources::not_on(&test.text, [driver, "kernels", &this].into_iter());
                if not_here.is_none() && is_asked(args, &name) {
                    wanted.push((at, driver));
                }
                names.push((name, test.name.clone(), driver, not_here.or_else(|| lacks.clone())));
            }
        }
        let guest = Arc::new(OnceLock::new());
        let wanted = Arc::new(wanted);
        for (name, test, driver, not_here) in names {
            let (guest, wanted, tests) = (Arc::clone(&guest), Arc::clone(&wanted), Arc::clone(&tests));
            let kernel = kernel.to_string();
            trials.push(Trial::ignorable_test(name, move || {
                if let Some(reason) = not_here {
                    return Ok(Completion::ignored_with(reason));
                }
                match guest.get_or_init(|| run(&kernel, &tests, &wanted)).as_ref().map_err(Failed::from)? {
                    Ok(results) => judge(results, test, driver),
                    Err(lacks) => Ok(Completion::ignored_with(lacks)),
                }
            }));
        }
    }
    Ok(trials)
}

fn judge((results, how): &(Results, String), test: String, driver: &'static str) -> Result<Completion, Failed> {
    match results.get(&(test, driver)) {
        Some((0, _)) => Ok(Completion::Completed),
        Some((SKIPPED, said)) => Ok(Completion::ignored_with(said.trim())),
        Some((status, said)) => Err(format!("exit {status}\n{said}").into()),
        None => Err(format!("the guest did not get to it: {how}").into()),
    }
}

/// Boots the kernel once for all tests that are wanted. The inner error says why it cannot be had.
fn run(
    kernel: &str,
    tests: &[Test],
    wanted: &[(usize, &'static str)],
) -> Result<Result<(Results, String), String>, String> {
    let image = match kernels::image(kernel)? {
        Ok(image) => image,
        Err(lacks) => return Ok(Err(lacks)),
    };
    let dir = tempfile::tempdir_in(sources::work_dir()).map_err(|e| format!("no temporary folder: {e}"))?;
    let disk = Disk::new(dir.path())?;
    disk.add_modules(&image)?;
    let library = library::ours()?;
    disk.add_program(&library.file(), "tests/libuv.so.1")?;
    let mut list = String::new();
    let mut all = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for &(at, driver) in wanted {
        let test = &tests[at];
        disk.add_program(&program::own(library, &test.file)?, &format!("tests/{}", test.name))?;
        let seconds: u64 = sources::remark(&test.text, "timeout").and_then(|text| text.parse().ok()).unwrap_or(60);
        all += Duration::from_secs(seconds);
        longest = longest.max(Duration::from_secs(seconds * PATIENCE));
        let _ = writeln!(list, "{} {driver} {}", test.name, seconds * PATIENCE);
    }
    disk.add_script(&list, "tests/list")?;
    disk.add_script(
        &INIT.replace("@PATIENCE@", &PATIENCE.to_string()).replace("@SKIPPED@", &SKIPPED.to_string()),
        "init",
    )?;
    let (said, how) = kernels::boot(&image, &disk, (BOOT + all + longest).min(LONGEST))?;
    // For who wants to know how long each took.
    let log = sources::work_dir().join("kernels").join(format!("{}.log", kernel.replace('/', "_")));
    std::fs::write(&log, &said).map_err(|e| format!("{}: {e}", log.display()))?;
    Ok(Ok((read(&said), how)))
}

/// Lines of what a test has said begin with a blank; how it ended follows.
fn read(said: &str) -> Results {
    let mut results = Results::new();
    let mut output = String::new();
    for line in said.lines() {
        let Some(end) = line.strip_prefix('=') else {
            output.push_str(line.strip_prefix(' ').unwrap_or(line));
            output.push('\n');
            continue;
        };
        let words: Vec<&str> = end.split_whitespace().collect();
        if let [name, driver, status, before, after] = words[..] {
            let driver = if driver == "ring" { "ring" } else { "epoll" };
            let status = if status == "flaky" { 0 } else { status.parse().unwrap_or(-1) };
            if words[2] == "flaky" {
                eprintln!("FLAKY {name} {driver} (1 of 3 runs failed): {output}");
            }
            if status != 0 && status != SKIPPED {
                output.insert_str(0, &format!("from {before} s to {after} s after the start\n"));
            }
            results.insert((name.to_string(), driver), (status, std::mem::take(&mut output)));
        }
    }
    results
}
