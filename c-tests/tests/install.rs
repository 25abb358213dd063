//! `install.sh`: what it puts where, and that programs find it by pkg-config, by CMake, as an archive, in C and in C++.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// A folder of our own for one test, empty.
fn work(name: &str) -> Result<PathBuf> {
    let dir = sources::work_dir().join("install").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

/// `install.sh`, told to install what the tests have built.
fn install() -> Result<Command> {
    let built = library::command()?.parent().ok_or("the command is in no folder")?.to_owned();
    let mut install = Command::new("sh");
    install.arg(sources::project().join("install.sh")).arg(format!("--build={}", built.display()));
    Ok(install)
}

/// The library in a prefix of its own.
fn prefix(name: &str) -> Result<PathBuf> {
    let prefix = work(name)?.join("prefix");
    compile::run(install()?.arg(format!("--prefix={}", prefix.display())))?;
    Ok(prefix)
}

/// A program that runs a timer and says on which library.
fn program(dir: &Path) -> Result<PathBuf> {
    let file = dir.join("program.c");
    let text = r#"
#include <stdio.h>
#include <uv.h>
#include <uvring.h>
static void on_timer(uv_timer_t *timer) { uv_close((uv_handle_t *) timer, NULL); }
int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_timer_t timer;
  if (uv_timer_init(loop, &timer) || uv_timer_start(&timer, on_timer, 1, 0) || uv_run(loop, UV_RUN_DEFAULT)) return 1;
  printf("%s on uvring %s\n", uv_version_string(), uvring_version());
  return uv_loop_close(loop);
}
"#;
    fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    Ok(file)
}

/// Runs what `program` became.
fn runs(program: &Path) -> Result {
    let said = compile::output(&mut Command::new(program))?;
    assert!(said.starts_with("1.53.0 on uvring "), "{}: {said}", program.display());
    Ok(())
}

/// True if the command can be started here; a test that needs another one says that it is skipped.
fn has(command: &str) -> bool {
    let there = Command::new(command).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: {command} is not installed");
    }
    there
}

fn flags(prefix: &Path, package: &str, more: &[&str]) -> Result<Vec<String>> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(["--cflags", "--libs"]).args(more).arg(package);
    Ok(compile::output(&mut command)?.split_whitespace().map(String::from).collect())
}

#[test]
fn puts_everything_into_its_prefix() -> Result {
    let prefix = prefix("files")?;
    for file in [
        "bin/uvring",
        "include/uv.h",
        "include/uv/errno.h",
        "include/uv/unix.h",
        "include/uvring.h",
        "lib/.debug/libuv.so.1.0.0.debug",
        "lib/cmake/libuv/libuvConfig.cmake",
        "lib/libuv.a",
        "lib/libuv.so.1.0.0",
        "lib/libuvring_preload.so",
        "lib/pkgconfig/libuv-static.pc",
        "share/bash-completion/completions/uvring",
        "share/fish/vendor_completions.d/uvring.fish",
        "share/man/man1/uvring-run.1",
        "share/man/man1/uvring.1",
        "share/zsh/site-functions/_uvring",
    ] {
        assert!(prefix.join(file).is_file(), "no {file}");
    }
    for (link, to) in [("libuv.so", "libuv.so.1"), ("libuv.so.1", "libuv.so.1.0.0")] {
        let found = fs::read_link(prefix.join("lib").join(link)).map_err(|e| format!("{link}: {e}"))?;
        assert_eq!(found, Path::new(to));
    }
    let names =
        compile::output(Command::new("nm").args(["--extern-only", "--defined-only"]).arg(prefix.join("lib/libuv.a")))?;
    let foreign = |name: &&str| !name.starts_with("uv") && !name.starts_with("DW.ref.");
    let foreign: Vec<_> = names.lines().filter_map(|line| line.split(' ').nth(2)).filter(foreign).collect();
    assert!(foreign.is_empty(), "the archive shows {foreign:?}");
    Ok(())
}

