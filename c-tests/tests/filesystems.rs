//! Our own C tests of files on file systems that are made for it: `filesystems::xfs::fs_read_is_whole::ring`. As root, in a mount namespace
//! of its own; what cannot be had is skipped. With a filter that names `epoll`, without the ring; with one that names `libuv`, on that.
//!
//! `UVRING_DOCS_UPDATE=1` writes what each did whose tests all ran into `docs/what-it-survives.md`.

use c_tests::sources::{self, c_files, not_on, remark};
use c_tests::{again, compile, library, own, pages, program};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// How each is made in a shell: `$dir` is where it is mounted, `$image` a file for what it keeps, `$below` a folder for it.
const FILE_SYSTEMS: [(&str, &str); 6] = [
    ("ext4", "truncate -s 1G $image; mke2fs -q -t ext4 $image; mount -o loop $image $dir"),
    ("xfs", "truncate -s 1G $image; mkfs.xfs -q $image; mount -o loop $image $dir"),
    ("btrfs", "truncate -s 1G $image; mkfs.btrfs -q $image; mount -o loop $image $dir"),
    ("tmpfs", "mount -t tmpfs tmpfs $dir"),
    (
        "overlayfs",
        "mkdir $below/lower $below/upper $below/work
         mount -t overlay -o lowerdir=$below/lower,upperdir=$below/upper,workdir=$below/work overlay $dir",
    ),
    // A FUSE file system that is told of each close, and keeps what was written until then if it likes.
    ("mergerfs", "mkdir $below/branch; mergerfs -o cache.attr=0,cache.entry=0 $below/branch $dir"),
];

/// How many times as long as elsewhere a test may take: where a program has the files, each call is a message to it.
const PATIENCE: u32 = 4;

/// How often each file system's tests passed and were skipped, and which failed.
#[derive(Default)]
struct Count {
    passed: u32,
    skipped: u32,
    failed: Vec<String>,
}

type Counts = Arc<Mutex<BTreeMap<&'static str, Count>>>;

fn main() -> ExitCode {
    test().unwrap_or_else(|error| {
        eprintln!("the tests of file systems cannot run: {error}");
        ExitCode::FAILURE
    })
}

fn test() -> Result<ExitCode, String> {
    let args = Arguments::from_args();
    let base = sources::work_dir().join("filesystems");
    // Before there are threads, which would keep the namespace that they began in.
    let lacks = if args.list { None } else { own_namespace(&base).err() };
    let counts = Counts::default();
    let filter = args.filter.as_deref().unwrap_or_default();
    let driver = ["epoll", "libuv"].into_iter().find(|name| filter.contains(name)).unwrap_or("ring");
    let mut trials = Vec::new();
    for (name, make) in FILE_SYSTEMS {
        let made =
            if args.list { Ok(base.clone()) } else { lacks.clone().map_or_else(|| mount(&base, name, make), Err) };
        for file in files_of_tests()? {
            let counts = Arc::clone(&counts);
            let made = made.clone();
            let stem = file.file_stem().unwrap_or_default().display().to_string();
            let trial_name = format!("filesystems::{name}::{stem}::{driver}");
            trials.push(Trial::ignorable_test(trial_name.clone(), move || {
                let dir = match made {
                    Ok(dir) => dir,
                    Err(lacks) => return Ok(Completion::ignored_with(lacks)),
                };
                let result = again::twice_alone(&trial_name, || run(&file, name, driver, &dir));
                let mut counts = counts.lock();
                let count = counts.entry(name).or_default();
                match &result {
                    Ok(Completion::Completed) => count.passed += 1,
                    Ok(_) => count.skipped += 1,
                    Err(_) => count.failed.push(stem),
                }
                result
            }));
        }
    }
    let code = libtest_mimic::run(&args, trials).exit_code();
    // A program that has a file system would stay, and the namespace with it.
    for (name, _) in FILE_SYSTEMS {
        let _ = Command::new("umount").arg(base.join(name).join("top")).stderr(Stdio::null()).status();
    }
    for (name, count) in counts.lock().iter() {
        let all = format!("filesystems::{name}::");
        if !args.skip.is_empty() || args.filter.as_ref().is_some_and(|filter| !all.contains(filter.as_str())) {
            continue;
        }
        let failed =
            if count.failed.is_empty() { String::new() } else { format!("; failed: {}", count.failed.join(", ")) };
        let figures = format!("{} tests of files passed, {} skipped{failed}", count.passed, count.skipped);
        let command = format!("cargo test -p c-tests --test filesystems -- {name}");
        pages::survived(&format!("files on {name}"), &figures, &command)?;
    }
    Ok(code)
}

/// The tests that are about files; but one that mounts a file system of its own.
fn files_of_tests() -> Result<Vec<PathBuf>, String> {
    let about_files = |file: &PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        ["fs_", "stat_", "loop_stats_of_", "b12_fs", "fork_with_files", "c2_ring_refused_in_flight"]
            .iter()
            .any(|start| name.starts_with(start))
            && name != "fs_stat_of_slow_file_system"
    };
    Ok(c_files("c-tests/own")?.into_iter().filter(about_files).collect())
}

fn run(file: &Path, file_system: &str, driver: &str, dir: &Path) -> Result<Completion, Failed> {
    let text = sources::read(file)?;
    if let Some(reason) = not_on(&text, [driver, file_system].into_iter()) {
        return Ok(Completion::ignored_with(reason));
    }
    let library = if driver == "libuv" { library::real()? } else { library::ours()? };
    let dir = tempfile::tempdir_in(dir).map_err(|e| format!("no temporary folder: {e}"))?;
    let mut command = Command::new(program::own(library, file)?);
    own::tell(&mut command, library, driver, dir.path());
    command.env("TMPDIR", dir.path()).env("UVRING_TEST_PATIENCE", PATIENCE.to_string());
    if driver == "epoll" {
        command.env("UV_USE_IO_URING", "0");
    }
    let seconds = remark(&text, "timeout").and_then(|text| text.parse().ok()).unwrap_or(60);
    own::run(&mut command, PATIENCE * Duration::from_secs(seconds), None)
}

/// Moves this process to a namespace in which it can mount what it likes, which goes with it.
fn own_namespace(base: &Path) -> Result<(), String> {
    // SAFETY: takes and touches nothing.
    if unsafe { libc::geteuid() } != 0 {
        return Err("only root may mount file systems".into());
    }
    // SAFETY: takes no pointer.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(format!("no mount namespace: {}", std::io::Error::last_os_error()));
    }
    let _ = std::fs::remove_dir_all(base);
    std::fs::create_dir_all(base).map_err(|e| format!("{}: {e}", base.display()))?;
    compile::run(Command::new("mount").args(["--make-rprivate", "/"]))
}

/// Makes one below `base` and gives its top folder; or says why it cannot be had.
fn mount(base: &Path, name: &str, make: &str) -> Result<PathBuf, String> {
    let [top, below, image] = ["top", "below", "image"].map(|kind| base.join(name).join(kind));
    for folder in [&top, &below] {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut shell = Command::new("timeout");
    shell.args(["--signal=KILL", "60", "sh", "-euc", make]);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    shell.env("dir", &top).env("below", &below).env("image", &image);
    let said = compile::output(shell.env("LC_ALL", "C"));
    let last =
        |error: String| format!("{name} cannot be had here: {}", error.trim().lines().last().unwrap_or_default());
    said.map(|_| top).map_err(last)
}
