//! The libraries under test: ours, shared, static and for aarch64, and real libuv for comparison.

use crate::compile::{self, Compiler};
use crate::sources;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const AARCH64: &str = "aarch64-unknown-linux-gnu";
const AARCH64_GNU: &str = "aarch64-linux-gnu";

/// Where Debian keeps the libraries that programs for aarch64 are cross-compiled against.
pub(crate) const AARCH64_LIBRARIES: &str = "/usr/aarch64-linux-gnu/lib";

/// A library, the folder that it is in, and the headers that go with it.
#[derive(Debug, Clone)]
pub struct Library {
    /// Where the tests' programs for this library go: `ours`, `static`, `aarch64`, `asan`, `tsan` or `libuv`.
    pub name: &'static str,
    /// Holds `libuv.so.1`, or `libuv.a`.
    pub dir: PathBuf,
    /// Where `uv.h` is looked up.
    pub includes: Vec<PathBuf>,
}

impl Library {
    /// The library's file.
    pub fn file(&self) -> PathBuf {
        self.dir.join(self.file_name())
    }

    /// The file's name: that which programs ask for when they start, or that which linkers look for.
    pub fn file_name(&self) -> &'static str {
        if self.is_static() { "libuv.a" } else { "libuv.so.1" }
    }

    /// What the library, and therefore its programs, are instrumented with: an argument of `-fsanitize=`.
    pub fn sanitizer(&self) -> Option<&'static str> {
        Sanitizer::ALL.into_iter().find(|sanitizer| sanitizer.name() == self.name).map(Sanitizer::flag)
    }

    /// Whether it becomes a part of the programs that are linked against it.
    pub fn is_static(&self) -> bool {
        self.name == "static"
    }

    /// The compiler that makes programs for it.
    pub fn cc(&self) -> String {
        if self.name == "aarch64" { format!("{AARCH64_GNU}-gcc") } else { compile::cc() }
    }

    /// The functions that the library exports.
    pub fn exports(&self) -> Result<Vec<String>, String> {
        let which = if self.is_static() { "--extern-only" } else { "--dynamic" };
        let symbols = compile::output(Command::new("nm").args([which, "--defined-only"]).arg(self.file()))?;
        let names = symbols.lines().filter_map(|line| line.rsplit(' ').next()).filter(|name| name.starts_with("uv"));
        Ok(names.map(|name| name.split('@').next().unwrap_or(name).to_string()).collect())
    }

    /// libuv's functions that this library does not export yet.
    pub fn missing(&self) -> Result<Vec<String>, String> {
        let exports = self.exports()?;
        let names = sources::libuv_functions()?.into_iter().map(|declaration| declaration.name);
        Ok(names.filter(|name| !exports.contains(name)).collect())
    }
}

/// Our library: the one in `UVRING_LIB_DIR`, or built by cargo, once a process, in the profile of the tests.
pub fn ours() -> Result<&'static Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(|| locked("ours", make_ours)).as_ref().map_err(Clone::clone)
}

/// Our library as an archive, from where `ours` is.
pub fn ours_static() -> Result<&'static Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    let make = || {
        let shared = ours()?;
        let file = shared.file().canonicalize().map_err(|e| e.to_string())?.with_file_name("libuv.a");
        let dir = link_as("static", &file, "libuv.a")?;
        Ok(Library { name: "static", dir, includes: shared.includes.clone() })
    };
    LIBRARY.get_or_init(|| locked("static", make)).as_ref().map_err(Clone::clone)
}

/// Our library, cross-compiled for aarch64; or why it cannot be.
pub fn ours_for_aarch64() -> Result<&'static Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    let make = || {
        let built = build(&["--lib", "--no-default-features", "--target", AARCH64])?;
        let dir = link_as("aarch64", &built.join("libuv.so"), "libuv.so.1")?;
        Ok(Library { name: "aarch64", dir, includes: our_includes()? })
    };
    LIBRARY.get_or_init(|| locked("ours", make)).as_ref().map_err(Clone::clone)
}

