//! `uvring run`: puts the library under a program that links `libuv.so.1`, has libuv linked into it and exports it, or loads modules
//! that link it, and says which way it went and whether there is a ring; or why it cannot be done.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use object::elf;
use uv::doctor::{self, Ring};

use crate::elf::Elf;
use crate::library::{self, SONAME};
use crate::{CANNOT_RUN, Failure, NOT_FOUND, NOT_READY, Result};

/// How the library gets under a program.
enum Way {
    /// The loader finds it first.
    SearchPath,
    /// The program names a folder with another libuv, which goes before the search path.
    Preload,
    /// The program has a libuv in it. A library that is loaded with it turns the functions of that one into jumps to ours.
    Redirect,
    /// The program links no libuv. What it loads later may.
    Modules,
    /// The same, but what starts it puts the system's folders before the search path.
    ModulesOfR,
}

impl Way {
    fn told(&self) -> &'static str {
        match self {
            Way::SearchPath => "links libuv.so.1: it finds ours first (LD_LIBRARY_PATH)",
            Way::Preload => "links a libuv.so.1 in a folder that it names: ours is loaded before it (LD_PRELOAD)",
            Way::Redirect => "carries its own libuv: its uv_* functions are redirected to ours (LD_PRELOAD)",
            Way::Modules => "links no libuv.so.1: modules that it loads and that do will find ours (LD_LIBRARY_PATH)",
            Way::ModulesOfR => {
                "starts R, which looks for its packages' libraries in the system's folders first: ours is loaded before \
                 them (LD_PRELOAD)"
            }
        }
    }
}

/// What is done beside running the program.
pub(crate) struct Options {
    /// Epoll, even where there is a ring.
    pub(crate) no_ring: bool,
    /// At exit, tell what the loops did.
    pub(crate) stats: bool,
    /// Where a trace goes.
    pub(crate) trace: Option<PathBuf>,
    /// Tell of callbacks that hold a loop for more milliseconds than these.
    pub(crate) slow: Option<u64>,
}

/// Replaces this process by the program; comes back only with a failure.
pub(crate) fn run(words: Vec<OsString>, options: Options) -> Result<ExitCode> {
    let Some((name, args)) = words.split_first() else { return Err(Failure::new(NOT_FOUND, "no program was named")) };
    let folder = library::folder()?;
    let program = find(name)?;
    let (file, way) = way(&program, &folder)?;
    let mut command = Command::new(&program);
    command.arg0(name).args(args);
    let ours = folder.join(SONAME);
    let preloaded = match way {
        Way::SearchPath | Way::Preload | Way::Modules | Way::ModulesOfR => {
            command.env("LD_LIBRARY_PATH", library::search_path("LD_LIBRARY_PATH", &folder));
            let ours = if let Way::Preload | Way::ModulesOfR = way { Some(ours) } else { None };
            // It also tells the figures.
            ours.into_iter().chain(options.stats.then(|| library::preload(&folder)).transpose()?).collect()
        }
        Way::Redirect => {
            command.env("UVRING_LIB_DIR", &folder);
            vec![library::preload(&folder)?]
        }
    };
    if !preloaded.is_empty() {
        let list = env::join_paths(&preloaded).map_err(|e| cannot(&folder, e))?;
        command.env("LD_PRELOAD", library::search_path("LD_PRELOAD", Path::new(&list)));
    }
    if options.no_ring {
        command.env("UV_USE_IO_URING", "0");
    }
    if options.stats {
        // For the end, and for `uvring top` until then.
        command.env("UVRING_STATS", "1").env("UVRING_METRICS", "1");
    }
    if let Some(trace) = &options.trace {
        command.env("UVRING_TRACE", new_trace(trace)?);
    }
    if let Some(slow) = options.slow {
        command.env("UVRING_SLOW", slow.to_string());
    }
    let through = if file == program { String::new() } else { format!("{} is run by ", program.display()) };
    let which = if file == program { "" } else { ", which" };
    eprintln!("uvring: {through}{}{which} {}; {}", file.display(), way.told(), driver(options.no_ring));
    let error = command.exec();
    Err(cannot(&program, format!("does not start: {error}")))
}

