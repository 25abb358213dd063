//! `uvring doctor`: what this machine lets the library do.

use std::ffi::CStr;
use std::fs;
use std::process::ExitCode;

use uv::doctor::{self, OnRing, Ring, Way};

use crate::demo::WorkDir;
use crate::{FAILED, Failure, Result};

pub(crate) fn doctor() -> Result<ExitCode> {
    line("kernel", kernel());
    let ring = doctor::ring();
    let allowed = matches!(ring, Ring::Allowed { .. });
    match ring {
        Ring::Allowed { flags, features, opcodes } => {
            line("io_uring", "allowed: set-up, mmap, enter and an operation worked");
            line("set up with", flags);
            line("features", features.join(" "));
            line("opcodes", format!("{opcodes} known to the kernel"));
            line("polls", poll(doctor::poll()));
        }
        refused => {
            line("io_uring", refusal(&refused));
            for reason in reasons(&refused) {
                line("", reason);
            }
            line("instead", "epoll, and the thread pool for files");
        }
    }
    operations()?;
    Ok(ExitCode::from(if allowed { 0 } else { FAILED }))
}

fn line(name: &str, text: impl std::fmt::Display) {
    println!("{name:<12} {text}");
}

fn kernel() -> String {
    // SAFETY: all zero bytes are a utsname, and the call fills it with strings.
    let names = unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        libc::uname(&raw mut names);
        names
    };
    // SAFETY: ended strings, see above.
    let text = |name: &[libc::c_char]| unsafe { CStr::from_ptr(name.as_ptr()) }.to_string_lossy().into_owned();
    format!("{} {} {}", text(&names.sysname), text(&names.release), text(&names.machine))
}

fn poll(how: OnRing) -> String {
    match how {
        OnRing::Failed(errno) => format!("refused: {}", error(errno)),
        OnRing::InEnter | OnRing::Later => "on the ring: an armed descriptor woke it".into(),
    }
}

fn refusal(ring: &Ring) -> String {
    match ring {
        Ring::Allowed { .. } => "allowed".into(),
        Ring::SwitchedOff => "switched off by UV_USE_IO_URING=0 in the environment; the kernel was not asked".into(),
        Ring::Failed(step, errno) => format!("refused at {step}: {}", error(*errno)),
        Ring::Lacks(name) => format!("not good enough here: it lacks {name}"),
    }
}

/// What is known to refuse in this way, looked up here and now.
fn reasons(ring: &Ring) -> Vec<String> {
    let Ring::Failed(_, errno) = *ring else { return Vec::new() };
    let mut reasons = Vec::new();
    match read("/proc/sys/kernel/io_uring_disabled").as_deref() {
        Some("0") => reasons.push("sysctl kernel.io_uring_disabled is 0: it refuses nobody".into()),
        Some("1") => {
            let group = read("/proc/sys/kernel/io_uring_group").unwrap_or_default();
            reasons.push(format!(
                "sysctl kernel.io_uring_disabled is 1: only CAP_SYS_ADMIN and the group kernel.io_uring_group ({group}) may"
            ));
        }
        Some(value) => reasons.push(format!("sysctl kernel.io_uring_disabled is {value}: nobody may")),
        None => reasons.push("there is no sysctl kernel.io_uring_disabled".into()),
    }
    let status = read("/proc/self/status").unwrap_or_default();
    let seccomp = status.lines().find_map(|l| l.strip_prefix("Seccomp:")).map_or("", str::trim);
    match seccomp {
        "0" => reasons.push("no seccomp filter is in force".into()),
        "2" => reasons.push("a seccomp filter is in force, as in most containers: it may refuse io_uring".into()),
        _ => {}
    }
    if let Some(context) = read("/proc/self/attr/current").filter(|c| c.contains(':')) {
        reasons.push(format!("the security module confines this process as {context}"));
    }
    match errno {
        libc::ENOSYS => {
            reasons.push("the system call does not exist here: a kernel without io_uring, or a sandbox".into())
        }
        libc::ENOMEM => reasons.push("older kernels count rings against `ulimit -l` (locked memory)".into()),
        libc::EMFILE | libc::ENFILE => reasons.push("no descriptors are left (`ulimit -n`)".into()),
        _ => {}
    }
    reasons
}

/// A small file of the kernel's, without its end of line.
fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim_matches(['\n', '\0']).to_owned())
}

fn error(errno: i32) -> String {
    let name = uv::doctor::errno_name(errno);
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    format!("{name} ({})", text.split(" (os error").next().unwrap_or_default())
}

/// The table of file operations.
fn operations() -> Result {
    let dir = WorkDir::new()?;
    let operations = doctor::operations(&dir.0)
        .map_err(|errno| Failure::new(FAILED, format!("cannot try files in {}: {}", dir.0.display(), error(errno))))?;
    println!();
    println!("{:<12} {:<28} the kernel, given it on a ring, does it", "file", "the library does it");
    for operation in operations {
        let way = match operation.way {
            Some(Way::Inline) => "at once, by plain calls",
            Some(Way::Ring) => "on the ring",
            Some(Way::Pool) => "in the thread pool",
            None => "(it failed)",
        };
        let on_ring = match operation.on_ring {
            Some(OnRing::InEnter) => "inside io_uring_enter".into(),
            Some(OnRing::Later) => "in a kernel worker".into(),
            Some(OnRing::Failed(errno)) => format!("not at all: {}", error(errno)),
            None => "-".into(),
        };
        println!("{:<12} {way:<28} {on_ring}", operation.name);
    }
    println!("\nTried on a small file in {}; another file system may differ.", std::env::temp_dir().display());
    Ok(())
}