/// What is lacking to build for aarch64 and run it here, if something is.
pub fn lacks_for_aarch64() -> Option<String> {
    let works = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let programs = [format!("{AARCH64_GNU}-gcc"), "qemu-aarch64".to_string()];
    if let Some(program) = programs.into_iter().find(|program| !works(Command::new(program).arg("--version"))) {
        return Some(format!("{program} is not installed"));
    }
    let std = compile::output(Command::new("rustc").args(["--print", "target-libdir", "--target", AARCH64]));
    let there = std.is_ok_and(|dir| Path::new(dir.trim()).exists());
    (!there).then(|| format!("Rust's std for {AARCH64} is not installed"))
}

/// The command that runs an aarch64 program.
pub fn run_aarch64(program: &Path) -> Command {
    let mut command = Command::new("qemu-aarch64");
    command.args(["-L", &format!("/usr/{AARCH64_GNU}")]).arg(program);
    command
}

/// A checker that is compiled into our library and the programs that test it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sanitizer {
    /// Finds wrong accesses and leaks.
    Address,
    /// Finds data races.
    Thread,
}

impl Sanitizer {
    const ALL: [Sanitizer; 2] = [Sanitizer::Address, Sanitizer::Thread];

    /// In the names of tests and folders.
    pub fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "asan",
            Sanitizer::Thread => "tsan",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Thread => "thread",
        }
    }

    /// What every call of the library's code leaves a trace of, by prefix.
    fn symbols(self) -> &'static str {
        match self {
            Sanitizer::Address => "__asan_",
            Sanitizer::Thread => "__tsan_",
        }
    }
}

/// Our library, instrumented; the inner error says what this machine lacks for it. Rust's part needs the nightly compiler,
/// the checker itself comes with the C compiler.
pub fn sanitized(sanitizer: Sanitizer) -> Result<Result<&'static Library, String>, String> {
    static LIBRARIES: [OnceLock<Result<Result<Library, String>, String>>; 2] = [OnceLock::new(), OnceLock::new()];
    let make = || locked(sanitizer.name(), || make_sanitized(sanitizer));
    let made = LIBRARIES[sanitizer as usize].get_or_init(make);
    made.as_ref().map(|inner| inner.as_ref().map_err(Clone::clone)).map_err(Clone::clone)
}

fn make_sanitized(sanitizer: Sanitizer) -> Result<Result<Library, String>, String> {
    let Ok(version) = compile::output(Command::new("rustup").args(["run", "nightly", "rustc", "-vV"])) else {
        return Ok(Err("no nightly compiler".into()));
    };
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not name its host")?;
    let target = sources::work_dir().join(sanitizer.name());
    let mut cargo = Command::new("rustup");
    cargo.current_dir(sources::project()).args(["run", "nightly", "cargo", "build", "--quiet"]);
    cargo
        .args(["--package", "uvring", "--lib", "--no-default-features", "--target", host, "--target-dir"])
        .arg(&target);
    // Cargo sets these for the tests that it runs; here they would bring the other compiler back.
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
        cargo.env_remove(name);
    }
    cargo.env("RUSTFLAGS", format!("-Zsanitizer={} -Zexternal-clangrt", sanitizer.flag()));
    if sanitizer == Sanitizer::Thread {
        // A race is only seen, and a lock only known, in instrumented code: that of the standard library too.
        let sysroot = compile::output(Command::new("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]))?;
        if !Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").exists() {
            return Ok(Err(
                "no source of the standard library: rustup component add rust-src --toolchain nightly".into()
            ));
        }
        cargo.arg("-Zbuild-std=std,panic_abort");
    }
    compile::run(&mut cargo)?;
    let file = target.join(host).join("debug/libuv.so");
    let symbols = compile::output(Command::new("nm").args(["--dynamic", "--undefined-only"]).arg(&file))?;
    if !symbols.contains(sanitizer.symbols()) {
        return Err(format!("{} is not instrumented", file.display()));
    }
    let dir = link_as(sanitizer.name(), &file, "libuv.so.1")?;
    Ok(Ok(Library { name: sanitizer.name(), dir, includes: our_includes()? }))
}

