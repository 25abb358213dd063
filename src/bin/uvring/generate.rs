//! `uvring generate`: the command's manual pages and completions, as it is; called when it is installed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_complete::{Shell, generate_to};

use crate::{FAILED, Failure, Result};

/// Writes `uvring.1`, `uvring-run.1` and so on, and the completions of each shell, into a folder that is made if need be.
pub(crate) fn generate(mut command: Command, folder: &OsStr) -> Result<ExitCode> {
    let folder = Path::new(folder);
    let written = fs::create_dir_all(folder).and_then(|()| write(&mut command, folder));
    written.map_err(|e| Failure::new(FAILED, format!("cannot write to {}: {e}", folder.display())))?;
    Ok(ExitCode::SUCCESS)
}

fn write(command: &mut Command, folder: &Path) -> io::Result<()> {
    // Before the completions, which give each subcommand one called `help`.
    clap_mangen::generate_to(command.clone(), folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, command, "uvring", folder)?;
    }
    Ok(())
}
