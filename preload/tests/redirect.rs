//! The preload library under small programs with a libuv inside: which run on ours, and which are left alone, and why. The
//! program is `c/program.c` with `c/inside.c`, in variants.

use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, sources};

type Result<T = ()> = std::result::Result<T, String>;

const OURS: &str = "libuv 1.53.0, no page rwx, 2 files\n";
const OWN: &str = "its own libuv\n";

/// A folder for the files of one test.
fn work(name: &str) -> Result<PathBuf> {
    let dir = sources::work_dir().join("redirect").join(name);
    std::fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

fn source(name: &str) -> PathBuf {
    sources::project().join("preload/tests/c").join(name)
}

fn cc(dir: &Path, flags: &[&str], output: &str, sources: &[&str]) -> Result<PathBuf> {
    let output = dir.join(output);
    let mut command = Command::new(compile::cc());
    command.args(["-std=gnu11", "-O2", "-g0", "-Wall", "-Wno-attribute-alias", "-fno-lto"]).arg("-o").arg(&output);
    command.args(library::ours()?.includes.iter().map(|dir| format!("-I{}", dir.display())));
    command.args(sources.iter().map(|name| source(name))).args(flags).args(["-ldl", "-lpthread"]);
    compile::run(&mut command)?;
    Ok(output)
}

/// The program with a libuv inside, compiled with these flags.
fn program(name: &str, flags: &[&str]) -> Result<PathBuf> {
    let flags = [&["-rdynamic"], flags].concat();
    cc(&work(name)?, &flags, "program", &["program.c", "inside.c"])
}

fn preload() -> Result<PathBuf> {
    Ok(library::command()?.with_file_name("libuvring_preload.so"))
}

/// What a program prints, and its complaints, with the preload library.
fn run(command: &mut Command) -> Result<(String, String)> {
    for name in ["UV_USE_IO_URING", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    if !command.get_envs().any(|(name, _)| name == "LD_PRELOAD") {
        command.env("LD_PRELOAD", preload()?);
    }
    command.env("UVRING_LIB_DIR", &library::ours()?.dir);
    let output = command.output().map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)));
    }
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// It runs on its own libuv, and the one line says why.
fn is_left_alone(mut command: Command, why: &str) -> Result {
    let (out, err) = run(&mut command)?;
    assert_eq!(out, OWN);
    assert!(err.starts_with("uvring: ") && err.contains(why) && err.lines().count() == 1, "{err}");
    Ok(())
}

#[test]
fn a_program_with_libuv_inside_runs_on_ours() -> Result {
    let ours = (OURS.to_owned(), String::new());
    for (name, flags) in [
        ("pie", &["-pie", "-fPIE"][..]),
        ("fixed", &["-no-pie", "-fno-pie"]),
        ("sections", &["-ffunction-sections", "-Wl,--gc-sections"]),
        ("sysv-hash", &["-Wl,--hash-style=sysv"]),
        ("separate-code", &["-Wl,-z,separate-code"]),
    ] {
        let program = program(name, flags)?;
        let plain = Command::new(&program).output().map_err(|e| e.to_string())?;
        assert_eq!(String::from_utf8_lossy(&plain.stdout), OWN);
        assert_eq!(run(&mut Command::new(&program))?, ours, "{name}");
        assert_eq!(run(Command::new(&program).env("UV_USE_IO_URING", "0"))?, ours, "{name}");
    }
    Ok(())
}

/// An indirect call ends at `endbr64` or `bti c`, which has to stay.
#[test]
fn branch_protection_stays() -> Result {
    let flag = if cfg!(target_arch = "x86_64") { "-fcf-protection=branch" } else { "-mbranch-protection=standard" };
    assert_eq!(run(&mut Command::new(program("protected", &[flag])?))?, (OURS.to_owned(), String::new()));
    Ok(())
}

#[test]
fn add_ons_and_children_reach_ours() -> Result {
    let dir = work("children")?;
    let program = program("children", &[])?;
    let library = cc(&dir, &["-shared", "-fPIC"], "library.so", &["library.c"])?;
    let (out, err) = run(Command::new(&program).arg(&library).env("AGAIN", "1"))?;
    let first = OURS.replace('\n', ", library 1.53.0\n");
    assert_eq!((out, err), (format!("{first}{OURS}a child without libuv\n"), String::new()));
    Ok(())
}

#[test]
fn two_copies_redirect_once() -> Result {
    let program = program("twice", &[])?;
    let copy = work("twice")?.join("copy.so");
    std::fs::copy(preload()?, &copy).map_err(|e| e.to_string())?;
    let list = std::env::join_paths([preload()?, copy]).map_err(|e| e.to_string())?;
    assert_eq!(run(Command::new(&program).env("LD_PRELOAD", list))?, (OURS.to_owned(), String::new()));
    Ok(())
}

#[test]
fn what_cannot_be_redirected_whole_is_left_alone() -> Result {
    for (name, flags, why) in [
        ("lacking", &["-DLACKING"][..], "uvring lacks uv_that_nobody_has"),
        // On aarch64 every function has room.
        #[cfg(target_arch = "x86_64")]
        ("short", &["-DSHORT"], "uv_now is too short"),
        ("stranger", &["-DSTRANGER", "-fno-toplevel-reorder"], "not_of_libuv is in the midst of it"),
        ("alias", &["-DALIAS"], "are one function in it"),
        ("old", &["-DVERSION=0x000a24"], "that is version 0.10"),
    ] {
        is_left_alone(Command::new(program(name, flags)?), why)?;
    }
    Ok(())
}

/// The program needs a library whose constructor calls libuv.
fn with_early_library(name: &str, flags: &[&str]) -> Result<PathBuf> {
    let flags = [&["-shared", "-fPIC", "-DEARLY"], flags].concat();
    let library = cc(&work(name)?, &flags, "libearly.so", &["library.c"])?.display().to_string();
    program(name, &["-Wl,--no-as-needed", &library])
}

#[test]
fn constructors_of_libraries_reach_ours() -> Result {
    let program = with_early_library("early", &[])?;
    let plain = Command::new(&program).output().map_err(|e| e.to_string())?;
    assert_eq!(String::from_utf8_lossy(&plain.stdout), format!("early inside, {OWN}"));
    assert_eq!(run(&mut Command::new(&program))?, (format!("early 1.53.0, {OURS}"), String::new()));
    Ok(())
}

/// The loader lets one library be the first, and it is the library's.
#[test]
fn a_library_that_came_first_speaks_against_it() -> Result {
    let program = with_early_library("first", &["-Wl,-z,initfirst"])?;
    let (out, err) = run(&mut Command::new(program))?;
    assert_eq!(out, format!("early inside, {OWN}"));
    assert!(err.contains("libearly.so calls its uv_version_string") && err.lines().count() == 1, "{err}");
    Ok(())
}

#[test]
fn without_ours_it_is_left_alone() -> Result {
    let program = program("without", &[])?;
    let dir = work("without")?;
    std::fs::copy(preload()?, dir.join("preload.so")).map_err(|e| e.to_string())?;
    let mut command = Command::new("sh");
    command.env("LD_PRELOAD", dir.join("preload.so")).args(["-c", "unset UVRING_LIB_DIR; exec \"$0\""]).arg(program);
    is_left_alone(command, "uvring cannot be loaded")
}
