//! `libuv.a` in programs: alone, and beside another Rust archive, which needs `packaging/hide.sh`. libuv's suite runs on
//! the archive as the driver `static`.

use c_tests::{compile, library, sources};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T = ()> = std::result::Result<T, String>;

/// Of the program without debug information; libuv's own archive adds 200 kB, an unoptimised build of ours 900 kB.
const LARGEST: u64 = 2_000_000;

fn work() -> Result<PathBuf> {
    let dir = sources::work_dir().join("archive");
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

fn source(name: &str) -> PathBuf {
    sources::project().join("c-tests/archive").join(name)
}

/// Links the program with these archives, and runs it.
fn link(name: &str, define: &str, archives: &[&Path]) -> Result<PathBuf> {
    let program = work()?.join(name);
    let mut cc = Command::new(compile::cc());
    cc.args(["-O1", define, "-I"]).arg(sources::project().join("include")).arg(source("program.c")).args(archives);
    cc.args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lrt", "-lm", "-o"]).arg(&program);
    compile::run(&mut cc)?;
    compile::run(&mut Command::new(&program))?;
    Ok(program)
}

#[test]
fn brings_into_a_program_what_it_uses() -> Result {
    let program = link("alone", "-DALONE", &[&library::ours_static()?.file()])?;
    compile::run(Command::new("strip").arg(&program))?;
    let size = fs::metadata(&program).map_err(|e| e.to_string())?.len();
    assert!(size < LARGEST, "{size} bytes");
    Ok(())
}

#[test]
fn stands_beside_another_rust_archive() -> Result {
    let (hidden, other) = (work()?.join("libuv.a"), work()?.join("libother.a"));
    compile::run(
        Command::new("sh")
            .arg(sources::project().join("packaging/hide.sh"))
            .arg(library::ours_static()?.file())
            .arg(&hidden),
    )?;
    let symbols = compile::output(Command::new("nm").args(["--extern-only", "--defined-only"]).arg(&hidden))?;
    let names = symbols.lines().filter_map(|line| line.split_once(' ')?.1.split_once(' ')).map(|(_, name)| name);
    let (uv, foreign): (Vec<_>, Vec<_>) =
        names.filter(|name| !name.starts_with("DW.ref.")).partition(|name| name.starts_with("uv"));
    assert!(uv.len() >= 320 && foreign.is_empty(), "{} of ours, {foreign:?}", uv.len());
    // Optimised at link time, because then nothing of the standard library can be shared.
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=staticlib", "-Cpanic=abort", "-Clto=fat", "-Cembed-bitcode=yes"]);
    compile::run(rustc.arg(source("other.rs")).arg("-o").arg(&other))?;
    link("first", "-DTWO", &[&hidden, &other])?;
    link("second", "-DTWO", &[&other, &hidden])?;
    Ok(())
}
