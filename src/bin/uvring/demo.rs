//! `uvring demo`: compiles a C program against the headers, links it with the library and runs it.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::library::{self, SONAME};
use crate::workdir::WorkDir;
use crate::{FAILED, Failure, Result};

const PROGRAM: &str = include_str!("demo.c");

pub(crate) fn demo(no_ring: bool) -> Result<ExitCode> {
    let (include, folder) = (library::include()?, library::folder()?);
    let work = WorkDir::new()?;
    let program = compile(work.path(), &include, &folder)?;
    let mut command = Command::new(program);
    command.arg(work.path()).env("LD_LIBRARY_PATH", library::search_path("LD_LIBRARY_PATH", &folder));
    if no_ring {
        command.env("UV_USE_IO_URING", "0");
    }
    let status = command.status().map_err(|e| Failure::new(FAILED, format!("the demo does not start: {e}")))?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(ExitCode::SUCCESS),
        (Some(code), _) => Err(Failure::new(FAILED, format!("the demo ended with exit code {code}"))),
        // Nobody reads its output any more.
        (None, Some(libc::SIGPIPE)) => Ok(ExitCode::from(FAILED)),
        (None, signal) => Err(Failure::new(FAILED, format!("the demo was ended by signal {}", signal.unwrap_or(0)))),
    }
}

fn compile(work: &Path, include: &Path, folder: &Path) -> Result<PathBuf> {
    let (source, program) = (work.join("demo.c"), work.join("demo"));
    fs::write(&source, PROGRAM).map_err(|e| Failure::new(FAILED, format!("{}: {e}", source.display())))?;
    // CC may hold a launcher or flags, as in "ccache gcc".
    let cc = env::var("CC").ok().filter(|cc| !cc.trim().is_empty()).unwrap_or_else(|| "cc".into());
    let mut words = cc.split_whitespace();
    let compiler = words.next().unwrap_or("cc");
    let mut command = Command::new(compiler);
    command.args(words).args(["-std=c99", "-O2", "-Wall", "-Wextra", "-pthread", "-o"]).arg(&program);
    command.arg("-I").arg(include).arg(&source).arg(folder.join(SONAME));
    println!("$ {compiler} -std=c99 -I {} demo.c {}", include.display(), folder.join(SONAME).display());
    let output = command.output().map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Failure::new(
            FAILED,
            format!(
                "the demo is a C program, and there is no C compiler `{compiler}`.\n\
                 Install one (Debian, Ubuntu: apt install gcc libc6-dev), or name it in CC."
            ),
        ),
        _ => Failure::new(FAILED, format!("cannot start the C compiler `{compiler}`: {e}")),
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(FAILED, format!("the demo does not compile:\n{}", said.trim_end())));
    }
    Ok(program)
}
