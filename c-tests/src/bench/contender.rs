//! Who is compared, and the programs they run.

use crate::bench::cases::Case;
use crate::compile::{self, Compiler};
use crate::library::{self, Library};
use crate::{process, sources};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One column of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// uvring on io_uring.
    Ring,
    /// uvring on epoll (`UV_USE_IO_URING=0`).
    Epoll,
    /// The other library as it comes.
    Peer,
    /// The other library with `UV_USE_IO_URING=1`.
    PeerRing,
    /// The other library as it comes, once more: how far it is from itself tells what differences mean.
    PeerAgain,
    /// Plain system calls, or a plain epoll loop.
    Limit,
}

impl Contender {
    /// All of them, in the order of the tables.
    pub const ALL: [Contender; 6] = [
        Contender::Ring,
        Contender::Epoll,
        Contender::Peer,
        Contender::PeerRing,
        Contender::PeerAgain,
        Contender::Limit,
    ];

    /// What it is called where there is little room; `peer` is the other library's name.
    pub fn label(self, peer: &str) -> String {
        match self {
            Contender::Ring => "uvring".into(),
            Contender::Epoll => "uvring, epoll".into(),
            Contender::Peer => peer.into(),
            Contender::PeerRing => format!("{peer}, io_uring"),
            Contender::PeerAgain => format!("{peer} again"),
            Contender::Limit => "limit".into(),
        }
    }

    /// Whether it runs on our library.
    pub fn is_ours(self) -> bool {
        matches!(self, Contender::Ring | Contender::Epoll)
    }

    fn use_io_uring(self) -> Option<&'static str> {
        match self {
            Contender::Epoll => Some("0"),
            Contender::PeerRing => Some("1"),
            Contender::Ring | Contender::Peer | Contender::PeerAgain | Contender::Limit => None,
        }
    }
}

/// The two libraries and the compiled programs.
#[derive(Debug)]
pub struct Field {
    /// Ours.
    pub ours: Library,
    /// The other one.
    pub peer: Library,
    /// What to call the other one.
    pub peer_name: String,
    programs: PathBuf,
}

impl Field {
    /// Builds our library, the other one unless it is in `against`, and the programs that the cases need.
    pub fn build(against: Option<&Path>, cases: &[Case]) -> Result<Self, String> {
        let ours = library::ours()?.clone();
        let peer = match against {
            Some(dir) => other(dir)?,
            None => library::real_released()?.clone(),
        };
        let programs = sources::work_dir().join("bench");
        let names: BTreeSet<&str> = cases.iter().flat_map(|case| case.job.programs()).collect();
        library::locked("bench", || build_programs(&ours, &peer, &programs, &names))?;
        let peer_name = if against.is_some() { "peer" } else { "libuv" }.to_string();
        Ok(Self { ours, peer, peer_name, programs })
    }

    /// The library of a contender, if it runs on one.
    pub fn library(&self, contender: Contender) -> Option<&Library> {
        match contender {
            Contender::Ring | Contender::Epoll => Some(&self.ours),
            Contender::Peer | Contender::PeerRing | Contender::PeerAgain => Some(&self.peer),
            Contender::Limit => None,
        }
    }

    /// A program, set up to run on the contender's library.
    pub fn command(&self, program: &str, contender: Contender) -> Command {
        let mut command = Command::new(self.programs.join(program));
        process::forget_outside(&mut command);
        if let Some(library) = self.library(contender) {
            command.env("LD_LIBRARY_PATH", &library.dir);
        }
        if let Some(value) = contender.use_io_uring() {
            command.env("UV_USE_IO_URING", value);
        }
        command
    }
}

fn other(dir: &Path) -> Result<Library, String> {
    let dir = dir.canonicalize().map_err(|e| format!("no folder {}: {e}", dir.display()))?;
    let library = Library { name: "peer", dir, includes: Vec::new() };
    if library.file().exists() { Ok(library) } else { Err(format!("no {}", library.file().display())) }
}

fn build_programs(ours: &Library, peer: &Library, out: &Path, names: &BTreeSet<&str>) -> Result<(), String> {
    let source = sources::project().join("c-tests/bench");
    let headers = [ours.includes.as_slice(), std::slice::from_ref(&source)].concat();
    let fixed = ["-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-pthread"];
    let mut flags = fixed.map(String::from).to_vec();
    flags.push("-Werror=implicit-function-declaration".into());
    flags.extend(headers.iter().map(|dir| format!("-I{}", dir.display())));
    let compiler = Compiler::new(ours.cc(), out.join("objects"), flags, &headers)?;
    let files: Vec<PathBuf> = names.iter().map(|name| source.join(name).with_extension("c")).collect();
    let objects = compiler.objects(&files)?;
    for (name, object) in names.iter().zip(&objects) {
        let program = out.join(name);
        compile::once(&program, compile::file_key(object)?, || link(peer, object, &program))?;
    }
    Ok(())
}

/// A program records only the name `libuv.so.1`. The other library is the one asked for the functions, since ours may lack
/// some while it is being written; the case that calls one then fails when it runs, and only that case.
fn link(peer: &Library, object: &Path, program: &Path) -> Result<(), String> {
    let mut cc = Command::new(peer.cc());
    cc.arg("-o").arg(program).arg(object);
    cc.args(["-Wl,-z,lazy", "-Wl,--as-needed"]).arg(peer.file()).args(["-lpthread", "-ldl", "-lm"]);
    compile::run(&mut cc)
}
