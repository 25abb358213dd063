//! `uvring doctor`: may the library use io_uring here, what refuses it, what to do about it, and how files are done.

use std::ffi::CStr;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;
use uv::doctor::{self, OnRing, Operation, Ring, Way};

use crate::remedy::{self, Cause};
use crate::workdir::WorkDir;
use crate::{FAILED, Failure, Result};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// What was found out.
struct Findings {
    kernel: String,
    ring: Ring,
    /// What refuses the ring, the likeliest first.
    causes: Vec<Cause>,
    operations: Vec<Operation>,
    /// Where the operations were tried.
    folder: String,
}

/// Exits with 0 if the ring is used, with 1 if it is not or could not be tried.
pub(crate) fn doctor(folder: Option<&PathBuf>, as_json: bool) -> Result<ExitCode> {
    // All is found out before a word is said: who reads may stop at any line, and the folder is gone by then.
    let found = examine(folder.cloned().unwrap_or_else(std::env::temp_dir))?;
    if as_json {
        anstream::println!("{:#}", found.json());
    } else {
        anstream::print!("{}", found.text());
    }
    Ok(ExitCode::from(if found.is_used() { 0 } else { FAILED }))
}

fn examine(folder: PathBuf) -> Result<Findings> {
    let ring = doctor::ring();
    let dir = WorkDir::new_in(&folder)?;
    let operations = doctor::operations(dir.path()).map_err(|errno| {
        Failure::new(FAILED, format!("cannot try files in {}: {}", dir.path().display(), error(errno)))
    })?;
    Ok(Findings {
        kernel: kernel(),
        causes: remedy::causes(&ring),
        ring,
        operations,
        folder: folder.display().to_string(),
    })
}

impl Findings {
    fn is_used(&self) -> bool {
        matches!(self.ring, Ring::Allowed { .. })
    }

    fn verdict(&self) -> String {
        match &self.ring {
            Ring::Allowed { .. } => "The library uses io_uring here.".into(),
            Ring::SwitchedOff => {
                "The library runs on epoll: UV_USE_IO_URING=0 is set. The kernel was not asked.".into()
            }
            Ring::Failed(step, errno) => format!("The library runs on epoll: {step} is refused, {}.", error(*errno)),
            Ring::Lacks(name) => format!("The library runs on epoll: this kernel's io_uring lacks {name}."),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let style = if self.is_used() { GOOD } else { BAD };
        let _ = writeln!(text, "{style}{}{style:#}", self.verdict());
        for cause in &self.causes {
            let _ = writeln!(text, "\n{}", cause.what);
            for (place, setting) in &cause.remedies {
                let _ = writeln!(text, "  {place:<12} {setting}");
            }
        }
        let _ = writeln!(text, "\n{:<12} {}", "kernel", self.kernel);
        if let Ring::Allowed { flags, features, opcodes } = &self.ring {
            let _ = writeln!(text, "{:<12} {flags}", "set up with");
            let _ = writeln!(text, "{:<12} {}", "features", features.join(" "));
            let _ = writeln!(text, "{:<12} {opcodes} known to the kernel", "opcodes");
            let _ = writeln!(text, "{:<12} {}", "polls", poll(doctor::poll()));
        }
        self.table(&mut text);
        text
    }

    fn table(&self, text: &mut String) {
        let _ =
            writeln!(text, "\n{:<12} {:<28} the kernel, given it on a ring, does it", "file", "the library does it");
        for operation in &self.operations {
            let style = match operation.way {
                Some(Way::Inline | Way::Ring) => GOOD,
                Some(Way::Pool) => Style::new(),
                None => BAD,
            };
            let (way, on_ring) = (way(operation.way), on_ring(operation.on_ring));
            let _ = writeln!(text, "{:<12} {style}{way:<28}{style:#} {on_ring}", operation.name);
        }
        let _ =
            writeln!(text, "\n{:<12} {:<14} with {} others on the ring", "by the rules", "alone", doctor::backlog());
        for Operation { name, planned: [alone, beside], .. } in &self.operations {
            let _ = writeln!(text, "{name:<12} {:<14} {}", place(*alone), place(*beside));
        }
        let _ = writeln!(
            text,
            "\n{FAINT}Tried on a small file in {}; another file system may differ.{FAINT:#}",
            self.folder
        );
    }

    fn json(&self) -> serde_json::Value {
        let ring = match &self.ring {
            Ring::Allowed { flags, features, opcodes } => {
                json!({ "used": true, "flags": flags, "features": features, "opcodes": opcodes })
            }
            Ring::SwitchedOff => json!({ "used": false, "switched_off": true }),
            Ring::Failed(step, errno) => {
                json!({ "used": false, "refused_at": step, "error": doctor::errno_name(*errno) })
            }
            Ring::Lacks(name) => json!({ "used": false, "lacks": name }),
        };
        let causes: Vec<_> = self.causes.iter().map(Cause::json).collect();
        let file = |operation: &Operation| json!({ "name": operation.name, "way": way(operation.way), "alone": place(operation.planned[0]), "in_backlog": place(operation.planned[1]), "kernel": on_ring(operation.on_ring) });
        let files: Vec<_> = self.operations.iter().map(file).collect();
        json!({
            "verdict": self.verdict(),
            "kernel": self.kernel,
            "io_uring": ring,
            "causes": causes,
            "files": files,
            "tried_in": self.folder,
        })
    }
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

fn way(way: Option<Way>) -> &'static str {
    match way {
        Some(Way::Inline) => "at once, by plain calls",
        Some(Way::Ring) => "on the ring",
        Some(Way::Pool) => "in the thread pool",
        None => "(it failed)",
    }
}

fn place(way: Way) -> &'static str {
    match way {
        Way::Inline => "inline",
        Way::Ring => "ring",
        Way::Pool => "pool",
    }
}

fn on_ring(how: Option<OnRing>) -> String {
    match how {
        Some(OnRing::InEnter) => "inside io_uring_enter".into(),
        Some(OnRing::Later) => "in a kernel worker".into(),
        Some(OnRing::Failed(errno)) => format!("not at all: {}", error(errno)),
        None => "-".into(),
    }
}

/// A small file of the kernel's, without its end of line.
pub(crate) fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim_matches(['\n', '\0']).to_owned())
}

fn error(errno: i32) -> String {
    let name = doctor::errno_name(errno);
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    format!("{name} ({})", text.split(" (os error").next().unwrap_or_default())
}