/// An empty trace, which the program and those that it starts append to, by a path that leads there from everywhere.
fn new_trace(path: &Path) -> Result<PathBuf> {
    let made = fs::write(path, "[\n").and_then(|()| path.canonicalize());
    made.map_err(|e| Failure::new(NOT_READY, format!("the trace {} cannot be written: {e}", path.display())))
}

/// What the program's loops will run on, and why not on a ring if they do not.
fn driver(no_ring: bool) -> String {
    if no_ring {
        return "on epoll, as --no-ring asks".into();
    }
    match doctor::ring() {
        Ring::Allowed { .. } => "on io_uring".into(),
        Ring::SwitchedOff => "on epoll, as UV_USE_IO_URING=0 asks".into(),
        Ring::Failed(step, errno) => {
            format!("on epoll: {step} gives {} here (`uvring doctor` tells more)", doctor::errno_name(errno))
        }
        Ring::Lacks(name) => format!("on epoll: this kernel's io_uring lacks {name}"),
    }
}

/// The file that a name means, as a shell finds it.
fn find(name: &OsStr) -> Result<PathBuf> {
    let runnable = |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    let candidates: Vec<PathBuf> = if name.as_bytes().contains(&b'/') {
        vec![name.into()]
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).map(|dir| dir.join(name)).collect()
    };
    if let Some(found) = candidates.iter().find(|path| runnable(path)) {
        return Ok(found.clone());
    }
    match candidates.iter().find(|path| path.exists()) {
        Some(path) if path.is_dir() => Err(cannot(path, "is a folder")),
        Some(path) => Err(cannot(path, "may not be executed")),
        None => Err(Failure::new(NOT_FOUND, format!("{}: no such program", name.display()))),
    }
}

/// The file that is run in the end, and how it can be run on the library in `folder`; or why it cannot.
fn way(program: &Path, folder: &Path) -> Result<(PathBuf, Way)> {
    let file = executable(program)?;
    let elf = Elf::read(&file).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => cannot(&file, "is no 64-bit ELF program, so this library cannot be put under it"),
        _ => cannot(&file, format!("cannot be read: {e}")),
    })?;
    let ours = Elf::read(&folder.join(SONAME)).map(|elf| elf.machine());
    if let Ok(ours) = ours
        && ours != elf.machine()
    {
        let text = format!("is for {}, and this library for {}", machine_name(elf.machine()), machine_name(ours));
        return Err(cannot(&file, text));
    }
    let Some(loader) = elf.loader() else {
        return Err(cannot(&file, if elf.defines("uv_run") { OWN } else { STATIC }));
    };
    if loader.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ld-musl")) {
        return Err(cannot(&file, "runs on musl, and this library is built for glibc"));
    }
    if takes_rights(&file) {
        return Err(cannot(
            &file,
            "runs with another user's rights (set-user-ID), and then the loader takes no library from outside",
        ));
    }
    // Its own goes before every library's.
    if elf.exports("uv_run") {
        return Ok((file, Way::Redirect));
    }
    let loaded = loaded(&loader, &file, folder)?;
    match loaded.iter().find(|(name, _)| name == SONAME) {
        Some((_, Some(path))) if path.parent() == Some(folder) => Ok((file, Way::SearchPath)),
        Some(_) => Ok((file, Way::Preload)),
        None => match carried(&elf, &loaded) {
            Some(text) => Err(cannot(&file, text)),
            None if starts_r(program) => Ok((file, Way::ModulesOfR)),
            None => Ok((file, Way::Modules)),
        },
    }
}

/// The name of a kind of machine.
fn machine_name(machine: Option<elf::Machine>) -> String {
    match machine {
        Some(elf::EM_X86_64) => "x86-64".into(),
        Some(elf::EM_AARCH64) => "aarch64".into(),
        Some(elf::EM_RISCV) => "riscv64".into(),
        Some(elf::EM_PPC64) => "ppc64".into(),
        Some(elf::EM_S390) => "s390x".into(),
        Some(elf::EM_LOONGARCH) => "loongarch64".into(),
        Some(machine) => format!("machine {}", machine.0),
        None => "no machine".into(),
    }
}

