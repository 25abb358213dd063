//! One case, run once for one contender.

use crate::bench::cases::{Case, Job, LIMIT_SERVER};
use crate::bench::contender::{Contender, Field};
use crate::bench::figures::Sample;
use crate::process::{self, Ended, last_line};
use crate::processor::{self, pin};
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long each program measures, and on which processors servers and clients run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The length of a program's window.
    pub seconds: f64,
    /// The processor of servers and of programs with one thread.
    pub first: usize,
    /// The processor of clients.
    pub second: usize,
}

impl Settings {
    /// With the first two processors that we may use; there may be only one.
    pub fn new(seconds: f64) -> Self {
        let allowed = processor::all();
        let first = allowed.first().copied().unwrap_or(0);
        Self { seconds, first, second: allowed.get(1).copied().unwrap_or(first) }
    }
}

/// Runs the case once. The error is what went wrong, for people.
pub fn once(field: &Field, case: &Case, contender: Contender, settings: &Settings) -> Result<Sample, String> {
    let sample = match &case.job {
        Job::Alone { program, args, limit, pinned } => {
            let program = if contender == Contender::Limit { limit.ok_or("no limit")? } else { program };
            let mut command = command(field, program, contender, settings);
            command.args(args);
            if *pinned {
                pin(&mut command, settings.first);
            }
            Sample::parse(&output(&mut command)?)?
        }
        Job::Served { .. } => served(field, case, contender, settings)?,
        Job::LibrarySize => library_size(field, contender)?,
    };
    check(&sample, case, contender).map(|()| sample)
}

/// No program lives longer than this; its window is a small part of it.
const LIMIT_SECONDS: u64 = 120;

fn command(field: &Field, program: &str, contender: Contender, settings: &Settings) -> Command {
    let mut command = field.command(program, contender);
    command.arg(format!("seconds={}", settings.seconds)).arg(format!("limit={LIMIT_SECONDS}"));
    command
}

/// Runs a program to its end and gives what it prints.
fn output(command: &mut Command) -> Result<String, String> {
    let mut said = tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))?;
    let mut complaints = tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))?;
    command.stdin(Stdio::null());
    command.stdout(said.try_clone().map_err(|e| e.to_string())?);
    command.stderr(complaints.try_clone().map_err(|e| e.to_string())?);
    let name = command.get_program().to_owned();
    let timeout = Duration::from_secs(LIMIT_SECONDS + 5);
    let ended = process::run(command, timeout, None).map_err(|e| format!("cannot run {}: {e}", name.display()))?;
    let text = |file: &mut std::fs::File| -> Result<String, String> {
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).map_err(|e| e.to_string())?;
        Ok(text)
    };
    match ended {
        Ended::Exit(0) => text(&mut said),
        ended => Err(format!("{ended}: {}", last_line(&text(&mut complaints)?))),
    }
}

fn served(field: &Field, case: &Case, contender: Contender, settings: &Settings) -> Result<Sample, String> {
    let Job::Served { server, client, transport, mode, args } = &case.job else { return Err("no server".into()) };
    // A socket's path has to be short.
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let path = format!("path={}", dir.path().join("socket").display());
    let transport = format!("transport={transport}");
    let program = if contender == Contender::Limit { LIMIT_SERVER } else { server };
    let mut serve = command(field, program, contender, settings);
    serve.args([&transport, &path, &format!("mode={mode}")]);
    pin(&mut serve, settings.first);
    let server = Server::start(&mut serve, dir.path())?;
    let mut call = command(field, client, Contender::Limit, settings);
    call.args([
        &transport,
        &path,
        &format!("pid={}", server.child.id()),
        &format!("port={}", server.hello.get("port")?),
    ]);
    call.args(args);
    pin(&mut call, settings.second);
    let result = output(&mut call);
    let complaint = server.complaint();
    let text = result.map_err(|e| format!("client: {e}{complaint}"))?;
    let mut sample = Sample::parse(&text)?;
    // Which library and driver it was, only the server knows.
    sample.library.clone_from(&server.hello.library);
    sample.fields.extend(server.hello.fields.get("driver").map(|driver| ("driver".to_string(), *driver)));
    Ok(sample)
}

/// A server that runs until it is dropped.
struct Server {
    child: Child,
    hello: Sample,
    complaints: std::fs::File,
}

impl Server {
    /// Starts it and waits until it listens.
    fn start(command: &mut Command, dir: &Path) -> Result<Self, String> {
        let complaints = tempfile::tempfile().map_err(|e| format!("no temporary file: {e}"))?;
        command.current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(complaints.try_clone().map_err(|e| e.to_string())?);
        process::end_with_us(command, libc::SIGKILL);
        let mut child = command.spawn().map_err(|e| format!("cannot start the server: {e}"))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the server has no output")?).lines();
        let mut hello = String::new();
        // A server that says nothing is ended by its own alarm.
        while !hello.ends_with("ready 1\n") {
            let Some(Ok(line)) = lines.next() else { break };
            hello = hello + &line + "\n";
        }
        let hello = Sample::parse(&hello)?;
        let mut server = Server { child, hello, complaints };
        match server.hello.get("ready") {
            Ok(_) => Ok(server),
            Err(_) => {
                let _ = server.child.wait();
                Err(format!("no server{}", server.complaint()))
            }
        }
    }

    /// What it complained about.
    fn complaint(&self) -> String {
        let mut file = &self.complaints;
        let mut text = String::new();
        let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
        if read.is_err() || text.is_empty() { String::new() } else { format!("; server: {}", last_line(&text)) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that ran on the wrong library or driver measured something else.
fn check(sample: &Sample, case: &Case, contender: Contender) -> Result<(), String> {
    if contender == Contender::Limit || matches!(case.job, Job::LibrarySize) {
        return Ok(());
    }
    if contender.is_ours() && !sample.library.starts_with("uvring") {
        return Err(format!("it ran on {:?}", sample.library));
    }
    match (contender, sample.fields.get("driver")) {
        (Contender::Ring, Some(0.0)) => Err("there is no ring here, it ran on epoll".into()),
        (Contender::Epoll, Some(1.0)) => Err("it ran on the ring".into()),
        _ => Ok(()),
    }
}

fn library_size(field: &Field, contender: Contender) -> Result<Sample, String> {
    let library = field.library(contender).ok_or("no library")?;
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let stripped = dir.path().join("libuv.so");
    crate::compile::run(Command::new("strip").arg("-o").arg(&stripped).arg(library.file()))?;
    let size = std::fs::metadata(&stripped).map_err(|e| e.to_string())?.len();
    Sample::parse(&format!("value {size}\n"))
}
