//! Programs of Node.js, `preload/tests/js/*.js`, one subsystem each: what they print on the library has to be what they print
//! without it. `node::http::static-ring` is the trial of `http.js` on a Node.js with libuv inside, redirected; `…::shared-epoll` is that
//! on one that links `libuv.so.1`, by library path, on epoll.
//!
//! Where the two come from is told in `setups/mod.rs`. What a program is compared with is the same Node.js as it is; the one that links
//! libuv, with real libuv 1.53.0. One that is not there, or is of the other kind, is skipped.

mod setups;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use c_tests::again;
use c_tests::process::{self, Ended};
use c_tests::{compile, library, sources};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use parking_lot::Mutex;
use setups::{Node, On, Result, SETUPS, find, put_under};

const TIMEOUT: Duration = Duration::from_secs(90);

/// What a program printed and how it ended, on libuv; made once for all set-ups that are compared with it.
type Expected = Arc<Mutex<HashMap<(Node, String), Arc<OnceLock<Result<String>>>>>>;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let expected = Expected::default();
    let mut trials = Vec::new();
    for program in programs() {
        for (node, on, name) in SETUPS {
            let (expected, program) = (Arc::clone(&expected), program.clone());
            let name = format!("node::{program}::{name}");
            trials.push(Trial::ignorable_test(name.clone(), move || {
                again::twice_alone(&name, || trial(&expected, &program, node, on))
            }));
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}

fn folder() -> PathBuf {
    sources::project().join("preload/tests/js")
}

/// The names of the programs. `certificate.js` is a part of some.
fn programs() -> Vec<String> {
    let names = std::fs::read_dir(folder()).into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_stem()?.to_str()?.to_owned();
        (path.extension()? == "js" && name != "certificate").then_some(name)
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn trial(expected: &Expected, program: &str, node: Node, on: On) -> std::result::Result<Completion, Failed> {
    let file = match find(node) {
        Ok(file) => file,
        Err(why) => return Ok(Completion::ignored_with(why.clone())),
    };
    let key = (node, program.to_owned());
    let cell = Arc::clone(expected.lock().entry(key).or_default());
    let wanted = cell.get_or_init(|| run(file, program, node, On::Libuv)).clone()?;
    if let Some(why) = wanted.strip_prefix("SKIP ") {
        return Ok(Completion::ignored_with(why.lines().next().unwrap_or_default()));
    }
    if !wanted.ends_with("exit 0\n") {
        return Err(format!("it fails on libuv:\n{wanted}").into());
    }
    let said = run(file, program, node, on)?;
    if said == wanted {
        return Ok(Completion::Completed);
    }
    Err(format!("on libuv it says\n{wanted}\nand on ours\n{said}").into())
}

/// Runs a program in an empty folder and gives what it printed and how it ended.
fn run(file: &Path, program: &str, node: Node, on: On) -> Result<String> {
    let dir = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    let mut command = Command::new(file);
    command.arg(folder().join(program).with_extension("js")).current_dir(dir.path());
    put_under(&mut command, node, on)?;
    if program == "addon"
        && let Some(addon) = addon()?
    {
        command.env("UVRING_TEST_ADDON", addon);
    }
    let (ended, said) = process::output(&mut command, TIMEOUT).map_err(|e| format!("cannot run {command:?}: {e}"))?;
    let ended = if ended == Ended::Timeout { format!("{ended} after {TIMEOUT:?}") } else { ended.to_string() };
    Ok(format!("{said}{ended}\n"))
}

/// The add-on, compiled against the headers of the Node.js in the path; `None` without them. Compiled once: another trial may
/// have it loaded.
fn addon() -> Result<Option<PathBuf>> {
    static ADDON: OnceLock<Result<Option<PathBuf>>> = OnceLock::new();
    ADDON.get_or_init(compile_addon).clone()
}

fn compile_addon() -> Result<Option<PathBuf>> {
    let include = ["/usr/include/node", "/usr/local/include/node"].map(PathBuf::from);
    let Some(include) = include.into_iter().find(|dir| dir.join("node_api.h").exists() && dir.join("uv.h").exists())
    else {
        return Ok(None);
    };
    library::locked("addon", || {
        let file = sources::work_dir().join("addon.node");
        // Put in its place whole: another run of these tests may have the old one loaded.
        let fresh = file.with_extension("fresh");
        let mut cc = Command::new(compile::cc());
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&fresh).arg(format!("-I{}", include.display()));
        compile::run(cc.arg(folder().join("addon.c")))?;
        std::fs::rename(&fresh, &file).map_err(|e| format!("cannot rename {}: {e}", fresh.display()))?;
        Ok(Some(file))
    })
}
