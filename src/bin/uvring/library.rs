//! Where the library and its headers are.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::elf::Elf;
use crate::{Failure, NOT_READY, Result};

/// The name under which programs look for the library.
pub(crate) const SONAME: &str = "libuv.so.1";
/// What redirects the libuv that a program carries.
const PRELOAD: &str = "libuvring_preload.so";
const GET_ONE: &str = "`./install.sh` in uvring's source tree installs this command with all that it needs; \
                       UVRING_LIB_DIR names another folder";

/// The folder in which programs find our `libuv.so.1`: `UVRING_LIB_DIR`; where cargo built the library; or where it was
/// installed, beside the folder of this command; beside libuv it lies in `../lib/uvring`. `cargo install` takes the command
/// alone, and leaves the library where it was built.
pub(crate) fn folder() -> Result<PathBuf> {
    let exe = env::current_exe().map_err(|e| not_ready(format!("cannot tell where this command is: {e}")))?;
    let here = exe.parent().unwrap_or(Path::new("/"));
    // cargo's folder for a profile has `build/PACKAGE/out`.
    let source = Path::new(env!("OUT_DIR")).ancestors().nth(3).unwrap_or(Path::new("/"));
    let folders = match env::var_os("UVRING_LIB_DIR") {
        Some(dir) => vec![PathBuf::from(dir)],
        None => vec![
            built(here).unwrap_or(here.to_path_buf()),
            here.join("../lib"),
            here.join("../lib64"),
            here.join("../lib/uvring"),
            built(source).unwrap_or(source.to_path_buf()),
        ],
    };
    let ours = |file: &PathBuf| Elf::read(file).is_ok_and(|elf| elf.defines("uvring_version"));
    for folder in &folders {
        let Ok(folder) = folder.canonicalize() else { continue };
        if ours(&folder.join("libuv.so")) {
            name(&folder)?;
            return Ok(folder);
        }
        if ours(&folder.join(SONAME)) {
            return Ok(folder);
        }
    }
    let looked = folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
    Err(not_ready(format!("no library here: looked for {SONAME} and libuv.so in {looked}. {GET_ONE}")))
}

/// Of the two folders in which cargo leaves the library, the one with the newer: `cargo run` writes only to `deps`.
fn built(here: &Path) -> Option<PathBuf> {
    let folders = [here.join("deps"), here.to_path_buf()];
    let dated =
        folders.into_iter().filter_map(|dir| Some((dir.join("libuv.so").metadata().ok()?.modified().ok()?, dir)));
    dated.max_by_key(|(time, _)| *time).map(|(_, dir)| dir)
}

/// Gives `libuv.so` the name that programs look for, if nothing has it. Several commands may do so at once.
fn name(folder: &Path) -> Result {
    let link = folder.join(SONAME);
    if link.canonicalize().is_ok_and(|named| named == folder.join("libuv.so")) || installed(folder) {
        return Ok(());
    }
    let fresh = folder.join(format!(".{SONAME}.{}", std::process::id()));
    let made = symlink("libuv.so", &fresh).and_then(|()| fs::rename(&fresh, &link));
    made.map_err(|e| not_ready(format!("cannot make the link {}: {e}", link.display())))
}

/// True if `libuv.so` is itself the link, as an installation makes it.
fn installed(folder: &Path) -> bool {
    folder.join(SONAME).exists() && folder.join("libuv.so").is_symlink()
}

/// The library that `run` loads into programs, from the folder of `libuv.so.1`.
pub(crate) fn preload(folder: &Path) -> Result<PathBuf> {
    let file = folder.join(PRELOAD);
    // Of the folder that cargo fills when it builds one package, the other package's part is above.
    let candidates = [Some(file.clone()), folder.parent().map(|above| above.join(PRELOAD))];
    let found = candidates.into_iter().flatten().find(|file| file.exists());
    found.ok_or_else(|| not_ready(format!("there is no {}. {GET_ONE}", file.display())))
}

/// The folder with `uv.h` and `uvring.h`: `UVRING_INCLUDE`, the source tree's, or the installed one.
pub(crate) fn include() -> Result<PathBuf> {
    let installed = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../include")));
    let folders = match env::var_os("UVRING_INCLUDE") {
        Some(dir) => vec![PathBuf::from(dir)],
        None => {
            [Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("include")), installed].into_iter().flatten().collect()
        }
    };
    let found = folders.iter().find(|dir| dir.join("uvring.h").exists());
    let looked = || folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ");
    found
        .cloned()
        .ok_or_else(|| not_ready(format!("no uvring.h in {} (UVRING_INCLUDE names another folder)", looked())))
}

/// A search path with `first` in front of what the variable `name` holds.
pub(crate) fn search_path(name: &str, first: &Path) -> std::ffi::OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(rest) = env::var_os(name).filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

fn not_ready(text: String) -> Failure {
    Failure::new(NOT_READY, text)
}
