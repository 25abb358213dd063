//! One program, run within its time.

use std::io::{self, Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this status.
    Exit(i32),
    /// This signal killed it.
    Signal(i32),
    /// It was killed because its time was over.
    Timeout,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Exit(status) => write!(f, "exit {status}"),
            Ended::Signal(signal) => write!(f, "signal {signal}"),
            Ended::Timeout => write!(f, "timeout"),
        }
    }
}

impl std::str::FromStr for Ended {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("not a number: {text}"));
        match text.split_once(' ').unwrap_or((text, "")) {
            ("exit", status) => Ok(Ended::Exit(number(status)?)),
            ("signal", signal) => Ok(Ended::Signal(number(signal)?)),
            ("timeout", _) => Ok(Ended::Timeout),
            _ => Err(format!("not an end of a process: {text}")),
        }
    }
}

/// What is set outside is to choose neither the library nor the driver nor the pool. Cargo's folders hold other builds of the library.
pub fn forget_outside(command: &mut Command) -> &mut Command {
    for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "UV_USE_IO_URING", "UV_THREADPOOL_SIZE"] {
        command.env_remove(name);
    }
    command
}

/// Has the kernel send `signal` to what the command starts when we end, however that is.
pub fn end_with_us(command: &mut Command, signal: libc::c_int) {
    let die_with_us = move || {
        // SAFETY: takes no pointer, and `prctl` is async-signal-safe.
        let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the closure makes one system call.
    unsafe { command.pre_exec(die_with_us) };
}

/// The last line of what a program said, which mostly tells what went wrong.
pub fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or("no message")
}

/// Runs the command like `run`, with nothing to read, and gives what it printed and complained.
pub fn output(command: &mut Command, timeout: Duration) -> io::Result<(Ended, String)> {
    // A file, not a pipe: what it leaves behind may hold on to it.
    let mut output = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let ended = run(command, timeout, None)?;
    let mut said = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut said)?;
    Ok((ended, String::from_utf8_lossy(&said).into_owned()))
}

/// Runs the command in a session of its own, so that it has no terminal and can be killed with what it started. Gives up at
/// the timeout, or when the other end of the pipe `while_open` is closed.
pub fn run(command: &mut Command, timeout: Duration, while_open: Option<RawFd>) -> io::Result<Ended> {
    // SAFETY: `setsid` is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| if libc::setsid() < 0 { Err(io::Error::last_os_error()) } else { Ok(()) });
    }
    let mut child = command.spawn()?;
    let pid = child.id().cast_signed();
    let finished = wait(pid, Instant::now() + timeout, while_open.unwrap_or(-1))?;
    if !finished {
        kill(pid);
    }
    let status = child.wait()?;
    kill(-pid);
    Ok(match (finished, status.code(), status.signal()) {
        (false, ..) => Ended::Timeout,
        (true, Some(code), _) => Ended::Exit(code),
        (true, None, signal) => Ended::Signal(signal.unwrap_or_default()),
    })
}

/// Kills and reaps every descendant that was left behind. Only in a process that is a subreaper and runs one thread.
pub fn reap_orphans() {
    let own = std::process::id();
    for _ in 0..1000 {
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            kill(child);
        }
        // SAFETY: asks for any child and wants no status.
        if unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } < 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the process ended before the deadline. It is not reaped.
fn wait(pid: libc::pid_t, deadline: Instant, while_open: RawFd) -> io::Result<bool> {
    // SAFETY: takes no pointer; the result is checked before it becomes a descriptor.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    let pidfd = unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).expect("descriptors are small")) };
    let mut polled = [
        libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 },
        libc::pollfd { fd: while_open, events: 0, revents: 0 },
    ];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the array outlives the call and has the length given.
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, milliseconds.saturating_add(1)) };
        if ready > 0 && polled[0].revents != 0 {
            return Ok(true);
        }
        if ready == 0 || polled[1].revents != 0 {
            return Ok(false);
        }
    }
}

fn kill(pid: libc::pid_t) {
    // SAFETY: takes no pointer; a process or group that is gone is no error here.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}
