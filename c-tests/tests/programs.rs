//! The commands of `docs/programs.md`, as they stand there, on an installation of our own. What is not installed is skipped, and so
//! is what has to be built from PyPI, unless `UVRING_PYPI=1` asks for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::{compile, library, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// By heading: what says in a shell that the program is there.
const THERE: &[(&str, &str)] = &[
    ("Node.js", "command -v node"),
    ("Neovim", "command -v nvim"),
    ("CMake", "command -v cmake"),
    ("BIND", "command -v named"),
    ("Lua, with luv", "lua5.1 -e 'require(\"luv\")'"),
    ("R, with the packages fs or httpuv of Debian", "Rscript -e 'library(fs)'"),
    ("Python, with Debian's uvloop", "/usr/bin/python3 -c 'import uvloop'"),
    ("Perl", "perl -MDynaLoader -e 1"),
    ("PHP", "php -r 'exit((int) !class_exists(\"FFI\"));'"),
    ("Python, with uvloop from PyPI", "test -n \"$UVRING_PYPI\" && python3 -m venv venv"),
];

/// The page's commands, each with the heading above it.
fn commands(page: &str) -> Vec<(String, String)> {
    let sections = page.split("\n## ").skip(1);
    let command = |section: &str| {
        let (_, rest) = section.split_once("```sh\n")?;
        Some((section.lines().next()?.to_string(), rest.split_once("\n```")?.0.to_string()))
    };
    sections.filter_map(command).collect()
}

/// A shell in `dir` that finds the programs of the virtual environment there, of the installation and of the system.
fn shell(dir: &Path, prefix: &Path, text: &str) -> Command {
    let mut command = Command::new("timeout");
    command.current_dir(dir).args(["--signal=KILL", "600", "sh", "-euc", text]).env_remove("LD_LIBRARY_PATH");
    let path = std::env::var("PATH").unwrap_or_default();
    let (venv, bin) = (dir.join("venv/bin"), prefix.join("bin"));
    command.env("PATH", format!("{}:{}:{path}:/usr/sbin:/sbin", venv.display(), bin.display()));
    command.env_remove("UVRING_LIB_DIR");
    command
}

fn installed(dir: &Path) -> Result<PathBuf> {
    let built = library::command()?.parent().ok_or("the command is in no folder")?;
    let prefix = dir.join("prefix");
    let mut install = Command::new("sh");
    install.arg(sources::project().join("install.sh")).arg(format!("--build={}", built.display()));
    compile::run(install.arg(format!("--prefix={}", prefix.display())))?;
    Ok(prefix)
}

#[test]
fn every_command_of_the_page_runs_on_ours() -> Result {
    let dir = sources::work_dir().join("programs");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let prefix = installed(&dir)?;
    let page = sources::read(&sources::project().join("docs/programs.md"))?;
    let found = commands(&page);
    assert_eq!(found.len(), page.matches("```sh").count(), "a section has one command");
    assert_eq!(found.len(), THERE.len(), "the page and this test have other programs");
    let mut failed = Vec::new();
    for (heading, command) in found {
        let (_, there) =
            THERE.iter().find(|(name, _)| *name == heading).ok_or(format!("{heading} is not known here"))?;
        if compile::run(&mut shell(&dir, &prefix, there)).is_err() {
            eprintln!("skipped: {heading} is not installed, or was not asked for");
            continue;
        }
        let command = command.replace("/opt/uvring", &prefix.display().to_string());
        let output = shell(&dir, &prefix, &command).output().map_err(|e| e.to_string())?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let ours = prefix.join("lib/libuv.so.1.0.0").display().to_string();
        let on_ours = ["libuv version: 1.53.0", "it finds ours first", &ours].iter().any(|sign| said.contains(sign));
        // The whole line, where the program says nothing else.
        if !output.status.success() || !on_ours && !said.lines().any(|line| line.trim() == "1.53.0") {
            failed.push(format!("{heading}\n{command}\n{said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