/// What cargo-c installs has the names of what `install.sh` does, and works as that.
#[test]
fn cargo_c_installs_the_same_library() -> Result {
    let there = Command::new("cargo-cinstall").arg("--version").output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cargo-c is not installed (cargo install cargo-c)");
        return Ok(());
    }
    let dir = work("cargo-c")?;
    let mut cargo = sources::cargo();
    cargo.args(["cinstall", "--locked", "--prefix=/there", "--libdir=lib", "--destdir"]).arg(&dir);
    cargo.arg("--target-dir").arg(sources::work_dir().join("cargo-c"));
    cargo.args(["--package", "uvring", "--no-default-features"]).args(cfg!(debug_assertions).then_some("--debug"));
    compile::run(&mut cargo)?;
    let prefix = dir.join("there");
    let by_script = self::prefix("beside-cargo-c")?;
    for file in ["lib/libuv.a", "lib/libuv.so.1.0.0", "lib/pkgconfig/libuv.pc"] {
        assert!(prefix.join(file).is_file(), "no {file}");
    }
    for link in ["lib/libuv.so", "lib/libuv.so.1"] {
        let found = prefix.join(link).canonicalize().map_err(|e| format!("{link}: {e}"))?;
        assert!(found.ends_with("libuv.so.1.0.0"), "{}", found.display());
    }
    let headers = |prefix: &Path| {
        compile::output(Command::new("find").current_dir(prefix.join("include")).args(["-name", "*.h"]))
    };
    let sorted = |text: String| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(sorted(headers(&prefix)?), sorted(headers(&by_script)?));
    let dynamic = compile::output(Command::new("readelf").arg("--dynamic").arg(prefix.join("lib/libuv.so.1")))?;
    assert!(dynamic.contains("soname: [libuv.so.1]") && !dynamic.contains("libgcc_s"), "{dynamic}");
    let pc = sources::read(&prefix.join("lib/pkgconfig/libuv.pc"))?;
    assert!(pc.contains("Name: libuv\n") && pc.contains("Version: 1.53.0\n") && pc.contains("-luv"), "{pc}");
    let (source, program) = (program(&dir)?, dir.join("program"));
    let mut cc = Command::new(compile::cc());
    cc.arg(&source).arg("-I").arg(prefix.join("include")).arg("-L").arg(prefix.join("lib")).arg("-luv");
    compile::run(cc.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())).arg("-o").arg(&program))?;
    runs(&program)
}

#[test]
fn stays_below_destdir() -> Result {
    let dir = work("destdir")?;
    let destdir = format!("--destdir={}", dir.display());
    compile::run(install()?.args(["--prefix=/usr", "--libdir=lib/here", "--no-strip", destdir.as_str()]))?;
    let pc = sources::read(&dir.join("usr/lib/here/pkgconfig/libuv.pc"))?;
    assert!(pc.contains("prefix=/usr\n") && pc.contains("libdir=/usr/lib/here\n"), "{pc}");
    assert!(!dir.join("usr/lib/here/.debug").exists());
    Ok(())
}

#[test]
fn spares_a_libuv_of_another_maker() -> Result {
    let dir = work("other")?;
    let lib = dir.join("lib");
    fs::create_dir(&lib).map_err(|e| e.to_string())?;
    fs::copy(library::real()?.file(), lib.join("libuv.so.1")).map_err(|e| e.to_string())?;
    let to = format!("--prefix={}", dir.display());
    let refused = install()?.arg(&to).output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("is another library"), "{said}");
    assert!(!dir.join("bin").exists(), "it had begun");
    compile::run(install()?.args([to.as_str(), "--replace"]))?;
    // Over itself it goes unasked.
    compile::run(install()?.arg(&to))
}

#[test]
fn pkg_config_finds_it() -> Result {
    if !has("pkg-config") {
        return Ok(());
    }
    let prefix = prefix("pkg-config")?;
    let dir = work("pkg-config-program")?;
    let source = program(&dir)?;
    let rpath = format!("-Wl,-rpath,{}", prefix.join("lib").display());
    for (compiler, language) in [(compile::cc(), "c"), ("g++".into(), "c++"), ("clang++".into(), "c++")] {
        if !has(&compiler) {
            continue;
        }
        let shared = dir.join(format!("shared-{language}"));
        let mut cc = Command::new(&compiler);
        cc.args(["-x", language]).arg(&source).args(["-x", "none"]).args(flags(&prefix, "libuv", &[])?).arg(&rpath);
        compile::run(cc.arg("-o").arg(&shared))?;
        runs(&shared)?;
    }
    for (name, more, linked) in [("archive", &[][..], &[][..]), ("static", &["--static"], &["-static"])] {
        let program = dir.join(name);
        let mut cc = Command::new(compile::cc());
        cc.arg(&source).args(flags(&prefix, "libuv-static", more)?).args(linked).arg("-Wl,--gc-sections");
        compile::run(cc.arg("-o").arg(&program))?;
        runs(&program)?;
    }
    Ok(())
}

#[test]
fn cmake_finds_it() -> Result {
    if !has("cmake") || !has("make") {
        return Ok(());
    }
    let prefix = prefix("cmake")?;
    let dir = work("cmake-program")?;
    program(&dir)?;
    let lists = "cmake_minimum_required(VERSION 3.13)\nproject(program C)\nfind_package(libuv 1.40 REQUIRED)\n\
                 add_executable(shared program.c)\ntarget_link_libraries(shared PRIVATE libuv::uv)\n\
                 add_executable(archive program.c)\ntarget_link_libraries(archive PRIVATE libuv::uv_a)\n";
    fs::write(dir.join("CMakeLists.txt"), lists).map_err(|e| e.to_string())?;
    let mut configure = Command::new("cmake");
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())).args(["-G", "Unix Makefiles", "-S"]);
    compile::run(configure.arg(&dir).arg("-B").arg(dir.join("build")))?;
    compile::run(Command::new("cmake").arg("--build").arg(dir.join("build")))?;
    runs(&dir.join("build/shared"))?;
    runs(&dir.join("build/archive"))
}