/// Real libuv, built from its sources with optimisation and kept in the target folder.
pub fn real() -> Result<&'static Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    LIBRARY.get_or_init(|| locked("libuv", || make_real("libuv-build", &["-O2"]))).as_ref().map_err(Clone::clone)
}

/// Real libuv as it is released: with the settings of its own release build, for comparing speed.
pub fn real_released() -> Result<&'static Library, String> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    let make = || make_real("libuv-release", &["-O3", "-DNDEBUG"]);
    LIBRARY.get_or_init(|| locked("libuv-release", make)).as_ref().map_err(Clone::clone)
}

/// Runs `make` while no other process makes the same thing in this target folder.
pub fn locked<T>(name: &str, make: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let dir = sources::work_dir().join("locks");
    let path = dir.join(format!("{name}.lock"));
    std::fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    let file = std::fs::File::create(&path).map_err(|e| format!("cannot create {}: {e}", path.display()))?;
    file.lock().map_err(|e| format!("cannot lock {}: {e}", path.display()))?;
    make()
}

fn make_ours() -> Result<Library, String> {
    let file = match std::env::var_os("UVRING_LIB_DIR").map(PathBuf::from) {
        Some(dir) => ["libuv.so.1", "libuv.so"]
            .iter()
            .map(|name| dir.join(name))
            .find(|file| file.exists())
            .ok_or_else(|| format!("UVRING_LIB_DIR={} holds no libuv.so.1", dir.display()))?,
        None => build_ours()?,
    };
    let dir = link_as("ours", &file, "libuv.so.1")?;
    // The build may have generated the header, so ask for it only now.
    Ok(Library { name: "ours", dir, includes: our_includes()? })
}

/// Our headers; and before them, as long as they lack functions, one that adds libuv's declarations of those: a file with
/// one call that is missing has to compile, so that the rest of it can run.
fn our_includes() -> Result<Vec<PathBuf>, String> {
    let ours = sources::our_include()?;
    let header = sources::without_comments(&sources::read(&ours.join("uv.h"))?);
    let lacks = |declaration: &sources::Declaration| !header.contains(&format!("{}(", declaration.name));
    let lacking: Vec<_> = sources::libuv_functions()?.into_iter().filter(lacks).collect();
    if lacking.is_empty() {
        return Ok(vec![ours]);
    }
    let dir = sources::work_dir().join("lacking");
    let mut text = "#pragma GCC system_header\n#include_next <uv.h>\n".to_string();
    for declaration in &lacking {
        text.push_str(&declaration.text);
        text.push('\n');
    }
    let file = dir.join("uv.h");
    let written = std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&file, text));
    written.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    Ok(vec![dir, ours])
}

/// The command `uvring`, built by cargo beside our library and what it preloads, once a process.
pub fn command() -> Result<&'static Path, String> {
    static COMMAND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let make = || locked("ours", || Ok(build(&["--lib", "--bins", "--package", "preload"])?.join("uvring")));
    COMMAND.get_or_init(make).as_deref().map_err(Clone::clone)
}

/// The command `uvring` for aarch64.
pub fn command_for_aarch64() -> Result<PathBuf, String> {
    locked("ours", || Ok(build(&["--bin", "uvring", "--target", AARCH64])?.join("uvring")))
}

fn build_ours() -> Result<PathBuf, String> {
    Ok(build(&["--lib"])?.join("libuv.so"))
}

