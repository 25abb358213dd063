//! Programs of the distribution that link libuv, on our library by `LD_LIBRARY_PATH`: `a5_dropin::nvim::ring`, `…::epoll`,
//! `…::refused` (the kernel denies io_uring), and `…::libuv` for comparison, which is real libuv 1.53.0.
//!
//! What each does is in `c-tests/dropin`. One that is not installed is skipped, and so is what real libuv fails at here, too.
//! The results of a whole run are the table in `docs/compatibility.md`; `UVRING_DROPIN_UPDATE=1` writes it anew.

use c_tests::again;
use c_tests::library::{self, Library};
use c_tests::process::{self, Ended};
use c_tests::{refuse, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
const TABLE: (&str, &str) = ("<!-- written by c-tests/tests/dropin.rs -->\n", "<!-- end -->\n");

struct Program {
    name: &'static str,
    /// Says in a shell, without a library of ours, that all of it is installed.
    is_there: &'static str,
    /// What is run, in a folder of its own; DIR is `c-tests/dropin`.
    run: &'static [&'static str],
    /// Files that must find the library under test. Scripts whose program can tell look at their own mappings instead.
    linked: &'static [&'static str],
    does: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "cmake",
        is_there: "command -v cmake ctest make cc",
        run: &["sh", "DIR/cmake.sh"],
        linked: &["cmake", "ctest"],
        does: "configures and builds a project; `ctest` runs its tests in parallel and ends one at its timeout",
    },
    Program {
        name: "nvim",
        is_there: "command -v nvim",
        run: &["nvim", "--headless", "-u", "NONE", "-n", "-c", "luafile DIR/nvim.lua"],
        linked: &[],
        does: "files, `vim.loop` timers and TCP, jobs, a terminal, RPC over pipes and a socket, watching a folder",
    },
    Program {
        name: "python3-uvloop",
        is_there: "/usr/bin/python3 -c 'import uvloop'",
        run: &["/usr/bin/python3", "DIR/python3-uvloop.py"],
        linked: &[],
        does: "TCP, unix sockets, TLS, UDP, children, signals, timers, threads, plain descriptors and pipes",
    },
    Program {
        name: "lua-luv",
        is_there: "lua5.1 -e 'require(\"luv\")'",
        run: &["lua5.1", "DIR/lua-luv.lua"],
        linked: &[],
        does: "most of the interface, from Lua: every kind of handle, files, watching, names, work, the system",
    },
    Program {
        name: "bind9",
        is_there: "command -v named dig",
        run: &["bash", "DIR/bind9.sh"],
        linked: &["named", "dig"],
        does: "`named` answers `dig` over UDP, TCP, TLS and HTTPS, 500 names at once, and sends a zone",
    },
    Program {
        name: "knot-resolver",
        is_there: "command -v kresd dig",
        run: &["bash", "DIR/knot-resolver.sh"],
        linked: &["kresd"],
        does: "`kresd` answers over UDP and TCP, itself and by asking another one",
    },
];

const DRIVERS: [&str; 4] = ["ring", "epoll", "refused", "libuv"];

/// What the programs did, by name and driver; nothing of what was skipped.
type Results = Arc<Mutex<BTreeMap<(&'static str, &'static str), String>>>;

fn main() -> ExitCode {
    test().unwrap_or_else(|error| {
        eprintln!("the programs cannot run: {error}");
        ExitCode::FAILURE
    })
}

fn test() -> Result<ExitCode, String> {
    let args = Arguments::from_args();
    let results = Results::default();
    let mut trials = Vec::new();
    for program in PROGRAMS {
        for driver in DRIVERS {
            let results = Arc::clone(&results);
            let name = format!("a5_dropin::{}::{driver}", program.name);
            trials.push(Trial::ignorable_test(name.clone(), move || {
                let result = again::twice_alone(&name, || trial(program, driver));
                match &result {
                    Ok(Completion::Completed) => results.lock().insert((program.name, driver), "works".into()),
                    Err(_) => results.lock().insert((program.name, driver), "fails".into()),
                    Ok(_) => None,
                };
                result
            }));
        }
    }
    let conclusion = libtest_mimic::run(&args, trials);
    if !args.list && !conclusion.has_failed() {
        table(&results.lock())?;
    }
    Ok(conclusion.exit_code())
}

fn trial(program: &'static Program, driver: &str) -> Result<Completion, Failed> {
    if let Err(said) = sh(program.is_there, None) {
        return Ok(Completion::ignored_with(format!("{} is not installed here: {said}", program.name)));
    }
    let library = if driver == "libuv" { library::real()? } else { library::ours()? };
    for file in program.linked {
        let script = format!("ldd \"$(command -v {file})\"");
        let needs = sh(&script, Some(library))?;
        if !needs.contains("libuv.so.1") {
            return Ok(Completion::ignored_with(format!("{file} does not link libuv here")));
        }
        if !needs.contains(&library.dir.display().to_string()) {
            return Err(format!("{file} would not run on {}:\n{needs}", library.file().display()).into());
        }
    }
    let Err(said) = run(program, driver, library) else { return Ok(Completion::Completed) };
    if driver != "libuv" && run(program, if driver == "refused" { driver } else { "libuv" }, library::real()?).is_err()
    {
        return Ok(Completion::ignored_with(format!("it does not run on real libuv here either: {said}")));
    }
    Err(said.into())
}