const OWN: &str = "carries its own libuv and does not export it: a call of its own code cannot be sent elsewhere from \
                   outside. Link it against the shared libuv (`-luv`)";
const STATIC: &str = "is linked statically, so no library can be put under it";

/// The program that the kernel starts: for a script, its interpreter.
fn executable(program: &Path) -> Result<PathBuf> {
    let mut file = program.to_path_buf();
    // The kernel follows four scripts.
    for _ in 0..5 {
        let start = head(&file).map_err(|e| cannot(&file, format!("cannot be read: {e}")))?;
        let Some(line) = start.strip_prefix(b"#!") else { return Ok(file) };
        let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
        let mut words = line.split(|b| b" \t\r".contains(b)).filter(|word| !word.is_empty()).map(OsStr::from_bytes);
        let Some(interpreter) = words.next() else { return Err(cannot(&file, "is a script without an interpreter")) };
        let is_env = Path::new(interpreter).file_name() == Some(OsStr::new("env"));
        let named = if is_env { words.find(|word| !word.as_bytes().starts_with(b"-")) } else { None };
        file = find(named.unwrap_or(interpreter))?;
    }
    Err(cannot(program, "is a script run by scripts without end"))
}

/// The first bytes of a file, enough for a script's first line.
fn head(file: &Path) -> io::Result<Vec<u8>> {
    beginning(file, 256)
}

fn beginning(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut start = Vec::new();
    std::fs::File::open(file)?.take(most).read_to_end(&mut start)?;
    Ok(start)
}

/// True for `R` and `Rscript`, two small files that speak of R's folder and lead to a script which sets the search path.
fn starts_r(program: &Path) -> bool {
    const NAME: &[u8] = b"RHOME";
    beginning(program, 64 << 10).is_ok_and(|text| text.windows(NAME.len()).any(|word| word == NAME))
}

/// True if the program runs as another user or group than we do.
fn takes_rights(file: &Path) -> bool {
    let Ok(about) = file.metadata() else { return false };
    // SAFETY: these take and touch nothing.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    about.mode() & libc::S_ISUID != 0 && about.uid() != user
        || about.mode() & libc::S_ISGID != 0 && about.gid() != group
}

/// What the loader would load, libraries of libraries too: names, and where it finds them. It is asked itself, since it alone
/// knows its caches and search rules.
fn loaded(loader: &Path, file: &Path, folder: &Path) -> Result<Vec<(String, Option<PathBuf>)>> {
    let mut command = Command::new(loader);
    command.arg("--list").arg(file).env("LD_LIBRARY_PATH", library::search_path("LD_LIBRARY_PATH", folder));
    let output = command.output().map_err(|e| cannot(file, format!("needs the loader {}: {e}", loader.display())))?;
    if !output.status.success() {
        // "PROGRAM: error while loading shared libraries: LIBRARY: cannot open shared object file: …"
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.trim().split_once(": ").map_or(said.trim(), |(_, reason)| reason);
        return Err(cannot(file, format!("does not start, with or without this library: {reason}")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let listed = text.lines().filter_map(|line| {
        let (name, rest) = line.trim().split_once(" => ")?;
        let path = rest.split(" (0x").next().filter(|path| path.starts_with('/'));
        Some((name.to_owned(), path.map(PathBuf::from)))
    });
    Ok(listed.collect())
}

/// Why nothing can be done for a program that does not load `libuv.so.1`, if it has one in it.
fn carried(elf: &Elf, loaded: &[(String, Option<PathBuf>)]) -> Option<String> {
    if elf.defines("uv_run") {
        return Some(OWN.into());
    }
    let carries = |path: &&PathBuf| Elf::read(path).is_ok_and(|elf| elf.defines("uv_run"));
    let library = loaded.iter().filter_map(|(_, path)| path.as_ref()).find(carries)?;
    Some(format!("uses the libuv inside {}, whose calls cannot be sent elsewhere from outside", library.display()))
}

fn cannot(file: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::new(CANNOT_RUN, format!("{} {why}", file.display()))
}