/// In a target folder of its own: `cargo test` builds the same library with unwinding panics, for Rust's test harness, and
/// a cdylib's file has the same name whatever the settings, so in one folder either could end up under that name.
fn build(what: &[&str]) -> Result<PathBuf, String> {
    let target = sources::work_dir().join("cargo");
    let release = !cfg!(debug_assertions);
    let mut command = sources::cargo();
    command.args(["build", "--quiet", "--package", "uvring", "--target-dir"]).arg(&target).args(what);
    command.env_remove("CARGO_BUILD_TARGET");
    // Where cargo reads the linker for that target.
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", format!("{AARCH64_GNU}-gcc"));
    if release {
        command.arg("--release");
    }
    compile::run(&mut command)?;
    let target = if what.contains(&AARCH64) { target.join(AARCH64) } else { target };
    Ok(target.join(if release { "release" } else { "debug" }))
}

fn make_real(folder: &str, optimised: &[&str]) -> Result<Library, String> {
    let libuv = sources::libuv()?;
    let build = sources::work_dir().join(folder);
    let fixed = ["-g", "-fPIC", "-fvisibility=hidden", "-fno-strict-aliasing", "-std=gnu11", "-w"];
    let mut flags: Vec<String> = optimised.iter().chain(&fixed).copied().map(String::from).collect();
    flags.extend(platform_defines());
    flags.push("-DBUILDING_UV_SHARED=1".into());
    flags.extend(["include", "src"].map(|dir| format!("-I{}", libuv.join(dir).display())));
    let compiler = Compiler::new(compile::cc(), build.clone(), flags, &[libuv.join("include"), libuv.join("src")])?;
    let objects = compiler.objects(&real_sources(libuv)?)?;
    let file = build.join("libuv.so.1");
    compile::once(&file, compiler.key(), || {
        let mut link = Command::new(compile::cc());
        link.args(["-shared", "-Wl,-soname,libuv.so.1", "-o"]).arg(&file).args(&objects).args([
            "-lpthread",
            "-ldl",
            "-lrt",
        ]);
        compile::run(&mut link)
    })?;
    Ok(Library { name: "libuv", dir: build, includes: vec![libuv.join("include")] })
}

/// What libuv's build defines on Linux, for the library and for its tests.
pub fn platform_defines() -> Vec<String> {
    ["_FILE_OFFSET_BITS=64", "_LARGEFILE_SOURCE", "_GNU_SOURCE", "_POSIX_C_SOURCE=200112"]
        .map(|define| format!("-D{define}"))
        .to_vec()
}

/// The files that libuv's build compiles on Linux, read from it.
fn real_sources(libuv: &Path) -> Result<Vec<PathBuf>, String> {
    let cmake = sources::read(&libuv.join("CMakeLists.txt"))?;
    let part = |from: &str, to: &str| -> Result<Vec<PathBuf>, String> {
        let start = cmake.find(from).ok_or_else(|| format!("libuv's CMakeLists.txt has no {from:?}"))?;
        let block = &cmake[start..];
        let block = &block[..block.find(to).unwrap_or(block.len())];
        let words = block.split(|c: char| c.is_whitespace() || c == ')' || c == '(');
        Ok(words.filter(|word| word.ends_with(".c")).map(|word| libuv.join(word)).collect())
    };
    let mut files = part("set(uv_sources", ")")?;
    files.extend(part("src/unix/async.c", ")")?);
    files.extend(part("if(CMAKE_SYSTEM_NAME STREQUAL \"Linux\")", "endif()")?);
    files.push(libuv.join("src/unix/proctitle.c"));
    files.sort();
    files.dedup();
    Ok(files)
}

/// Gives a library the name that programs look for, without touching the folder it was built in.
fn link_as(name: &str, file: &Path, wanted: &str) -> Result<PathBuf, String> {
    let dir = sources::work_dir().join("lib").join(name);
    let link = dir.join(wanted);
    let file = file.canonicalize().map_err(|e| format!("no library {}: {e}", file.display()))?;
    let made = std::fs::create_dir_all(&dir).and_then(|()| {
        let _ = std::fs::remove_file(&link);
        symlink(&file, &link)
    });
    made.map_err(|e| format!("cannot create {}: {e}", link.display()))?;
    Ok(dir)
}
