//! A private network, `/tmp` and user for libuv's tests, from outside: a helper process (`sandbox`) lives in it and runs
//! one test after the other. Several stand side by side, each with its own ports and files.

use crate::library::Library;
use crate::process::Ended;
use crate::{sandbox, sources};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// How private the place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Namespaces made with root's rights; tests run as a user that exists only there.
    Root,
    /// Namespaces inside a user namespace; tests run as the user who runs us.
    User,
    /// Nothing is private: the machine allows neither.
    Bare,
}

impl Kind {
    /// The word for it on the helper's command line.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Root => "root",
            Kind::User => "user",
            Kind::Bare => "none",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Kind::Root, Kind::User, Kind::Bare].into_iter().find(|kind| kind.word() == word)
    }
}

/// What is done about io_uring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// Nothing.
    Allowed,
    /// `UV_USE_IO_URING=0`.
    Off,
    /// The kernel answers EPERM to its system calls, as in many a container.
    Refused,
    /// Nothing; `UVRING_NET=gather`.
    Gathering,
}

impl Ring {
    /// The word for it in a request to the helper.
    pub fn word(self) -> &'static str {
        match self {
            Ring::Allowed => "allowed",
            Ring::Off => "off",
            Ring::Refused => "refused",
            Ring::Gathering => "gathering",
        }
    }

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Ring::Allowed, Ring::Off, Ring::Refused, Ring::Gathering].into_iter().find(|ring| ring.word() == word)
    }
}

/// What to run.
#[derive(Debug)]
pub struct Request<'a> {
    /// The name of the library that the test program is linked against.
    pub library: &'a str,
    /// The test.
    pub test: &'a str,
    /// What is done about io_uring.
    pub ring: Ring,
    /// By how much to stretch the time that libuv's own runner gives a test.
    pub patience: u32,
}

/// What came of it.
#[derive(Debug)]
pub struct Answer {
    /// How libuv's runner ended.
    pub ended: Ended,
    /// What it printed.
    pub output: String,
    /// The functions that were called but do not exist yet.
    pub missing: Vec<String>,
}

/// A running helper.
#[derive(Debug)]
pub struct Namespace {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    output: PathBuf,
    /// How private it is.
    pub kind: Kind,
    /// Why nothing outside can be dialled, if so.
    pub no_outside: Option<String>,
    /// Last, so that the helper has ended when the folder goes.
    _dir: TempDir,
}

impl Namespace {
    /// Opens a namespace with copies of these libraries and their test programs, as private as the machine allows.
    /// `UVRING_SUITE_NAMESPACE` (root, user or none) asks for one kind only.
    pub fn open(programs: &[(&Library, PathBuf)]) -> Result<Self, String> {
        let wanted = std::env::var("UVRING_SUITE_NAMESPACE").ok();
        if let Some(word) = &wanted {
            let kind = Kind::from_word(word).ok_or_else(|| format!("UVRING_SUITE_NAMESPACE={word}?"))?;
            return Self::open_as(kind, programs, "none was asked for");
        }
        // SAFETY: takes and touches nothing.
        let root = unsafe { libc::geteuid() } == 0;
        // Root of a container may lack the right to one and still have it to the other.
        let first = if root { Self::open_as(Kind::Root, programs, "").ok() } else { None };
        first
            .map_or_else(|| Self::open_as(Kind::User, programs, ""), Ok)
            .or_else(|error| Self::open_as(Kind::Bare, programs, &error))
    }

    /// Opens a namespace of one kind; `why` says why it is not a more private one.
    pub fn open_as(kind: Kind, programs: &[(&Library, PathBuf)], why: &str) -> Result<Self, String> {
        let dir = prepare(kind, programs).map_err(|e| format!("cannot prepare a folder for the tests: {e}"))?;
        let exe = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut child = Command::new(exe)
            .args([sandbox::ARGUMENT, kind.word()])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start the helper: {e}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { unreachable!() };
        let output = dir.path().join("output");
        let answers = BufReader::new(stdout);
        let mut namespace = Self { child, requests: Some(stdin), answers, output, kind, no_outside: None, _dir: dir };
        let ready = namespace.answer()?;
        let reason = ready.strip_prefix("ready ").ok_or_else(|| format!("no namespace: {ready}"))?;
        namespace.no_outside = match kind {
            Kind::Bare => Some(format!("no private network: {why}")),
            _ => (reason != "ok").then(|| reason.to_string()),
        };
        Ok(namespace)
    }

    /// Runs one test of libuv's suite.
    pub fn run(&mut self, request: &Request<'_>) -> Result<Answer, String> {
        let Request { library, test, ring, patience } = request;
        let requests = self.requests.as_mut().ok_or("the helper has ended")?;
        let ring = ring.word();
        writeln!(requests, "{library} {test} {ring} {patience}").map_err(|e| format!("the helper is gone: {e}"))?;
        let answer = self.answer()?;
        let (ended, missing) = answer.split_once(';').ok_or_else(|| format!("unexpected answer: {answer}"))?;
        let output = fs::read(&self.output).map_err(|e| format!("cannot read the output: {e}"))?;
        let missing = missing.split_whitespace().map(String::from).collect();
        Ok(Answer { ended: ended.parse()?, output: String::from_utf8_lossy(&output).into_owned(), missing })
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|e| format!("the helper is gone: {e}"))?;
        if !line.is_empty() {
            return Ok(line.trim_end().to_string());
        }
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
        }
        Err(if said.is_empty() { "the helper ended without a word".into() } else { said.trim_end().to_string() })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The helper ends when it can read no more requests, and its namespaces with it.
        self.requests = None;
        let _ = self.child.wait();
    }
}

/// Makes the folder that becomes `/tmp` in the namespace.
fn prepare(kind: Kind, programs: &[(&Library, PathBuf)]) -> Result<TempDir, String> {
    let parent = match kind {
        // Where nothing can be mounted, the path itself must be open to any user.
        Kind::Bare => std::env::temp_dir(),
        _ => sources::work_dir().join("run"),
    };
    fs::create_dir_all(&parent).map_err(|e| format!("{}: {e}", parent.display()))?;
    remove_leftovers(&parent);
    let prefix = format!("uvring-{}-", std::process::id());
    let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(&parent).map_err(|e| e.to_string())?;
    open_to_all(dir.path())?;
    let tmp = dir.path().join("tmp");
    for (library, program) in programs {
        let bin = tmp.join("bin").join(library.name);
        fs::create_dir_all(&bin).map_err(|e| e.to_string())?;
        if !library.is_static() {
            copy(&library.file(), &bin.join(library.file_name()))?;
        }
        copy(program, &bin.join("uv_run_tests"))?;
    }
    copy_tree(&sources::libuv()?.join("test"), &tmp.join("libuv/test"))?;
    fs::create_dir_all(tmp.join("home")).map_err(|e| e.to_string())?;
    Ok(dir)
}

/// Removes the folders of runs that were killed.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("uvring-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn open_to_all(dir: &Path) -> Result<(), String> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|e| format!("{} to {}: {e}", from.display(), to.display()))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|e| e.to_string())?;
    for entry in fs::read_dir(from).map_err(|e| e.to_string())?.flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_tree(&from, &to)? } else { copy(&from, &to)? }
    }
    Ok(())
}
