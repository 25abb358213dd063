//! A process that is looked at from outside.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Instant;

use uv::observe::outside::{self, Seen, Table};

use crate::{FAILED, Failure, Result};

/// How to have a process show itself.
const START: &str = "start it with `uvring run --stats -- PROGRAM`, or with UVRING_METRICS=1 in its environment";

/// A process whose loops tell what they do.
pub(crate) struct Watched {
    pub(crate) pid: u32,
    pub(crate) program: String,
    file: File,
    /// When it started, in ticks: another process may get its number.
    started: Option<String>,
}

/// What was seen at a moment.
pub(crate) struct Sample {
    pub(crate) at: Instant,
    /// The same on CLOCK_MONOTONIC.
    pub(crate) now_ns: u64,
    pub(crate) loops: Vec<Seen>,
}

impl Watched {
    /// Finds what a process shows; or says why it shows nothing.
    pub(crate) fn open(pid: u32) -> Result<Watched> {
        let failed = |text: String| Err(Failure::new(FAILED, text));
        if !Path::new("/proc").join(pid.to_string()).exists() {
            return failed(format!("there is no process {pid}"));
        }
        match find(pid) {
            Ok(Some(watched)) => Ok(watched),
            Ok(None) => failed(format!("process {pid} ({}) {}", program(pid), why_nothing(pid))),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => failed(format!(
                "process {pid} ({}) may not be looked at: it is another user's, or has rights that you do not have; \
                 try as root",
                program(pid)
            )),
            Err(e) if e.kind() == io::ErrorKind::NotFound => failed(format!("process {pid} has ended")),
            Err(e) => failed(format!("process {pid} cannot be looked at: {e}")),
        }
    }

    /// Looks once.
    pub(crate) fn look(&self) -> Result<Sample> {
        match outside::read(&self.file) {
            Ok(Table::Of(_, loops)) => Ok(Sample { at: Instant::now(), now_ns: outside::now_ns(), loops }),
            Ok(Table::Other) => Err(Failure::new(
                FAILED,
                format!("process {} runs on another version of the library than this command's", self.pid),
            )),
            Err(e) => Err(Failure::new(FAILED, format!("process {} cannot be looked at: {e}", self.pid))),
        }
    }

    /// False if it has ended, although what it has shown is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.started.is_some() && started(self.pid) == self.started
    }
}

/// All processes that show something and may be looked at.
pub(crate) fn all() -> Vec<(Watched, usize)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found = pids.filter_map(|pid| find(pid).ok().flatten());
    found.filter_map(|watched| watched.look().ok().map(|sample| (watched, sample.loops.len()))).collect()
}

/// The table of a process, if it has one. A forked child has its parent's, too, until it executes another program.
fn find(pid: u32) -> io::Result<Option<Watched>> {
    let own = own_number(pid);
    let mut other = None;
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let Ok(path) = entry.map(|entry| entry.path()) else { continue };
        if !fs::read_link(&path).is_ok_and(|link| link == Path::new(&outside::link())) {
            continue;
        }
        let file = File::open(&path)?;
        let watched = |file| Watched { pid, program: program(pid), file, started: started(pid) };
        match outside::read(&file)? {
            Table::Of(whose, _) if Some(whose) == own => return Ok(Some(watched(file))),
            Table::Of(..) => {}
            Table::Other => other = Some(watched(file)),
        }
    }
    Ok(other)
}

/// The number that a process has for itself: the last in its `NSpid`.
fn own_number(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// When a process started, if it has not ended.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may have anything in it: the state, and 19 fields later the start.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if state == "Z" || state == "X" { None } else { fields.nth(18).map(str::to_owned) }
}

/// What a process was started as, in a line.
fn program(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = line.split(|&b| b == 0).filter(|word| !word.is_empty()).map(String::from_utf8_lossy).collect();
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let line = if words.is_empty() { name.trim().to_owned() } else { words.join(" ") };
    let printable = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(120).collect()
}

/// Why a process shows nothing.
fn why_nothing(pid: u32) -> String {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let mut files = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| format!("/{path}")));
    let is_ours = |path: &String| {
        path.contains("/libuv") && crate::elf::Elf::read(Path::new(path)).is_ok_and(|elf| elf.defines("uvring_version"))
    };
    let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let is_asked = environ.split(|&b| b == 0).any(|variable| variable == b"UVRING_METRICS=1");
    if !files.any(|path| is_ours(&path)) {
        return format!("does not run on uvring, or has not loaded it yet: {START}");
    }
    if is_asked {
        return "has no loop yet, or has closed the descriptor through which it is looked at".into();
    }
    format!("does not measure what its loops do: {START}")
}