#[test]
fn its_command_works_where_it_was_put() -> Result {
    let prefix = prefix("command")?;
    let uvring = prefix.join("bin/uvring");
    let dir = work("command-program")?;
    let (source, linked) = (program(&dir)?, dir.join("linked"));
    let mut cc = Command::new(compile::cc());
    cc.arg(&source).arg("-I").arg(prefix.join("include")).arg("-L").arg(prefix.join("lib")).arg("-luv");
    compile::run(cc.arg("-o").arg(&linked))?;
    let said = compile::output(Command::new(&uvring).args(["run", "--"]).arg(&linked).env_remove("UVRING_LIB_DIR"))?;
    assert!(said.starts_with("1.53.0 on uvring "), "{said}");
    compile::run(Command::new(&uvring).arg("demo").env_remove("UVRING_LIB_DIR").env_remove("UVRING_INCLUDE"))
}

/// cargo takes the command alone; what it needs stays where cargo has built it.
#[test]
fn the_command_of_cargo_install_finds_its_library() -> Result {
    let dir = work("cargo")?;
    let (source, linked) = (program(&dir)?, dir.join("linked"));
    let ours = library::ours()?;
    let mut cc = Command::new(compile::cc());
    cc.arg(&source).args(ours.includes.iter().map(|include| format!("-I{}", include.display()))).arg(ours.file());
    compile::run(cc.arg("-o").arg(&linked))?;
    let mut cargo = sources::cargo();
    cargo.args(["install", "--quiet", "--locked", "--path"]).arg(sources::project()).arg("--root").arg(&dir);
    cargo.arg("--target-dir").arg(sources::work_dir().join("cargo")).args(cfg!(debug_assertions).then_some("--debug"));
    compile::run(&mut cargo)?;
    let mut uvring = Command::new(dir.join("bin/uvring"));
    uvring.current_dir("/").env_remove("UVRING_LIB_DIR").args(["run", "--stats", "--"]).arg(&linked);
    // The figures come from the preload library.
    let output = uvring.output().map_err(|e| e.to_string())?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.starts_with("1.53.0 on uvring "), "{out}{err}");
    assert!(err.contains("what the loops of process"), "{err}");
    Ok(())
}

/// Its bindings are made from our header, and derive names from fields whose types have none.
#[test]
fn the_rust_crate_libuv_builds_on_it() -> Result {
    let pc = |prefix: &Path| prefix.join("lib/pkgconfig/libuv.pc");
    if !has("pkg-config") || !has("clang") {
        return Ok(());
    }
    let prefix = prefix("crate")?;
    // The crate wants the version of its own package, 1.53.1, which brings libuv 1.53.0.
    let text = sources::read(&pc(&prefix))?.replace("Version: 1.53.0", "Version: 1.53.1");
    fs::write(pc(&prefix), text).map_err(|e| e.to_string())?;
    let dir = work("crate-program")?;
    let manifest = "[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                    libuv = \"=2.15.0\"\nlibuv-sys2 = \"=1.53.1\"\n\n[workspace]\n";
    let source = r#"use libuv::TimerHandle;
use libuv::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut event_loop = Loop::default()?;
    let mut timer = event_loop.timer()?;
    timer.start(1, 0, |mut timer: TimerHandle| timer.close(()))?;
    event_loop.run(RunMode::Default)?;
    println!("{} on uvring {}", libuv::version_string(), libuv_sys2::UV_VERSION_MAJOR);
    Ok(())
}
"#;
    fs::create_dir(dir.join("src")).map_err(|e| e.to_string())?;
    fs::write(dir.join("Cargo.toml"), manifest).map_err(|e| e.to_string())?;
    fs::write(dir.join("src/main.rs"), source).map_err(|e| e.to_string())?;
    let target = sources::work_dir().join("install/crate-target");
    let mut cargo = sources::cargo();
    cargo.current_dir(&dir).args(["build", "--quiet", "--target-dir"]).arg(&target);
    compile::run(cargo.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")))?;
    let program = target.join("debug/program");
    let needed = compile::output(Command::new("readelf").arg("--dynamic").arg(&program))?;
    assert!(needed.contains("libuv.so.1"), "it has a libuv of its own: {needed}");
    let said = compile::output(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")))?;
    assert!(said.starts_with("1.53.0 on uvring "), "{said}");
    Ok(())
}
