//! A folder of our own for as long as a command works, which is gone afterwards, also when the command is ended early.

use std::path::Path;
use std::process;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use tempfile::TempDir;

use crate::{FAILED, Failure, Result};

/// A folder, removed when this is dropped.
pub(crate) struct WorkDir(TempDir);

impl WorkDir {
    /// A new folder in the system's place for such, for this user only.
    pub(crate) fn new() -> Result<WorkDir> {
        WorkDir::new_in(&std::env::temp_dir())
    }

    /// The same in another folder.
    pub(crate) fn new_in(base: &Path) -> Result<WorkDir> {
        let cannot = |e| Failure::new(FAILED, format!("cannot make a folder in {}: {e}", base.display()));
        let dir = tempfile::Builder::new().prefix("uvring-").tempdir_in(base).map_err(cannot)?;
        remove_when_ended(dir.path().to_owned()).map_err(cannot)?;
        Ok(WorkDir(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Has a thread remove the folder when a signal asks the process to end, which then ends by that signal.
fn remove_when_ended(dir: std::path::PathBuf) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = std::fs::remove_dir_all(&dir);
            let _ = low_level::emulate_default_handler(signal);
            process::exit(i32::from(FAILED));
        }
    });
    Ok(())
}
