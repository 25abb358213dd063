//! Programs as people use them, on their own libuv and on ours: what is run, and one run of it.
//!
//! How each is prepared and started is in `c-tests/programs/*.sh`, told in `lib.sh` there. `page` writes what came of it.

use crate::bench::contender::Contender;
use crate::bench::figures::{Metric, Sample};
use crate::process::{self, last_line};
use crate::processor::pin;
use crate::{compile, library, sources};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

/// Who takes part: the program as it is, twice, and ours on both drivers.
pub const CONTENDERS: [Contender; 4] = [Contender::Ring, Contender::Epoll, Contender::Peer, Contender::PeerAgain];
/// What the other library is called: the one that the program has or finds without us.
pub const STOCK: &str = "stock";

/// Something that has to be installed.
#[derive(Debug)]
pub struct Need {
    /// What to call it.
    pub name: &'static str,
    /// What says in a shell that it is there.
    there: &'static str,
    /// What tells its version.
    version: &'static str,
}

const fn need(name: &'static str, there: &'static str, version: &'static str) -> Need {
    Need { name, there, version }
}

static NODE: Need = need("Node.js", "command -v node", "node --version");
static NPM: Need = need("npm", "command -v npm", "npm --version");
static UVLOOP: Need = need(
    "uvloop",
    "/usr/bin/python3 -c 'import uvloop'",
    "/usr/bin/python3 -c 'import uvloop; print(uvloop.__version__)'",
);
static NVIM: Need = need("Neovim", "command -v nvim", "nvim --version");
static CMAKE: Need = need("CMake", "command -v cmake && command -v make", "cmake --version");
static NAMED: Need = need("BIND", "command -v named", "named -V");

/// A piece of somebody's work.
#[derive(Debug)]
pub struct Program {
    /// Its name, as on the command line; in its script `_` stands for `-`.
    pub name: &'static str,
    /// What it does, for the page.
    pub what: &'static str,
    script: &'static str,
    /// What it needs.
    pub needs: &'static [&'static Need],
    /// Whether it is a server that is asked, and not a command that ends.
    pub is_served: bool,
}

const fn work(
    name: &'static str,
    script: &'static str,
    needs: &'static [&'static Need],
    what: &'static str,
) -> Program {
    Program { name, what, script, needs, is_served: false }
}

const fn server(
    name: &'static str,
    script: &'static str,
    needs: &'static [&'static Need],
    what: &'static str,
) -> Program {
    Program { name, what, script, needs, is_served: true }
}

/// All of them.
pub static PROGRAMS: [Program; 15] = [
    work("npm", "npm.sh", &[&NODE, &NPM], "`npm ci` of two bundlers and TypeScript from npm's cache"),
    work("rollup", "npm.sh", &[&NODE, &NPM], "Rollup bundles 800 modules"),
    work("webpack", "npm.sh", &[&NODE, &NPM], "webpack bundles 800 modules for production"),
    work("tsc", "npm.sh", &[&NODE, &NPM], "TypeScript compiles 800 modules"),
    work("readdir", "files.sh", &[&NODE], "Node.js lists a tree of 10 000 files, ten times"),
    work("cp", "files.sh", &[&NODE], "Node.js copies a tree of 10 000 files"),
    work("rm", "files.sh", &[&NODE], "Node.js removes a tree of 10 000 files"),
    work("read", "files.sh", &[&NODE], "Node.js reads 10 000 files, one after the other"),
    work("read-all", "files.sh", &[&NODE], "Node.js reads 10 000 files, all asked for at once"),
    server("http", "http.sh", &[&NODE], "an HTTP server in Node.js, 50 connections"),
    server("uvloop-echo", "http.sh", &[&UVLOOP], "Python's uvloop echoes 1 KiB, 50 connections"),
    server("uvloop-http", "http.sh", &[&UVLOOP], "an HTTP server in Python on uvloop, 50 connections"),
    work("nvim", "system.sh", &[&NVIM], "Neovim starts with 60 plugins, 20 times"),
    work("cmake", "system.sh", &[&CMAKE], "CMake configures 300 folders and tries nine checks"),
    server("named", "system.sh", &[&NAMED], "BIND answers for a zone of 10 000 names, 50 questions at a time"),
];

/// The work lasts no longer than this.
const LIMIT_SECONDS: u64 = 300;
/// What a script exits with that lacks something.
const LACKS: i32 = 77;

impl Need {
    fn is_there(&self) -> bool {
        shell_says(self.there).is_some()
    }

    /// Its name with its version.
    pub fn version(&self) -> String {
        let said = shell_says(self.version).unwrap_or_default();
        // Of "cmake version 3.25.1" and the like, the number.
        let is_number = |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
        let number = said.split_whitespace().find(is_number).unwrap_or_default();
        format!("{} {}", self.name, number.trim_start_matches('v'))
    }
}