fn run(program: &Program, driver: &str, library: &Library) -> Result<(), String> {
    let scripts = sources::project().join("c-tests/dropin").display().to_string();
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let file = library.file().canonicalize().map_err(|e| e.to_string())?;
    let mut command = Command::new(program.run[0]);
    command.args(program.run[1..].iter().map(|word| word.replace("DIR", &scripts)));
    command.current_dir(dir.path()).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").env("TERM", "dumb");
    command.env("HOME", dir.path()).env("PORT", free_ports()?.to_string());
    command.env("LD_LIBRARY_PATH", &library.dir).env("UVRING_DROPIN_LIBRARY", file);
    // Whether the program is to hold a ring; nothing where that is not for us to say.
    let ring = match driver {
        "ring" if ring_is_allowed() => "yes",
        "epoll" => "no",
        "refused" if library.name == "ours" => "no",
        _ => "",
    };
    command.env("UVRING_DROPIN_RING", ring);
    match driver {
        "epoll" => {
            command.env("UV_USE_IO_URING", "0");
        }
        "refused" => refuse::ring(&mut command),
        _ => {}
    }
    let (ended, said) = process::output(&mut command, TIMEOUT).map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if ended == Ended::Exit(0) { Ok(()) } else { Err(format!("{ended}\n{said}")) }
}

/// Runs a line of shell where programs find this library, and gives what it prints.
fn sh(script: &str, library: Option<&Library>) -> Result<String, String> {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env_clear().env("PATH", PATH).stdin(Stdio::null());
    if let Some(library) = library {
        command.env("LD_LIBRARY_PATH", &library.dir);
    }
    let output = command.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(text(&output.stderr).lines().last().unwrap_or("not in the path").to_string())
}

/// The first of three neighbouring ports that are free on loopback, and that no other trial was given.
fn free_ports() -> Result<u16, String> {
    static NEXT: Mutex<u32> = Mutex::new(0);
    let mut next = NEXT.lock();
    let free = |port: u16| {
        let address = ("127.0.0.1", port);
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    };
    for _ in 0..1000 {
        // Below what the kernel gives to those who do not ask for one; apart for processes side by side.
        let port = 20_000 + ((std::process::id() * 300 + *next * 3) % 12_000) as u16;
        *next += 1;
        if (port..port + 3).all(free) {
            return Ok(port);
        }
    }
    Err("no free ports".into())
}

/// Whether this kernel gives us a ring.
fn ring_is_allowed() -> bool {
    // Larger than the kernel's struct, and all zero, which asks for nothing special.
    let mut params = [0_u64; 32];
    // SAFETY: the kernel writes 120 bytes of the array; a descriptor that it gives is closed at once.
    unsafe {
        let fd = libc::syscall(libc::SYS_io_uring_setup, 4, params.as_mut_ptr());
        fd >= 0 && libc::close(fd as i32) == 0
    }
}

/// Compares the results with the table in the documentation, or writes it.
fn table(results: &BTreeMap<(&str, &str), String>) -> Result<(), String> {
    let path: PathBuf = sources::project().join("docs/compatibility.md");
    let text = sources::read(&path)?;
    let around = text.split_once(TABLE.0).and_then(|(head, rest)| Some((head, rest.split_once(TABLE.1)?)));
    let (head, (old, tail)) = around.ok_or_else(|| format!("{} has no place for the table", path.display()))?;
    let mut new = "| program | what it does | ring | epoll | ring refused |\n|---|---|---|---|---|\n".to_string();
    for program in PROGRAMS {
        let _ = write!(new, "| {} | {} |", program.name, program.does);
        let old_row = old.lines().find(|line| line.starts_with(&format!("| {} |", program.name)));
        for (column, driver) in DRIVERS[..3].iter().enumerate() {
            // What did not run now keeps what was written when it did.
            let old = old_row.and_then(|row| row.split('|').nth(column + 3)).unwrap_or("not run").trim();
            let _ = write!(new, " {} |", results.get(&(program.name, *driver)).map_or(old, String::as_str));
        }
        new.push('\n');
    }
    if new == old {
        return Ok(());
    }
    if std::env::var_os("UVRING_DROPIN_UPDATE").is_none() {
        return Err(format!("{} is stale: UVRING_DROPIN_UPDATE=1 writes it anew\n{new}", path.display()));
    }
    save(&path, &[head, TABLE.0, &new, TABLE.1, tail].concat())
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}