fn shell_says(text: &str) -> Option<String> {
    let mut sh = Command::new("sh");
    let output = process::forget_outside(&mut sh).args(["-c", text]).env("PATH", path()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Servers of the system are not in everybody's path.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

impl Program {
    /// What is compared: of a server, what it answers in a second; of a command, how long it lasts.
    pub fn metrics(&self) -> [Metric; 2] {
        if self.is_served { [Metric::Speed, Metric::Cpu] } else { [Metric::Wall, Metric::WallCpu] }
    }
}

/// What all of them share.
#[derive(Debug)]
pub struct Stage {
    dir: PathBuf,
    kept: PathBuf,
    uvring: PathBuf,
    load: PathBuf,
    is_quick: bool,
    seconds: f64,
    processors: [usize; 2],
}

/// A program that can be run.
#[derive(Debug)]
pub struct Ready<'a> {
    stage: &'a Stage,
    program: &'a Program,
    dir: PathBuf,
    port: u16,
}

impl Stage {
    /// Builds the command and what asks servers. The programs work in `dir`; servers are asked for `seconds`.
    pub fn new(dir: &Path, is_quick: bool, seconds: f64, processors: [usize; 2]) -> Result<Self, String> {
        let kept = sources::work_dir().join("bench-programs");
        std::fs::create_dir_all(&kept).map_err(|e| format!("cannot create {}: {e}", kept.display()))?;
        let (source, load) = (scripts().join("load.c"), kept.join("load"));
        compile::once(&load, compile::file_key(&source)?, || {
            let mut cc = Command::new(compile::cc());
            compile::run(cc.args(["-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-o"]).arg(&load).arg(&source))
        })?;
        let uvring = library::command()?.to_path_buf();
        Ok(Self { dir: dir.to_path_buf(), kept, uvring, load, is_quick, seconds, processors })
    }

    /// The file of the command that puts programs on ours.
    pub fn command(&self) -> &Path {
        &self.uvring
    }

    /// Prepares a program; the inner error says what it lacks here.
    pub fn prepare<'a>(&'a self, program: &'a Program) -> Result<Result<Ready<'a>, String>, String> {
        if let Some(need) = program.needs.iter().find(|need| !need.is_there()) {
            return Ok(Err(format!("{} is not installed", need.name)));
        }
        let dir = self.dir.join(program.name);
        std::fs::create_dir(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
        // Nobody has it now. It is the server's soon, and stays its.
        let socket = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = socket.map_err(|e| format!("no port: {e}"))?.port();
        let ready = Ready { stage: self, program, dir, port };
        let (status, _, complaint) = Ready::said(&mut ready.limited("prepare", "", Contender::Peer))?;
        match status.code() {
            Some(0) => Ok(Ok(ready)),
            Some(LACKS) => Ok(Err(complaint)),
            _ => Err(format!("{} cannot be prepared: {status}: {complaint}", program.name)),
        }
    }
}

fn scripts() -> PathBuf {
    sources::project().join("c-tests/programs")
}

impl Ready<'_> {
    /// Runs it once.
    pub fn once(&self, contender: Contender) -> Result<Sample, String> {
        if self.program.is_served {
            return self.serve(contender);
        }
        let (status, _, complaint) = Self::said(&mut self.limited("reset", "", contender))?;
        if !status.success() {
            return Err(format!("it cannot be run again: {complaint}"));
        }
        let mut complaints = temporary()?;
        let mut command = self.limited("work", "", contender);
        command.stdout(Stdio::null()).stderr(complaints.try_clone().map_err(|e| e.to_string())?);
        let start = Instant::now();
        let child = command.spawn().map_err(|e| format!("cannot start it: {e}"))?;
        let (status, cpu) = wait(&child)?;
        let seconds = start.elapsed().as_secs_f64();
        let complaint = read(&mut complaints)?;
        if !status.success() {
            return Err(format!("{status}: {}", last_line(&complaint)));
        }
        ran_on(&complaint, contender)?;
        Ok(sample([("ops", 1.0), ("seconds", seconds), ("cpu", cpu)]))
    }

    fn serve(&self, contender: Contender) -> Result<Sample, String> {
        let mut complaints = temporary()?;
        let mut command = self.shell(Command::new("sh"), "serve", "", contender);
        command.stdout(Stdio::null()).stderr(complaints.try_clone().map_err(|e| e.to_string())?);
        pin(&mut command, self.stage.processors[0]);
        process::end_with_us(&mut command, libc::SIGKILL);
        let server = Server(command.spawn().map_err(|e| format!("cannot start the server: {e}"))?);
        // Once to warm up: compilers of JavaScript need their time.
        let loaded = self.load(self.stage.seconds / 2.0).and_then(|_| {
            let before = cpu_of(server.0.id())?;
            let mut sample = self.load(self.stage.seconds)?;
            sample.fields.insert("cpu".into(), cpu_of(server.0.id())? - before);
            Ok(sample)
        });
        drop(server);
        let complaint = read(&mut complaints)?;
        let sample = loaded.map_err(|e| format!("{e}; server: {}", last_line(&complaint)))?;
        ran_on(&complaint, contender)?;
        Ok(sample)
    }

    fn load(&self, seconds: f64) -> Result<Sample, String> {
        let mut command = self.limited("load", &seconds.to_string(), Contender::Peer);
        pin(&mut command, self.stage.processors[1]);
        let (status, said, complaint) = Self::said(&mut command)?;
        if !status.success() {
            return Err(format!("{status}: {complaint}"));
        }
        Sample::parse(&said)
    }

    /// A function of the program's script, which may last its time.
    fn limited(&self, function: &str, argument: &str, contender: Contender) -> Command {
        let mut timeout = Command::new("timeout");
        timeout.args(["--kill-after=5", &LIMIT_SECONDS.to_string(), "sh"]);
        // Which passes it on.
        process::end_with_us(&mut timeout, libc::SIGTERM);
        self.shell(timeout, function, argument, contender)
    }

    /// Has the shell that `command` starts call a function of the program's script. One that is not there has nothing to do.
    fn shell(&self, mut command: Command, function: &str, argument: &str, contender: Contender) -> Command {
        let text = r#". "$HERE/lib.sh"; . "$HERE/$1"; if command -v "$2" > /dev/null; then "$2" "$3"; fi"#;
        let function = format!("{function}_{}", self.program.name.replace('-', "_"));
        let on = match contender {
            Contender::Ring => "ring",
            Contender::Epoll => "epoll",
            _ => "stock",
        };
        process::forget_outside(&mut command).env_remove("UVRING_LIB_DIR").stdin(Stdio::null());
        command.args(["-euc", text, "sh", self.program.script, &function, argument]).current_dir(&self.dir);
        command.env("HERE", scripts()).env("KEPT", &self.stage.kept).env("LOAD", &self.stage.load).env("ON", on);
        command.env("UVRING", &self.stage.uvring).env("SERVED", self.port.to_string()).env("PATH", path());
        command.env("FULL", if self.stage.is_quick { "" } else { "yes" });
        command
    }

    /// How it ended, what it said, and the last line of what it complained about.
    fn said(command: &mut Command) -> Result<(ExitStatus, String, String), String> {
        let output = command.output().map_err(|e| format!("cannot start a shell: {e}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status, text(&output.stdout), last_line(&text(&output.stderr)).to_owned()))
    }
}

/// A server that runs until it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a child and gives the processor time of it and of all the children that were waited for, in seconds.
fn wait(child: &Child) -> Result<(ExitStatus, f64), String> {
    let mut status = 0;
    // SAFETY: zeroes are a valid rusage; both are written by the call, which waits for a child that nobody else waits for.
    let (ended, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(child.id().cast_signed(), &raw mut status, 0, &raw mut usage), usage)
    };
    if ended < 0 {
        return Err(format!("cannot wait for it: {}", std::io::Error::last_os_error()));
    }
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok((ExitStatus::from_raw(status), seconds(usage.ru_utime) + seconds(usage.ru_stime)))
}

/// The processor time of a process so far, in seconds.
fn cpu_of(process: u32) -> Result<f64, String> {
    let stat = sources::read(Path::new(&format!("/proc/{process}/stat")))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // utime and stime, fields 14 and 15 of which two stand before the last parenthesis.
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).ok_or("no times in /proc");
    // SAFETY: takes and touches nothing.
    let each = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Ok((ticks(11)? + ticks(12)?) / each)
}

/// `uvring run` says on what it put the program.
fn ran_on(complaint: &str, contender: Contender) -> Result<(), String> {
    let first = complaint.lines().find(|line| line.starts_with("uvring: ")).unwrap_or_default();
    match contender {
        Contender::Ring if !first.contains("; on io_uring") => Err(format!("there is no ring here: {first}")),
        Contender::Epoll if !first.contains("; on epoll") => Err(format!("it is not on epoll: {first}")),
        _ => Ok(()),
    }
}

fn sample<const N: usize>(fields: [(&str, f64); N]) -> Sample {
    Sample { fields: fields.map(|(name, value)| (name.to_owned(), value)).into(), library: String::new() }
}

fn temporary() -> Result<File, String> {
    tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))
}

fn read(file: &mut File) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
